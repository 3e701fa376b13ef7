//! Which parts of a request a program may change, and which traits every public type implements.

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, CallError, CallErrorKind, ClientSecret, ConfigError, Recovery,
    UserPrincipalName,
    body::{Body, BodyCollector, BodyTooLarge},
    endpoint::{
        Answer, DeleteTokenCache, Endpoint, EndpointError, GetDelegateAccessToken, ProtocolError,
        RefreshUserAccessToken, RequestOptions,
    },
    model::{
        AccessToken, ApiError, DelegatedAccessToken, DelegatedAccessTokenApiResult,
        DelegatedAccessTokenApiResultValue, Environment, JsonContract, JsonError, RefreshToken, Wire,
    },
    testing::{ManualClock, ScriptedTransport},
    time::{Now, Runtime},
    token::{DurationUnit, Expiry, ExpirySource},
    transport::{HttpTransport, TransportError, TransportErrorKind},
};
use http::{HeaderName, HeaderValue};

use crate::support::{
    SECRET, SUCCESS, USER, base, credential, delegate, delete, header_text, refresh, response,
};

const RESERVED: [&str; 17] = [
    "clientSecret",
    "userPrincipalName",
    "refresh_token",
    "X-CLOUD-GOVERNANCE-JSONCONTRACT",
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

#[test]
fn options_apply_to_every_request() {
    let mut key = HeaderValue::from_static("gateway-key");
    key.set_sensitive(true);
    let options = RequestOptions::new()
        .with_user_agent("my-app/1.0 (x; y)")
        .unwrap()
        .with_json_contract(JsonContract::PascalCase)
        .with_header(HeaderName::from_static("x-gateway-key"), HeaderValue::from_static("replaced"))
        .unwrap()
        .with_header(HeaderName::from_static("x-gateway-key"), key)
        .unwrap();
    let transport =
        (0..3).fold(ScriptedTransport::new(), |script, _| script.answer(response(200, &[], SUCCESS)));
    let client =
        AuthClient::with_runtime(base(), transport.clone(), ManualClock::new()).with_options(options);
    let token = RefreshToken::new("r").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        client.get_delegate_access_token(&credential()).await.unwrap();
        client.refresh_user_access_token(&credential(), &token).await.unwrap();
        client.delete_token_cache(&credential()).await.unwrap();
    });
    for request in transport.requests() {
        let headers = request.headers();
        assert_eq!(header_text(headers, "user-agent"), Some("my-app/1.0 (x; y)"));
        assert_eq!(header_text(headers, "x-gateway-key"), Some("gateway-key"));
        assert!(headers["x-gateway-key"].is_sensitive());
        assert_eq!(header_text(headers, "x-cloud-governance-jsoncontract"), Some("PascalCase"));
        assert!(headers.keys().all(|name| headers.get_all(name).iter().count() == 1));
        assert!(request.body().is_empty() || request.body().as_bytes().starts_with(br#"{"ClientSecret":"#));
    }
}

#[test]
fn a_header_that_the_client_sets_itself_cannot_be_added() {
    for name in RESERVED {
        for spelling in [name.to_owned(), name.to_ascii_lowercase(), name.to_ascii_uppercase()] {
            let name: HeaderName = spelling.parse().unwrap();
            let error =
                RequestOptions::new().with_header(name, HeaderValue::from_static("forged")).unwrap_err();
            assert!(!error.to_string().contains("forged"));
        }
    }
}

#[test]
fn a_header_value_with_white_space_around_it_is_refused() {
    for value in [" v", "v ", "v\t"] {
        let name = HeaderName::from_static("x-gateway-key");
        assert!(RequestOptions::new().with_header(name, HeaderValue::from_static(value)).is_err());
    }
}

#[test]
fn an_endpoint_cannot_override_the_credential() {
    struct Forging(ApiCredential);
    impl Endpoint for Forging {
        type Output = ();
        fn method(&self) -> http::Method {
            http::Method::GET
        }
        fn path(&self) -> &str {
            "/forged"
        }
        fn credential(&self) -> &ApiCredential {
            &self.0
        }
        fn add_headers(&self, headers: &mut http::HeaderMap) {
            headers.append("clientsecret", HeaderValue::from_static("forged"));
            headers.append("userprincipalname", HeaderValue::from_static("forged"));
        }
        fn read_success(&self, _: &Body) -> Result<((), Option<String>), EndpointError> {
            Ok(((), None))
        }
    }
    let request = Forging(credential()).to_request(&base(), &RequestOptions::new()).unwrap();
    for (name, expected) in [("clientSecret", SECRET), ("userPrincipalName", USER)] {
        let values: Vec<_> = request.headers().get_all(name).iter().collect();
        assert_eq!(values, [expected]);
        assert!(values[0].is_sensitive());
    }
}

#[test]
fn an_invalid_value_in_an_answer_is_a_protocol_error() {
    struct EmptySecret(ApiCredential);
    impl Endpoint for EmptySecret {
        type Output = ClientSecret;
        fn method(&self) -> http::Method {
            http::Method::GET
        }
        fn path(&self) -> &str {
            "/secret"
        }
        fn credential(&self) -> &ApiCredential {
            &self.0
        }
        fn read_success(&self, _: &Body) -> Result<(ClientSecret, Option<String>), EndpointError> {
            Ok((ClientSecret::new("")?, None))
        }
    }
    let transport = ScriptedTransport::new().answer(response(200, &[], ""));
    let client = AuthClient::with_runtime(base(), transport, ManualClock::new());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(client.call(&EmptySecret(credential()))).unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Protocol);
    assert!(error.may_have_been_sent());
}

