//! Ten thousand callers at the same time, and one request.

use std::{any::type_name, time::Duration};

use cg_auth_core::{AuthClient, IssuedToken, RetryPolicy, TokenError, TokenProvider};
use cg_auth_emulator::{Emulator, Operation};
use macro_rules_attribute::apply;

use super::day_clock::DayClock;
use crate::subject::Subject;

#[apply(own_transports)]
async fn ten_thousand_callers_make_one_request<T: Subject>() {
    let (emulator, provider, day_clock) = start::<T>().await;
    let _late_answer = emulator.next(Operation::GetDelegateAccessToken).delay(A_MOMENT);
    let first = served(&provider).await;
    assert_eq!(requests(&emulator), (1, 0), "on an empty provider");

    day_clock.advance(LIFETIME).await;
    let _late_answer = emulator.next(Operation::RefreshUserAccessToken).delay(A_MOMENT);
    let second = served(&provider).await;
    assert_eq!(requests(&emulator), (1, 1), "after the token has expired");
    assert!(!first.is_same_issue(&second));
    print::<T>("found no token, and then an expired one", &emulator);
}

#[apply(own_transports)]
async fn ten_thousand_callers_share_a_failure<T: Subject>() {
    let (emulator, provider, day_clock) = start::<T>().await;
    let _refused = emulator.next(Operation::GetDelegateAccessToken).always().after(A_MOMENT).refuse(500);
    // The second round comes within the back-off after the first failure.
    for _ in 0..2 {
        assert!(herd(&provider).await.iter().all(Result::is_err));
        assert_eq!(requests(&emulator), (1, 0));
    }
    day_clock.advance(Duration::from_secs(1)).await;
    assert!(herd(&provider).await.iter().all(Result::is_err));
    assert_eq!(requests(&emulator), (2, 0), "once the back-off is over");
    print::<T>("met a failing service, called again, and once more a second later", &emulator);
}

async fn start<T: Subject>() -> (Emulator, TokenProvider, DayClock) {
    let day_clock = DayClock::new();
    let builder = Emulator::builder().clock(day_clock.service_clock()).token_lifetime(LIFETIME);
    let emulator = builder.start().await.unwrap();
    let client = AuthClient::with_runtime(emulator.base_url().clone(), T::default(), day_clock.clone())
        .with_retry_policy(RetryPolicy::none());
    let credential = emulator.credential();
    let user = credential.user_principal_name().clone();
    let provider = TokenProvider::new(client, user, credential.client_secret().clone());
    (emulator, provider, day_clock)
}

/// All callers receive the same token.
async fn served(provider: &TokenProvider) -> IssuedToken {
    let tokens: Vec<_> = herd(provider).await.into_iter().map(Result::unwrap).collect();
    assert!(tokens.iter().all(|token| token.is_same_issue(&tokens[0])));
    tokens[0].clone()
}

async fn herd(provider: &TokenProvider) -> Vec<Result<IssuedToken, TokenError>> {
    let call = |_| {
        let provider = provider.clone();
        tokio::spawn(async move { provider.token().await })
    };
    let calls: Vec<_> = (0..HERD).map(call).collect();
    let mut results = Vec::with_capacity(HERD);
    for call in calls {
        results.push(call.await.unwrap());
    }
    results
}

fn requests(emulator: &Emulator) -> (u64, u64) {
    (emulator.count(Operation::GetDelegateAccessToken), emulator.count(Operation::RefreshUserAccessToken))
}

#[allow(clippy::print_stdout)] // the counts are half of what the test is for
fn print<T>(what: &str, emulator: &Emulator) {
    let (by_credential, by_refresh_token) = requests(emulator);
    let transport = type_name::<T>();
    println!("{HERD} callers over {transport} {what}:");
    println!("  {by_credential} requests by credential, {by_refresh_token} by refresh token");
}

const HERD: usize = 10_000;
const LIFETIME: Duration = Duration::from_secs(600);
/// The real time in which all callers begin to wait.
const A_MOMENT: Duration = Duration::from_millis(50);
