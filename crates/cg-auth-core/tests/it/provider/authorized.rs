//! `authorized`: a request that is made once more if the service refuses its token.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use cg_auth_core::{
    TokenError, TokenErrorKind, TokenProvider, TokenSource,
    testing::ScriptedTransport,
    token::{authorized, is_unauthorized},
};
use http::{HeaderMap, HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
use tokio::{sync::Barrier, task::JoinSet};

use super::{everywhere, issue, outage, provider};

/// A service that accepts some tokens and counts requests.
#[derive(Debug, Clone, Default)]
struct Service {
    accepted: &'static [&'static str],
    requests: Arc<Mutex<HashMap<String, usize>>>,
}

impl Service {
    fn accepting(accepted: &'static [&'static str]) -> Self {
        Self { accepted, ..Self::default() }
    }

    fn serve(&self, authorization: &HeaderValue) -> StatusCode {
        let text = authorization.to_str().unwrap().to_owned();
        let is_accepted = self.accepted.contains(&text.as_str());
        *self.requests.lock().unwrap().entry(text).or_default() += 1;
        if is_accepted { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    }

    fn requests_with(&self, token: &str) -> usize {
        self.requests.lock().unwrap().get(&format!("Bearer {token}")).copied().unwrap_or_default()
    }

    async fn called_by(&self, provider: &TokenProvider) -> Result<StatusCode, TokenError> {
        let refused = |status: &StatusCode| is_unauthorized(*status, &HeaderMap::new());
        provider.authorized(refused, async |value| Ok(self.serve(&value))).await
    }
}

#[test]
fn a_request_with_a_valid_token_is_made_once() {
    everywhere(async |tasks| {
        let (provider, _clock) = provider(ScriptedTransport::new().answer(issue(1)), tasks);
        let service = Service::accepting(&["Bearer token-1"]);
        assert_eq!(service.called_by(&provider).await.unwrap(), StatusCode::OK);
        assert_eq!(service.requests_with("token-1"), 1);
    });
}

#[test]
fn a_request_with_a_refused_token_is_made_once_more_with_a_new_token() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, _clock) = provider(script, tasks);
        let service = Service::accepting(&["Bearer token-2"]);
        assert_eq!(service.called_by(&provider).await.unwrap(), StatusCode::OK);
        assert_eq!((service.requests_with("token-1"), service.requests_with("token-2")), (1, 1));
    });
}

#[test]
fn a_service_that_refuses_every_token_causes_no_storm() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2)).answer(issue(3));
        let (provider, clock) = provider(script.clone(), tasks);
        let service = Service::accepting(&[]);
        for _ in 0..100 {
            assert_eq!(service.called_by(&provider).await.unwrap(), StatusCode::UNAUTHORIZED);
        }
        assert_eq!(script.requests().len(), 2, "the new token is not invalidated at once");
        assert_eq!((service.requests_with("token-1"), service.requests_with("token-2")), (1, 100));
        clock.advance(std::time::Duration::from_secs(1));
        assert_eq!(service.called_by(&provider).await.unwrap(), StatusCode::UNAUTHORIZED);
        assert_eq!(service.requests_with("token-3"), 1, "later a report counts");
    });
}

#[test]
fn a_token_that_is_issued_again_is_not_tried_again() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(1));
        let (provider, _clock) = provider(script.clone(), tasks);
        let service = Service::accepting(&[]);
        for calls in 1..=3 {
            assert_eq!(service.called_by(&provider).await.unwrap(), StatusCode::UNAUTHORIZED);
            assert_eq!(service.requests_with("token-1"), calls);
        }
        assert_eq!(script.requests().len(), 2);
    });
}

#[test]
fn the_error_says_why_there_is_no_new_token() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(outage());
        let (provider, _clock) = provider(script, tasks);
        let service = Service::accepting(&[]);
        let error = service.called_by(&provider).await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::Call);
        assert_eq!(service.requests_with("token-1"), 1);
    });
}

#[test]
fn a_call_that_fails_is_not_repeated_and_its_error_is_returned() {
    everywhere(async |tasks| {
        #[derive(Debug, PartialEq)]
        struct Broken;
        impl From<TokenError> for Broken {
            fn from(_: TokenError) -> Self {
                unreachable!("there is a token")
            }
        }
        let (provider, _clock) = provider(ScriptedTransport::new().answer(issue(1)), tasks);
        let result: Result<(), _> = provider.authorized(|()| true, async |_| Err(Broken)).await;
        assert_eq!(result, Err(Broken));
        assert!(provider.peek().is_some());
    });
}