#[test]
fn a_user_agent_that_a_header_cannot_carry_is_refused() {
    for odd in ["", " ", "\t", " a", "a ", "a\tb", "a\nb", "a\r\nx: y", "é", "a\0", "a\u{7f}"] {
        assert!(RequestOptions::new().with_user_agent(odd).is_err(), "{odd:?}");
    }
    let request = delegate().to_request(&base(), &RequestOptions::default()).unwrap();
    assert_eq!(
        header_text(request.headers(), "user-agent"),
        Some(concat!("cg-auth/", env!("CARGO_PKG_VERSION")))
    );
}

const fn is_send_and_sync<T: Send + Sync + ?Sized>() {}
const fn is_send<T: Send>(_: &T) {}

#[test]
fn every_public_type_is_send_and_sync_and_debug() {
    macro_rules! assert_all {
        ($($type:ty),+ $(,)?) => {$({
            is_send_and_sync::<$type>();
            const fn is_debug<T: std::fmt::Debug + ?Sized>() {}
            is_debug::<$type>();
        })+};
    }
    assert_all!(
        ApiCredential,
        AuthClient,
        BaseUrl,
        ClientSecret,
        ConfigError,
        CallError,
        CallErrorKind,
        Recovery,
        UserPrincipalName,
        Body,
        BodyCollector,
        BodyTooLarge,
        Answer<DelegatedAccessToken>,
        Answer<()>,
        DeleteTokenCache,
        EndpointError,
        GetDelegateAccessToken,
        ProtocolError,
        RefreshUserAccessToken,
        RequestOptions,
        AccessToken,
        ApiError,
        DelegatedAccessToken,
        DelegatedAccessTokenApiResult,
        DelegatedAccessTokenApiResultValue,
        Environment,
        JsonContract,
        JsonError,
        RefreshToken,
        Wire<'static, ApiCredential>,
        Wire<'static, ApiError>,
        ManualClock,
        ScriptedTransport,
        Now,
        DurationUnit,
        Expiry,
        ExpirySource,
        TransportError,
        TransportErrorKind,
        dyn HttpTransport,
        dyn Runtime,
    );
    is_send_and_sync::<dyn Endpoint<Output = ()>>();
}

#[test]
fn client_provider_and_pool_can_cross_a_catch_unwind() {
    const fn is_unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    is_unwind_safe::<AuthClient>();
    is_unwind_safe::<cg_auth_core::TokenProvider>();
    is_unwind_safe::<cg_auth_core::TokenPool>();
}

#[test]
fn the_future_of_a_call_can_move_between_threads() {
    let client = AuthClient::with_runtime(base(), ScriptedTransport::new(), ManualClock::new());
    let (credential, token) = (credential(), RefreshToken::new("r").unwrap());
    is_send(&client.get_delegate_access_token(&credential));
    is_send(&client.refresh_user_access_token(&credential, &token));
    is_send(&client.delete_token_cache(&credential));
    let (delegate, refresh, delete) = (delegate(), refresh(), delete());
    is_send(&client.call(&delegate));
    is_send(&client.call(&refresh));
    let dynamic: &dyn Endpoint<Output = ()> = &delete;
    is_send(&client.call(dynamic));
}
