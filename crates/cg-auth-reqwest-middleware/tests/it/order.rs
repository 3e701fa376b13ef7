//! Where the middleware stands among others.

use std::time::Duration;

use cg_auth_core::{TokenError, TokenErrorKind, testing::ScriptedTokenSource};
use reqwest_middleware::ClientBuilder;
use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};

use crate::{Setup, below, over_both_versions};

fn retry() -> RetryTransientMiddleware<ExponentialBackoff> {
    let policy = ExponentialBackoff::builder().retry_bounds(Duration::ZERO, Duration::from_millis(1));
    RetryTransientMiddleware::new_with_policy(policy.build_with_max_retries(3))
}

/// The token of each attempt, if the token expires after the first one, which the API answers with 503.
async fn tokens_of_attempts(setup: &Setup, retry_is_outside: bool) -> Vec<String> {
    setup.api.accept(&["two"]);
    setup.api.answer_next(503, &[]);
    let source = ScriptedTokenSource::new().issue("one").issue("two");
    let expires_after_an_attempt = below({
        let source = source.clone();
        move |request, extensions, next| {
            let answer = next.run(request, extensions);
            let source = source.clone();
            Box::pin(async move {
                let answer = answer.await;
                source.expire();
                answer
            })
        }
    });
    let builder = ClientBuilder::new(setup.builder().build().unwrap());
    let builder = if retry_is_outside {
        builder.with(retry()).with(setup.middleware(&source))
    } else {
        builder.with(setup.middleware(&source)).with(retry())
    };
    let client = builder.with_arc(expires_after_an_attempt).build();
    assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), 200);
    setup.api.tokens()
}

#[tokio::test]
async fn a_retry_outside_asks_for_a_token_at_each_attempt() {
    over_both_versions(async |setup| {
        assert_eq!(tokens_of_attempts(&setup, true).await, ["Bearer one", "Bearer two"]);
    })
    .await;
}

/// The wrong order: the second attempt carries a token that has expired, and costs a request more.
#[tokio::test]
async fn a_retry_inside_repeats_the_token_of_the_first_attempt() {
    over_both_versions(async |setup| {
        let tokens = tokens_of_attempts(&setup, false).await;
        assert_eq!(tokens, ["Bearer one", "Bearer one", "Bearer two"]);
    })
    .await;
}

#[tokio::test]
async fn a_retry_outside_multiplies_neither_refusals_nor_acquisitions() {
    over_both_versions(async |setup| {
        let source = ScriptedTokenSource::new().issue("one").issue("two").issue("three");
        let builder = || ClientBuilder::new(setup.builder().build().unwrap()).with(retry());
        let client = builder().with(setup.middleware(&source)).build();
        assert_eq!(client.get(setup.api.url("/")).send().await.unwrap().status(), 401);
        assert_eq!((setup.api.requests().len(), source.acquisitions()), (2, 2));

        let failing = ScriptedTokenSource::failing(TokenError::of_kind(TokenErrorKind::Call));
        let client = builder().with(setup.middleware(&failing)).build();
        assert!(client.get(setup.api.url("/")).send().await.unwrap_err().is_middleware());
        assert_eq!(failing.calls(), 1);
    })
    .await;
}
