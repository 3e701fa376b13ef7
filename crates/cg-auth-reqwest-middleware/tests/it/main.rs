//! The middleware over real sockets: against an API of the test's own, and against the emulator.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic in a test helper is a test failure

mod api;
mod emulator;
mod headers;
mod order;
mod redirects;
mod refusals;

use std::{sync::Arc, time::Duration};

use cg_auth_core::{testing::ScriptedTokenSource, time::BoxFuture};
use cg_auth_reqwest_middleware::AuthorizationMiddleware;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use self::api::Api;

/// Runs `test` over HTTP/1.1 and over HTTP/2.
async fn over_both_versions(test: impl AsyncFn(Setup)) {
    for http2 in [false, true] {
        let setup = Setup { api: Api::start().await, http2 };
        let bound = Duration::from_secs(60);
        tokio::time::timeout(bound, test(setup)).await.expect("the test hangs");
    }
}

/// An API, and the version of HTTP in which a client calls it.
struct Setup {
    api: Api,
    http2: bool,
}

impl Setup {
    /// A builder for a client that speaks the version of HTTP.
    fn builder(&self) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder().no_proxy();
        if self.http2 { builder.http2_prior_knowledge() } else { builder.http1_only() }
    }

    fn middleware(&self, source: &ScriptedTokenSource) -> AuthorizationMiddleware {
        AuthorizationMiddleware::new(source.clone(), self.api.origin())
    }

    /// A client that calls the API with tokens of `source`.
    fn client(&self, source: &ScriptedTokenSource) -> ClientWithMiddleware {
        self.client_with(self.middleware(source))
    }

    fn client_with(&self, middleware: AuthorizationMiddleware) -> ClientWithMiddleware {
        ClientBuilder::new(self.builder().build().unwrap()).with(middleware).build()
    }
}

/// A middleware made of a function, below the one under test.
fn below<F>(act: F) -> Arc<dyn reqwest_middleware::Middleware>
where
    F: for<'a> Fn(
            reqwest::Request,
            &'a mut http::Extensions,
            reqwest_middleware::Next<'a>,
        ) -> BoxFuture<'a, reqwest_middleware::Result<reqwest::Response>>
        + Send
        + Sync
        + 'static,
{
    Arc::new(act)
}

#[test]
fn the_types_are_send_and_sync_and_their_debug_output_shows_no_token() {
    fn check<T: Send + Sync + Clone + std::fmt::Debug>(value: &T) -> String {
        format!("{value:?}")
    }
    let origin = cg_auth_reqwest_middleware::Origin::parse("https://api.example.com").unwrap();
    let source = ScriptedTokenSource::fixed("canary");
    let middleware = AuthorizationMiddleware::new(source, origin.clone());
    assert_eq!(
        check(&middleware),
        r#"AuthorizationMiddleware { origins: ["https://api.example.com"], header_name: "authorization", .. }"#
    );
    let confined = cg_auth_reqwest_middleware::ConfinedClient::new(reqwest::Client::builder(), origin);
    assert!(check(&confined.unwrap()).contains("api.example.com"));
}
