//! Many refusals at once, through a real provider.

use std::time::Duration;

use cg_auth_core::{
    AuthClient, BaseUrl, ClientSecret, TokenProvider, UserPrincipalName,
    testing::{ManualClock, ScriptedTransport},
};
use http::{Response, StatusCode};
use tower::{Layer, Service, ServiceExt};

use crate::api::{Api, layer, request, send, until};

fn provider(script: &ScriptedTransport, clock: &ManualClock) -> TokenProvider {
    let base_url = BaseUrl::parse("https://auth.example.com").unwrap();
    let client = AuthClient::with_runtime(base_url, script.clone(), clock.clone());
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    TokenProvider::new(client, user, ClientSecret::new("s3cret").unwrap())
}

fn issuing(count: usize) -> ScriptedTransport {
    (1..=count).fold(ScriptedTransport::new(), |script, n| {
        let token = format!(r#"{{"value":{{"access_token":"{n}","duration":3600}},"isSuccess":true}}"#);
        script.answer(Response::new(token.into()))
    })
}

#[tokio::test]
async fn a_thousand_refusals_of_one_token_make_one_acquisition() {
    const CALLS: usize = 1000;
    let (script, api) = (issuing(3), Api::holding_back(&["2"]));
    let service = layer(provider(&script, &ManualClock::new())).layer(api.clone());
    let calls: Vec<_> = (0..CALLS).map(|_| tokio::spawn(service.clone().oneshot(request(())))).collect();
    until(|| api.in_flight() == CALLS).await;
    api.release(2 * CALLS);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    assert_eq!(script.requests().len(), 2);
    assert_eq!(api.tokens().len(), 2 * CALLS);
}

#[tokio::test]
async fn a_service_that_refuses_every_token_gets_two_requests_a_call_and_causes_few_acquisitions() {
    const CALLS: usize = 1000;
    let (script, clock, api) = (issuing(CALLS), ManualClock::new(), Api::accepting(&[]));
    let mut service = layer(provider(&script, &clock)).layer(api.clone());
    for _ in 0..CALLS {
        let before = api.tokens().len();
        let answer = send(&mut service, request(())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(api.tokens().len() <= before + 2);
        clock.advance(Duration::from_millis(10));
    }
    // Ten seconds: the first report has an effect at once, the next ones after 1, 2 and 4 seconds.
    assert!(script.requests().len() <= 6, "{} acquisitions", script.requests().len());
}

/// The second `call` does not wait for the first.
#[tokio::test]
async fn calls_of_one_service_run_at_the_same_time() {
    let (script, api) = (issuing(1), Api::holding_back(&["1"]));
    let mut service = layer(provider(&script, &ManualClock::new())).layer(api.clone());
    let mut calls = Vec::new();
    for _ in 0..3 {
        calls.push(tokio::spawn(service.ready().await.unwrap().call(request(()))));
    }
    until(|| api.in_flight() == 3).await;
    api.release(3);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::OK);
    }
}
