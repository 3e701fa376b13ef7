//! The middleware with a provider, against the emulator: the service, and a resource that takes its tokens.

use std::{sync::Arc, time::Duration};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_reqwest::{AuthClient, ReqwestTransport, TokenProvider};
use cg_auth_reqwest_middleware::AuthorizationMiddleware;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::{sync::Barrier, task::JoinSet};

use crate::{below, over_both_versions};

fn provider(emulator: &Emulator) -> TokenProvider {
    let credential = emulator.credential();
    let client = AuthClient::new(emulator.base_url().clone(), ReqwestTransport::new().unwrap());
    TokenProvider::new(client, credential.user_principal_name().clone(), credential.client_secret().clone())
}

fn client(emulator: &Emulator, http: reqwest::ClientBuilder) -> ClientBuilder {
    let middleware = AuthorizationMiddleware::new(provider(emulator), emulator.base_url());
    ClientBuilder::new(http.build().unwrap()).with(middleware)
}

async fn status(client: &ClientWithMiddleware, emulator: &Emulator) -> u16 {
    client.get(emulator.protected_url()).send().await.unwrap().status().as_u16()
}

fn acquisitions(emulator: &Emulator) -> u64 {
    emulator.count(Operation::GetDelegateAccessToken) + emulator.count(Operation::RefreshUserAccessToken)
}

#[tokio::test]
async fn a_revoked_token_is_replaced_and_the_program_sees_no_refusal() {
    over_both_versions(async |setup| {
        let emulator = Emulator::start().await.unwrap();
        let client = client(&emulator, setup.builder()).build();
        assert_eq!(status(&client, &emulator).await, 200);
        emulator.revoke_all();
        assert_eq!(status(&client, &emulator).await, 200);
        assert_eq!(status(&client, &emulator).await, 200);
        assert_eq!(emulator.count(Operation::ProtectedResource), 4);
    })
    .await;
}

#[tokio::test]
async fn a_service_that_answers_late_is_asked_once_by_all_callers() {
    over_both_versions(async |setup| {
        let emulator = Emulator::start().await.unwrap();
        let _late = emulator.next(Operation::GetDelegateAccessToken).delay(Duration::from_millis(200));
        let client = client(&emulator, setup.builder()).build();
        let mut calls = JoinSet::new();
        for _ in 0..20 {
            calls.spawn(client.get(emulator.protected_url()).send());
        }
        assert!(calls.join_all().await.into_iter().all(|answer| answer.unwrap().status() == 200));
        assert_eq!(acquisitions(&emulator), 1);
    })
    .await;
}

/// A thousand callers whose token is refused at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_refusals_of_one_token_cause_one_acquisition() {
    const MANY: usize = 1000;
    let emulator = Emulator::start().await.unwrap();
    let all_refused = Arc::new(Barrier::new(MANY));
    // The refusals reach the middleware together.
    let together = below({
        let all_refused = Arc::clone(&all_refused);
        move |request, extensions, next| {
            let answer = next.run(request, extensions);
            let all_refused = Arc::clone(&all_refused);
            Box::pin(async move {
                let answer = answer.await;
                if answer.as_ref().is_ok_and(|answer| answer.status() == 401) {
                    all_refused.wait().await;
                }
                answer
            })
        }
    });
    // Few connections: HTTP/2 carries the requests beside each other.
    let http = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
    let client = client(&emulator, http).with_arc(together).build();
    assert_eq!(status(&client, &emulator).await, 200);
    emulator.revoke_all();
    let mut calls = JoinSet::new();
    for _ in 0..MANY {
        calls.spawn(client.get(emulator.protected_url()).send());
    }
    let answers = tokio::time::timeout(Duration::from_secs(300), calls.join_all()).await.expect("it hangs");
    assert!(answers.into_iter().all(|answer| answer.unwrap().status() == 200));
    // The first token; then one acquisition, in which the service refuses the refresh token as well.
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 2);
    assert_eq!(emulator.count(Operation::RefreshUserAccessToken), 1);
    assert_eq!(emulator.count(Operation::ProtectedResource), 2 * MANY as u64 + 1);
}

#[tokio::test]
async fn an_api_that_refuses_every_token_causes_no_storm() {
    over_both_versions(async |setup| {
        let emulator = Emulator::start().await.unwrap();
        let _always = emulator.next(Operation::ProtectedResource).times(1000).refuse(401);
        let client = client(&emulator, setup.builder()).build();
        for _ in 0..100 {
            assert_eq!(status(&client, &emulator).await, 401);
        }
        let requests = emulator.count(Operation::ProtectedResource);
        // A report counts at once, and then after back-offs of 1, 2, 4, … seconds: at most six within the
        // minute that the test may take.
        let acquired = acquisitions(&emulator);
        assert!(requests <= 100 + acquired && acquired <= 8, "{requests} requests, {acquired} acquisitions");
    })
    .await;
}
