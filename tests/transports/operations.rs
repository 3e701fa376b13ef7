//! The operations of the service, end to end against the emulator.

use std::time::Duration;

use cg_auth_core::{
    ApiCredential, CallErrorKind, ClientSecret, Recovery,
    body::Body,
    model::AccessToken,
    token::{DurationUnit, Expiry},
    transport::HttpTransport,
};
use cg_auth_emulator::Emulator;
use cg_auth_tests::listener::{Listener, TOKEN, ok};
use http::{Request, Response, StatusCode, Version, header::AUTHORIZATION};
use macro_rules_attribute::apply;

use super::subject::{Subject, client, client_over, credential, settings};

#[apply(every_transport)]
async fn the_three_operations_work_over_plain_http<T: Subject>() {
    let emulator = Emulator::start().await.unwrap();
    assert_operations_work(&emulator, T::default(), Version::HTTP_11).await;
}

#[apply(transports_with_http2)]
async fn http2_is_negotiated_over_tls<T: Subject>() {
    let emulator = Emulator::builder().tls().start().await.unwrap();
    assert_operations_work(&emulator, T::trusting(emulator.ca_pem().unwrap()), Version::HTTP_2).await;
}

#[apply(every_transport)]
async fn http1_is_used_over_tls_if_the_server_has_no_http2<T: Subject>() {
    let listener = Listener::bind_tls().await;
    let client = client_over(listener.base_url(), T::trusting(listener.ca_pem().unwrap()));
    let credential = credential();
    let (answer, (request, _)) =
        tokio::join!(client.get_delegate_access_token(&credential), listener.answer(ok(TOKEN)));
    assert_eq!(answer.unwrap().value.access_token().expose_secret(), "at-1");
    assert_eq!(request.line(), "POST /auth/token/delegate HTTP/1.1");
}

#[apply(transports_with_http2)]
async fn http2_is_used_with_prior_knowledge<T: Subject>() {
    for builder in [Emulator::builder(), Emulator::builder().tls()] {
        let emulator = builder.start().await.unwrap();
        let settings = settings(|settings| {
            settings.root_certificates = emulator.ca_pem().map(str::to_owned);
            settings.http2_prior_knowledge = true;
        });
        assert_operations_work(&emulator, T::with(&settings), Version::HTTP_2).await;
    }
}

#[apply(every_transport)]
async fn a_token_opens_the_protected_resource_until_it_expires<T: Subject>() {
    let lifetime = Duration::from_secs(300);
    let emulator = Emulator::builder().token_lifetime(lifetime).start().await.unwrap();
    let (client, transport) = (client::<T>(emulator.base_url().clone()), T::default());
    let answer = client.get_delegate_access_token(emulator.credential()).await.unwrap();
    assert_eq!(Expiry::of_answer(&answer, DurationUnit::Seconds).lifetime(), Some(lifetime));

    let token = answer.value.access_token();
    let response = open(&emulator, &transport, token).await;
    assert_eq!(response.status(), StatusCode::OK);
    let caller: serde_json::Value = serde_json::from_slice(response.body().as_bytes()).unwrap();
    assert_eq!(caller["userPrincipalName"], emulator.credential().user_principal_name().as_str());

    emulator.clock().advance(lifetime + Duration::from_secs(1));
    assert_eq!(open(&emulator, &transport, token).await.status(), StatusCode::UNAUTHORIZED);
    let refresh_token = answer.value.refresh_token().unwrap();
    let refreshed = client.refresh_user_access_token(emulator.credential(), refresh_token).await.unwrap();
    let response = open(&emulator, &transport, refreshed.value.access_token()).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[apply(every_transport)]
async fn a_refresh_token_works_once<T: Subject>() {
    let emulator = Emulator::start().await.unwrap();
    let client = client::<T>(emulator.base_url().clone());
    let credential = emulator.credential();
    let first = client.get_delegate_access_token(credential).await.unwrap().value;
    let spent = first.refresh_token().unwrap();
    let second = client.refresh_user_access_token(credential, spent).await.unwrap().value;
    assert_ne!(second.refresh_token(), Some(spent));
    let error = client.refresh_user_access_token(credential, spent).await.unwrap_err();
    assert_eq!((error.kind(), error.recovery()), (CallErrorKind::Api, Recovery::ReplaceCredential));
    client.refresh_user_access_token(credential, second.refresh_token().unwrap()).await.unwrap();
}

#[apply(every_transport)]
async fn a_refused_credential_is_an_api_error<T: Subject>() {
    let emulator = Emulator::start().await.unwrap();
    let client = client::<T>(emulator.base_url().clone());
    let wrong = ApiCredential::new(
        ClientSecret::new("d3Jvbmc=").unwrap(),
        emulator.credential().user_principal_name().clone(),
    );
    for error in [
        client.get_delegate_access_token(&wrong).await.unwrap_err(),
        client.delete_token_cache(&wrong).await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.recovery()), (CallErrorKind::Api, Recovery::ReplaceCredential));
        assert_eq!(error.status(), Some(StatusCode::BAD_REQUEST));
        assert!(error.code().is_some_and(|code| !code.is_empty()));
        assert!(error.request_id().is_some_and(|id| !id.is_empty()));
        assert!(!error.messages().is_empty());
        assert!(!format!("{error:?} {error} {:?}", error.messages()).contains("d3Jvbmc="));
    }
}

#[apply(every_transport)]
async fn many_calls_run_at_once<T: Subject>() {
    let emulator = Emulator::start().await.unwrap();
    let client = client::<T>(emulator.base_url().clone());
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let (client, credential) = (client.clone(), emulator.credential().clone());
            tokio::spawn(async move { client.get_delegate_access_token(&credential).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

const CALLS: usize = 64;

async fn assert_operations_work<T: Subject>(emulator: &Emulator, transport: T, version: Version) {
    let transport = std::sync::Arc::new(transport);
    let client = client_over(emulator.base_url().clone(), transport.clone());
    let credential = emulator.credential();
    let token = client.get_delegate_access_token(credential).await.unwrap().value;
    let response = open(emulator, &transport, token.access_token()).await;
    assert_eq!((response.status(), response.version()), (StatusCode::OK, version));

    let refresh_token = token.refresh_token().unwrap();
    let refreshed = client.refresh_user_access_token(credential, refresh_token).await.unwrap().value;
    assert_eq!(open(emulator, &transport, refreshed.access_token()).await.status(), StatusCode::OK);
    client.delete_token_cache(credential).await.unwrap();
}

/// Calls the protected resource with `token`.
async fn open(emulator: &Emulator, transport: &impl HttpTransport, token: &AccessToken) -> Response<Body> {
    let request = Request::get(emulator.protected_url())
        .header(AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
        .body(Body::empty())
        .unwrap();
    transport.send(request).await.unwrap()
}
