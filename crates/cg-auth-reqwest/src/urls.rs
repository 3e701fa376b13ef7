//! [`Urls`]: the URLs of the last requests as reqwest wants them.

use std::sync::{Arc, Mutex, PoisonError};

use cg_auth_core::transport::TransportError;
use http::Uri;
use reqwest::Url;

/// Parses the URL of a request, and keeps the last few: a program calls the same operations again and again.
#[derive(Clone, Default)]
pub(crate) struct Urls {
    parsed: Arc<Mutex<Vec<(Uri, Url)>>>,
}

impl Urls {
    /// `uri` as a URL. reqwest normalises what it parses; a target that would change on the way is refused.
    pub(crate) fn parse(&self, uri: &Uri) -> Result<Url, TransportError> {
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, url)) = parsed.iter().find(|(known, _)| known == uri) {
            return Ok(url.clone());
        }
        let url = parse(uri)?;
        if parsed.len() == MOST_URLS {
            parsed.remove(0);
        }
        parsed.push((uri.clone(), url.clone()));
        Ok(url)
    }
}

fn parse(uri: &Uri) -> Result<Url, TransportError> {
    let url = Url::parse(&uri.to_string()).map_err(TransportError::config)?;
    let host = uri.host().map(str::to_ascii_lowercase);
    if (url.host_str(), url.path(), url.query()) != (host.as_deref(), uri.path(), uri.query()) {
        return Err(TransportError::config("reqwest would change the target of this request"));
    }
    Ok(url)
}

/// A service has three operations.
const MOST_URLS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn each_uri_has_its_own_url_whichever_came_before() {
        let urls = Urls::default();
        let hosts = ["a.example", "b.example:8443", "[::1]:8080"];
        let targets = ["/auth/token/delegate", "/auth/token/refresh", "/", "/?a=b", "/%41?a=%2F"];
        for _ in 0..2 {
            for host in hosts {
                for target in targets {
                    for scheme in ["http", "https"] {
                        let text = format!("{scheme}://{host}{target}");
                        assert_eq!(urls.parse(&uri(&text)).unwrap().as_str(), text);
                    }
                }
            }
        }
        assert_eq!(urls.parsed.lock().unwrap().len(), MOST_URLS);
    }

    #[test]
    fn a_path_whose_case_differs_is_another_url() {
        let urls = Urls::default();
        for text in ["https://a.example/Tenant", "https://a.example/tenant"] {
            assert_eq!(urls.parse(&uri(text)).unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_target_that_reqwest_would_change_is_refused_each_time() {
        let urls = Urls::default();
        for _ in 0..2 {
            for text in ["https://a.example/x/../y", "https://a.example/%2e%2e/y"] {
                assert!(urls.parse(&uri(text)).is_err(), "{text}");
            }
        }
        assert!(urls.parsed.lock().unwrap().is_empty());
    }
}
