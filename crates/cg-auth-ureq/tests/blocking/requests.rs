//! `authorized`: the program's own request, which blocks, and its replay.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cg_auth_core::{TokenError, body::Body, token::is_unauthorized};
use cg_auth_emulator::Operation::{GetDelegateAccessToken, ProtectedResource, RefreshUserAccessToken};
use http::{Response, StatusCode};

use super::{call, provider, service};

fn refused(response: &Response<Body>) -> bool {
    is_unauthorized(response.status(), response.headers())
}

#[test]
fn a_request_is_made_once_with_a_good_token() {
    let service = service();
    let response = provider(&service).authorized(refused, |header| call(&service, header)).unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(service.count(ProtectedResource), 1);
}

#[test]
fn a_request_with_a_refused_token_is_made_once_more_with_a_new_one() {
    let service = service();
    let provider = provider(&service);
    provider.token().unwrap();
    service.revoke_all();
    let mut calls = 0;
    let response = provider.authorized(refused, |header| {
        calls += 1;
        call(&service, header)
    });
    assert_eq!(response.unwrap().status(), StatusCode::OK);
    assert_eq!((calls, service.count(ProtectedResource)), (2, 2));
    assert_eq!(provider.state().failures, 0);
}

#[test]
fn a_second_refusal_goes_to_the_caller() {
    let service = service();
    let _refusals = service.next(ProtectedResource).times(2).refuse(401);
    let response = provider(&service).authorized(refused, |header| call(&service, header)).unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(service.count(ProtectedResource), 2);
}

#[test]
fn without_a_token_the_request_is_not_made() {
    let service = service();
    let _down = service.next(GetDelegateAccessToken).times(9).refuse(400);
    let made = provider(&service).authorized(refused, |_| -> Result<_, TokenError> { unreachable!() });
    assert!(made.is_err());
}

#[test]
fn an_error_of_the_request_goes_to_the_caller_as_it_is() {
    #[derive(Debug, PartialEq)]
    enum Error {
        Token,
        Own,
    }
    impl From<TokenError> for Error {
        fn from(_: TokenError) -> Self {
            Self::Token
        }
    }
    let service = service();
    let result = provider(&service).authorized(|()| false, |_| Err(Error::Own));
    assert_eq!(result, Err(Error::Own));
    let shut_down = provider(&service);
    shut_down.shutdown();
    assert_eq!(shut_down.authorized(|()| false, |_| Ok(())), Err(Error::Token));
}

#[test]
fn a_request_may_use_the_provider_itself() {
    let service = service();
    let provider = provider(&service);
    let response = provider.authorized(refused, |_| call(&service, provider.authorization()?)).unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[test]
fn a_request_that_panics_harms_no_later_one() {
    let service = service();
    let provider = provider(&service);
    let panics = || provider.authorized(refused, |_| -> Result<_, TokenError> { panic!("as expected") });
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| provider.with_token(|_| panic!("as expected")))).is_err());
    let response = provider.authorized(refused, |header| call(&service, header)).unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(service.count(RefreshUserAccessToken), 0);
}
