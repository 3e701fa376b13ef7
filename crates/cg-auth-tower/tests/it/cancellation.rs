//! A future that is dropped at each of its waits.

use std::time::Duration;

use cg_auth_core::testing::ScriptedTokenSource;
use http::StatusCode;
use tower::{Layer, ServiceExt, limit::ConcurrencyLimitLayer};

use crate::api::{Api, layer, request, until};

/// How far a request gets before it is dropped.
#[derive(Debug, Clone, Copy)]
enum Wait {
    Token,
    FirstAnswer,
    FreshToken,
    Readiness,
    SecondAnswer,
}

#[tokio::test]
async fn a_request_that_is_dropped_at_any_wait_leaves_nothing_behind() {
    use Wait::{FirstAnswer, FreshToken, Readiness, SecondAnswer, Token};
    for wait in [Token, FirstAnswer, FreshToken, Readiness, SecondAnswer] {
        let api = Api::holding_back(&["two"]);
        let source = match wait {
            Token => ScriptedTokenSource::new().hold_back().issue("one").issue("two"),
            _ => ScriptedTokenSource::new().issue("one").hold_back().issue("two"),
        };
        let limited = ConcurrencyLimitLayer::new(1).layer(api.clone());
        let service = layer(source.clone()).layer(limited);
        let holders = api.holders();

        let dropped = tokio::spawn(service.clone().oneshot(request(())));
        let mut queued = None;
        match wait {
            Token => until(|| source.waiting() == 1).await,
            _ => until(|| api.in_flight() == 1).await,
        }
        if let FreshToken | Readiness | SecondAnswer = wait {
            // Another request waits for the one permit of the limit, and gets it before the second request.
            if let Readiness = wait {
                let other = http::Request::get("https://example.com").body(()).unwrap();
                queued = Some(tokio::spawn(service.clone().oneshot(other)));
                tokio::task::yield_now().await;
            }
            api.release(1);
            until(|| source.waiting() == 1).await;
        }
        if let Readiness | SecondAnswer = wait {
            source.release();
            until(|| api.tokens().len() == 2 && api.in_flight() == 1).await;
            tokio::task::yield_now().await;
        }
        dropped.abort();
        assert!(dropped.await.unwrap_err().is_cancelled(), "{wait:?}");
        if let Some(queued) = queued {
            api.release(1);
            queued.await.unwrap().unwrap();
        }
        assert_eq!(api.holders(), holders, "{wait:?}");
        assert_eq!((api.in_flight(), source.waiting()), (0, 0), "{wait:?}");

        // The permit is free, and the next caller gets a token.
        source.release();
        source.release();
        api.release(2);
        let next = tokio::time::timeout(Duration::from_secs(60), service.oneshot(request(())));
        assert_eq!(next.await.unwrap().unwrap().status(), StatusCode::OK, "{wait:?}");
    }
}
