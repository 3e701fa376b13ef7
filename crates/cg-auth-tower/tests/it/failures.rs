//! What the caller gets if there is no token, or if the inner service fails.

use std::{
    fmt, io,
    sync::atomic::{AtomicUsize, Ordering},
};

use cg_auth_core::testing::ScriptedTokenSource;
use cg_auth_tower::{TokenError, TokenErrorKind};
use http::{Request, Response, StatusCode};
use tower::{Layer, ServiceExt, service_fn};

use crate::api::{Api, authorized, layer, refusal, request, send};

#[tokio::test]
async fn without_a_token_no_request_is_made_and_the_error_is_the_sources() {
    for kind in [TokenErrorKind::Call, TokenErrorKind::Secret, TokenErrorKind::ShutDown] {
        let (api, source) = (Api::accepting(&[]), ScriptedTokenSource::failing(TokenError::of_kind(kind)));
        let error = send(&mut authorized(&api, &source), request(())).await.unwrap_err();
        assert_eq!(error.downcast_ref::<TokenError>().unwrap().kind(), kind);
        assert!(api.tokens().is_empty());
    }
}

#[tokio::test]
async fn without_a_second_token_the_first_answer_goes_back_with_the_error() {
    let api = Api::answering(&[], refusal(StatusCode::UNAUTHORIZED, &[("x-id", "7")]));
    let source = ScriptedTokenSource::new().issue("one").fail(TokenError::of_kind(TokenErrorKind::Call));
    let answer = send(&mut authorized(&api, &source), request(())).await.unwrap();
    assert_eq!((answer.status(), *answer.body()), (StatusCode::UNAUTHORIZED, 1));
    assert_eq!(answer.headers()["x-id"], "7");
    assert_eq!(answer.extensions().get::<TokenError>().unwrap().kind(), TokenErrorKind::Call);
    assert_eq!(api.tokens(), ["one"]);
}

#[tokio::test]
async fn an_error_of_the_inner_service_goes_back_as_it_is() {
    let count = AtomicUsize::new(0);
    let source = ScriptedTokenSource::new().issue("one").issue("two");
    let service = service_fn(|_: Request<()>| {
        let count = count.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            // The second and the third request fail: one sent again, and one sent for the first time.
            if count == 1 { Ok(refusal(StatusCode::UNAUTHORIZED, &[])) } else { Err(Broken(count)) }
        }
    });
    let service = layer(source.clone()).layer(service);
    for failed in [2, 3] {
        let error = service.clone().oneshot(request(())).await.unwrap_err();
        assert_eq!(error.downcast_ref::<Broken>().unwrap().0, failed);
    }
    assert_eq!(source.invalidated().len(), 1, "an error refuses no token");
}

#[tokio::test]
async fn a_boxed_error_of_the_inner_service_is_not_boxed_again() {
    let service = service_fn(async |_: Request<()>| {
        Err::<Response<()>, tower::BoxError>(io::Error::other("broken").into())
    });
    let service = layer(ScriptedTokenSource::fixed("one")).layer(service);
    assert!(service.oneshot(request(())).await.unwrap_err().is::<io::Error>());
}

#[derive(Debug)]
struct Broken(usize);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {} failed", self.0)
    }
}

impl std::error::Error for Broken {}
