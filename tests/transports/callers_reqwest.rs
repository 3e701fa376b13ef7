//! [`CallersReqwest`]: a client of the caller, whose options all break the contract.

use std::env;

use async_trait::async_trait;
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError, TransportErrorKind},
};
use cg_auth_emulator::Emulator;
use cg_auth_reqwest::ReqwestTransport;
use cg_auth_tests::{
    hang_guard::bounded,
    listener::{Listener, ok, while_serving},
};
use http::{Request, Response, StatusCode};
use reqwest::{
    Certificate, Client, ClientBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect, retry,
};

use super::{
    environment::run_test_in_environment,
    logs::{Log, secrets_of_calls},
    messages::assert_text_hides,
    proxies::proxy,
    subject::{Capabilities, Capability, Settings, Subject, UNUSED_AUTHORITY},
};

#[derive(Debug)]
pub(crate) struct CallersReqwest(ReqwestTransport);

#[async_trait]
impl HttpTransport for CallersReqwest {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        self.0.send(request).await
    }
}

impl Subject for CallersReqwest {
    const NAME: &str = "callers_client_of_reqwest";

    fn capabilities() -> Capabilities {
        use Capability::{Advice, ConnectTimeout, Http2, KeepsConnections, Tls};
        [Tls, Http2, KeepsConnections, ConnectTimeout, Advice].into()
    }

    fn with(settings: &Settings) -> Self {
        let mut builder = against_the_contract().connect_timeout(settings.connect_timeout);
        if settings.http2_prior_knowledge {
            builder = builder.http2_prior_knowledge();
        }
        let root = |pem: &str| [Certificate::from_pem(pem.as_bytes()).unwrap()];
        builder = match &settings.root_certificates {
            Some(pem) => builder.tls_certs_merge(root(pem)),
            None => builder.tls_certs_only(root(UNUSED_AUTHORITY.pem())),
        };
        Self(ReqwestTransport::from_builder(builder).unwrap().with_body_limit(settings.body_limit))
    }
}

/// A feature of reqwest that decompresses does so unless it is switched off.
fn against_the_contract() -> ClientBuilder {
    let with_every_retry =
        retry::for_host("127.0.0.1").no_budget().max_retries_per_request(5).classify_fn(|attempt| {
            match attempt.status() {
                Some(StatusCode::OK) => attempt.success(),
                _ => attempt.retryable(),
            }
        });
    Client::builder().redirect(redirect::Policy::limited(10)).retry(with_every_retry).referer(true).gzip(true)
}

#[test]
fn a_client_that_keeps_cookies_is_refused() {
    let refused = ReqwestTransport::from_builder(Client::builder().cookie_store(true)).unwrap_err();
    assert_eq!(refused.kind(), TransportErrorKind::Config);
    assert!(format!("{refused:?}").contains("cookies"));
}

#[test]
fn a_client_that_cannot_be_built_is_a_config_error() {
    let unreadable = Client::builder().user_agent("line\nbreak");
    let refused = ReqwestTransport::from_builder(unreadable).unwrap_err();
    assert_eq!(refused.kind(), TransportErrorKind::Config);
}

/// A resolver of the caller that leads every name to a multicast address for documentation (RFC 6676), to
/// which the operating system refuses a TCP connection at once.
#[derive(Debug)]
struct LyingResolver;

impl Resolve for LyingResolver {
    fn resolve(&self, _: Name) -> Resolving {
        let lie: Addrs = Box::new(std::iter::once(([233, 252, 0, 1], 0).into()));
        Box::pin(std::future::ready(Ok(lie)))
    }
}

#[tokio::test]
async fn localhost_is_this_machine_whatever_the_resolver_of_the_client_says() {
    bounded(async {
        let listener = Listener::bind().await;
        let client = Client::builder().dns_resolver(LyingResolver);
        let transport = ReqwestTransport::from_builder(client).unwrap();
        for host in ["localhost", "localhost."] {
            let call = transport.send(get(&format!("http://{host}:{}/", listener.address().port())));
            while_serving(call, listener.answer(ok(""))).await.unwrap();
        }
        let other = transport.send(get("http://service.example")).await.unwrap_err();
        assert_eq!(other.kind(), TransportErrorKind::Connect);
    })
    .await;
}

/// A program may have made the client verbose to debug its connections.
#[tokio::test]
async fn a_verbose_client_logs_no_secret() {
    bounded(async {
        let Some(log) =
            Log::of_a_process_for::<ReqwestTransport>("callers_reqwest::a_verbose_client_logs_no_secret")
                .await
        else {
            return;
        };
        for builder in [Emulator::builder(), Emulator::builder().tls()] {
            let emulator = builder.start().await.unwrap();
            let roots = emulator.ca_pem().map(|pem| Certificate::from_pem(pem.as_bytes()).unwrap());
            let client = Client::builder().connection_verbose(true).tls_certs_merge(roots);
            let transport = ReqwestTransport::from_builder(client).unwrap();
            assert_text_hides(&log.text(), &secrets_of_calls(&emulator, transport).await);
        }
        assert!(log.text().contains("reqwest::"), "nothing is logged: {}", log.text());
    })
    .await;
}

#[tokio::test]
async fn only_the_proxy_of_the_client_is_used() {
    const OWN: &str = "CG_AUTH_TESTS_OWN_PROXY";
    const URLS: [&str; 2] = ["http://service.example/", "https://service.example/"];
    bounded(async {
        if let Ok(own) = env::var(OWN) {
            let own = Client::builder().proxy(reqwest::Proxy::all(own).unwrap());
            let [with_own, with_none] =
                [own, Client::builder()].map(|builder| ReqwestTransport::from_builder(builder).unwrap());
            for url in URLS {
                let _refused = with_own.send(get(url)).await;
                assert_eq!(with_none.send(get(url)).await.unwrap_err().kind(), TransportErrorKind::Connect);
            }
            let loopback = Listener::bind().await;
            let sent = with_none.send(get(loopback.base_url().as_str()));
            while_serving(sent, loopback.answer(ok(""))).await.unwrap();
            return;
        }
        let (mut own, mut environments) = (proxy().start().await, proxy().start().await);
        let (own_url, url) = (own.url(), environments.url());
        let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let variables: Vec<_> =
            names.map(|name| (name, &*url)).into_iter().chain([(OWN, &*own_url)]).collect();
        let test = "callers_reqwest::only_the_proxy_of_the_client_is_used";
        run_test_in_environment(test, &variables).await;
        let seen = ["GET http://service.example/ no 502", "CONNECT service.example:443 no 502"];
        assert_eq!(own.seen().await, seen);
        assert!(environments.seen().await.is_empty(), "{:?}", environments.seen().await);
    })
    .await;
}

fn get(url: &str) -> Request<Body> {
    Request::get(url).body(Body::empty()).unwrap()
}
