//! Contract rule 9: no secret in the logs of the HTTP libraries, even at the most verbose level.

use std::{
    env, io,
    sync::{Arc, Mutex},
};

use cg_auth_core::{AuthClient, BaseUrl, transport::HttpTransport};
use cg_auth_emulator::Emulator;
use cg_auth_tests::{
    http2::{GOAWAY, Http2},
    listener::{Listener, TOKEN, ok, while_serving},
};
use macro_rules_attribute::apply;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use super::{
    environment::{run_test_in_environment, test_of},
    http2::call,
    messages::assert_text_hides,
    proxies::{LOGIN, base_url, proxied, proxy, proxy_to, service, through},
    subject::{Configurable, UreqTransport, client_over, credential},
};

#[apply(own_transports)]
async fn no_secret_is_logged<T: Configurable>() {
    let test = test_of::<T>(module_path!(), "no_secret_is_logged");
    let Some(log) = Log::of_a_process_for::<T>(&test).await else { return };
    for builder in [Emulator::builder(), Emulator::builder().tls()] {
        let emulator = builder.start().await.unwrap();
        let transport = emulator.ca_pem().map_or_else(T::default, T::trusting);
        assert_text_hides(&log.text(), &secrets_of_calls(&emulator, transport).await);
    }
    assert!(log.text().contains(T::LOG.1), "nothing is logged: {}", log.text());
}

#[apply(own_transports)]
async fn no_secret_is_logged_on_the_way_through_a_proxy<T: Configurable>() {
    let test = test_of::<T>(module_path!(), "no_secret_is_logged_on_the_way_through_a_proxy");
    let Some(log) = Log::of_a_process_for::<T>(&test).await else { return };
    let service = service().await;
    let proxy_of_tunnels = proxy_to(&service).credentials("user", "hunter2@").start().await;
    let tunnelled = through::<T>(&proxy_of_tunnels.url_with("user", "hunter2%40"), &service);
    assert_keeps_quiet(&log, client_over(base_url(), tunnelled), &service).await;

    let service = Listener::bind().await;
    let route = proxy().route("service.example:80", service.address());
    let proxy = route.credentials("user", "hunter2@").start().await;
    let handed_over = proxied::<T>(&proxy.url_with("user", "hunter2%40"));
    let base_url = BaseUrl::parse_allowing_http("http://service.example").unwrap();
    assert_keeps_quiet(&log, client_over(base_url, handed_over), &service).await;
}

/// At `trace` ureq writes out what it sends and receives, and its transport's README names the filter.
#[test]
fn the_log_that_holds_no_secret_over_ureq_is_the_documented_one() {
    let readme = include_str!("../../crates/cg-auth-ureq/README.md");
    assert!(readme.lines().any(|line| line == UreqTransport::LOG.0));
}

/// The READMEs of the transports name the filter. Without it h2 logs the text.
#[apply(own_transports_with_http2)]
async fn the_documented_filter_keeps_the_debug_data_of_a_goaway_out_of_the_log<T: Configurable>() {
    let test =
        test_of::<T>(module_path!(), "the_documented_filter_keeps_the_debug_data_of_a_goaway_out_of_the_log");
    let readme = match <T as Configurable>::NAME {
        "hyper" => include_str!("../../crates/cg-auth-hyper/README.md"),
        _ => include_str!("../../crates/cg-auth-reqwest/README.md"),
    };
    let filter = readme.lines().find(|line| line.starts_with("debug,h2=info")).expect("a filter");
    let filter = filter.parse::<Targets>().unwrap();
    let Some(log) = Log::with_filter(&test, filter).await else { return };
    let result = call::<T>(async |mut http2: Http2, _| {
        let protocol_error = 1_u32.to_be_bytes();
        http2.write(GOAWAY, 0, 0, &[&[0; 4], &protocol_error, b"canary".as_slice()].concat()).await;
        http2.read_to_the_end().await;
    })
    .await;
    result.unwrap_err();
    tracing::debug!(target: "cg_auth", "the log is on");
    assert!(log.text().contains("the log is on"), "nothing is logged: {}", log.text());
    assert!(!log.text().contains("canary"), "{}", log.text());
}

async fn assert_keeps_quiet(log: &Log, client: AuthClient, service: &Listener) {
    let (credential, [access, refresh]) = (credential(), ["canary-access", "canary-refresh"]);
    let answer = ok(&TOKEN.replace("at-1", access).replace("rt-1", refresh));
    let call = client.get_delegate_access_token(&credential);
    while_serving(call, service.answer(answer)).await.unwrap();
    let secrets = [credential.client_secret().expose_secret(), access, refresh];
    assert_text_hides(&log.text(), &[secrets.as_slice(), &LOGIN].concat());
}

/// Calls each operation of the service over `transport`. Returns the secrets that were sent and received.
pub(crate) async fn secrets_of_calls(
    emulator: &Emulator,
    transport: impl HttpTransport + 'static,
) -> Vec<String> {
    let (client, credential) = (client_over(emulator.base_url().clone(), transport), emulator.credential());
    let mut secrets = vec![credential.client_secret().expose_secret().to_owned()];
    let first = client.get_delegate_access_token(credential).await.unwrap().value;
    let second = client.refresh_user_access_token(credential, first.refresh_token().unwrap()).await;
    for token in [first, second.unwrap().value] {
        secrets.push(token.access_token().expose_secret().to_owned());
        secrets.push(token.refresh_token().unwrap().expose_secret().to_owned());
    }
    client.delete_token_cache(credential).await.unwrap();
    secrets
}

/// Everything that is logged in this process.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Runs `test` again in a process of its own, and returns the log there. Returns `None` in the first
    /// process once the second one has ended.
    pub(crate) async fn of_a_process_for<T: Configurable>(test: &str) -> Option<Self> {
        Self::with_filter(test, T::LOG.0.parse().unwrap()).await
    }

    /// The same, of what `filter` lets through.
    async fn with_filter(test: &str, filter: Targets) -> Option<Self> {
        const MARK: &str = "CG_AUTH_TESTS_LOG";
        if env::var_os(MARK).is_none() {
            run_test_in_environment(test, &[(MARK, "1")]).await;
            return None;
        }
        let log = Self::default();
        let written = log.clone();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || written.clone());
        tracing_subscriber::registry().with(lines.with_filter(filter)).init();
        Some(log)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