#[test]
fn many_refused_calls_at_once_cause_one_acquisition_and_one_more_request_each() {
    const MANY: usize = 10_000;
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, _clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        let service = Service::accepting(&["Bearer token-2"]);
        let all_callers = Arc::new(Barrier::new(MANY));
        let mut callers = JoinSet::new();
        for _ in 0..MANY {
            let (provider, service, all_callers) =
                (provider.clone(), service.clone(), Arc::clone(&all_callers));
            callers.spawn(async move {
                let call = |value: HeaderValue| {
                    let status = service.serve(&value);
                    let all_callers = (status == StatusCode::UNAUTHORIZED).then_some(&all_callers);
                    async move {
                        if let Some(all_callers) = all_callers {
                            all_callers.wait().await;
                        }
                        Ok::<_, TokenError>(status)
                    }
                };
                provider.authorized(|status| *status == StatusCode::UNAUTHORIZED, call).await
            });
        }
        let answers = callers.join_all().await;
        assert!(answers.into_iter().all(|answer| answer.unwrap() == StatusCode::OK));
        assert_eq!(script.requests().len(), 2);
        assert_eq!((service.requests_with("token-1"), service.requests_with("token-2")), (MANY, MANY));
    });
}

#[test]
fn a_token_with_insufficient_scope_is_not_refused() {
    let headers = |values: &[&str]| {
        let values = values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap()));
        values.collect::<HeaderMap>()
    };
    for (status, values, expected) in [
        (401, &[][..], true),
        (401, &[r#"Bearer error="invalid_token""#], true),
        (401, &[r#"Bearer error="insufficient_scope""#], false),
        (401, &["Negotiate", r#"Bearer realm="x", error="INSUFFICIENT_SCOPE""#], false),
        (403, &[], false),
        (407, &[], false),
        (500, &[], false),
        (200, &[], false),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(is_unauthorized(status, &headers(values)), expected, "{status} {values:?}");
    }
}

#[test]
fn refused_tokens_of_any_source_are_replaced() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let source: Arc<dyn TokenSource> = Arc::new(provider(script.clone(), tasks).0);
        let service = Service::accepting(&["Bearer token-2"]);
        let refused = |status: &StatusCode| is_unauthorized(*status, &HeaderMap::new());
        let call = async |value: HeaderValue| Ok::<_, TokenError>(service.serve(&value));
        assert_eq!(authorized(&*source, refused, call).await.unwrap(), StatusCode::OK);
        assert_eq!(authorized(&source, refused, call).await.unwrap(), StatusCode::OK);
        assert_eq!((service.requests_with("token-1"), service.requests_with("token-2")), (1, 2));
        assert_eq!(script.requests().len(), 2);
    });
}

/// A closure that changes what it captured, within a task that is spawned: an `AsyncFnMut` whose future
/// borrows from the closure would not be `Send` for every lifetime, so that `spawn` would refuse it.
#[test]
fn a_spawned_task_calls_with_a_closure_that_borrows_and_counts() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, _clock) = provider(script, tasks);
        let service = Service::accepting(&["Bearer token-2"]);
        let source: Arc<dyn TokenSource> = Arc::new(provider.clone());
        let own = tokio::spawn(async move {
            let (mut calls, mut sent) = (0, Vec::new());
            let body = String::from("a body of the task");
            let call = |value: HeaderValue| {
                calls += 1;
                sent.push(value.clone());
                let (service, body, number) = (&service, &body, calls);
                async move {
                    tokio::task::yield_now().await;
                    assert_eq!(body, "a body of the task");
                    Ok::<_, TokenError>((service.serve(&value), number))
                }
            };
            let refused = |(status, _): &(StatusCode, u32)| *status == StatusCode::UNAUTHORIZED;
            let answer = provider.authorized(refused, call).await.unwrap();
            assert!(sent.iter().all(HeaderValue::is_sensitive));
            (answer, calls, sent.len())
        });
        assert_eq!(own.await.unwrap(), ((StatusCode::OK, 2), 2, 2));
        let free = tokio::spawn(async move {
            let mut calls = 0;
            let call = |_| {
                calls += 1;
                async { Ok::<_, TokenError>(()) }
            };
            authorized(&*source, |()| false, call).await.unwrap();
            calls
        });
        assert_eq!(free.await.unwrap(), 1);
    });
}
