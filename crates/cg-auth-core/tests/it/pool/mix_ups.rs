//! A token of one user is never handed to another.

use std::{pin::Pin, task::Poll, time::Duration};

use cg_auth_core::{IssuedToken, TokenPool, TokenProvider, testing::ManualClock, token::Expiry};
use proptest::prelude::*;
use tokio::runtime::Builder;

use super::{Service, owner, parking, permits, poll, run_tasks, secret, service, spawning, user};

/// Names that differ only in the case of letters, and names that look alike.
const NAMES: [&str; 8] =
    ["anna@example.com", "ann@example.com", "anna@example.co", "[x@b", "{x@b", "@", "`", "anna@example.com."];

#[derive(Debug, Clone)]
enum Operation {
    /// Takes a provider and calls it for a token.
    Token {
        name: usize,
        case: u64,
        polls: usize,
        keep: bool,
    },
    /// Drops a kept provider.
    Drop(usize),
    /// Reports the token of a kept provider as refused.
    Invalidate(usize),
    /// Polls the call of a kept provider, or makes another call.
    TokenAgain(usize),
    Clear(usize),
    ClearAll,
    ReplaceSecret,
    Pass(Duration),
    Fail(bool),
    Close,
    Open,
    RunTasks,
}

fn operation() -> impl Strategy<Value = Operation> {
    let index = 0..8_usize;
    prop_oneof![
        12 => (0..NAMES.len(), any::<u64>(), 0..4_usize, any::<bool>())
            .prop_map(|(name, case, polls, keep)| Operation::Token { name, case, polls, keep }),
        2 => index.clone().prop_map(Operation::Drop),
        2 => index.clone().prop_map(Operation::Invalidate),
        1 => index.clone().prop_map(Operation::TokenAgain),
        1 => index.prop_map(Operation::Clear),
        1 => Just(Operation::ClearAll),
        1 => Just(Operation::ReplaceSecret),
        3 => prop_oneof![Just(1), Just(50), Just(3300), Just(4000)]
            .prop_map(|seconds| Operation::Pass(Duration::from_secs(seconds))),
        1 => any::<bool>().prop_map(Operation::Fail),
        1 => Just(Operation::Close),
        2 => Just(Operation::Open),
        2 => Just(Operation::RunTasks),
    ]
}

fn spelled(name: &str, case: u64) -> String {
    let letter = |(at, letter): (usize, char)| {
        if case >> (at % 64) & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
    };
    name.chars().enumerate().map(letter).collect()
}

struct Kept {
    name: &'static str,
    provider: TokenProvider,
    waiting: Option<Pin<Box<dyn Future<Output = Option<IssuedToken>>>>>,
}

fn assert_owner(token: &IssuedToken, name: &str) {
    assert!(owner(token).eq_ignore_ascii_case(name), "{name} was given the token of {}", owner(token));
}

async fn ask(kept: &mut Kept, polls: usize) {
    let provider = kept.provider.clone();
    let waiting = kept.waiting.get_or_insert_with(|| Box::pin(async move { provider.token().await.ok() }));
    for _ in 0..polls {
        if let Poll::Ready(token) = poll(waiting.as_mut()) {
            token.iter().for_each(|token| assert_owner(token, kept.name));
            kept.waiting = None;
            return;
        }
        run_tasks().await;
    }
}

async fn play(pool: TokenPool, service: &Service, clock: &ManualClock, operations: Vec<Operation>) {
    let mut kept: Vec<Kept> = Vec::new();
    for operation in operations {
        match operation {
            Operation::Token { name, case, polls, keep } => {
                let name = NAMES[name];
                let provider = pool.for_user(&user(&spelled(name, case)));
                let mut asked = Kept { name, provider, waiting: None };
                ask(&mut asked, polls).await;
                if keep {
                    kept.push(asked);
                }
            }
            Operation::Drop(index) => drop((index < kept.len()).then(|| kept.swap_remove(index))),
            Operation::ClearAll => pool.clear(),
            Operation::ReplaceSecret => pool.replace_secret(secret()),
            Operation::Pass(duration) => clock.advance(duration),
            Operation::Fail(is_down) => service.set_down(is_down),
            Operation::Close => service.close(),
            Operation::Open => service.open(),
            Operation::RunTasks => run_tasks().await,
            Operation::Invalidate(index) | Operation::TokenAgain(index) | Operation::Clear(index) => {
                let Some(kept) = kept.get_mut(index) else { continue };
                match operation {
                    Operation::Clear(_) => kept.provider.clear(),
                    Operation::Invalidate(_) => {
                        let _ = kept.provider.peek().map(|token| kept.provider.invalidate(&token));
                    }
                    _ => {}
                }
                ask(kept, 1).await;
            }
        }
        for Kept { name, provider, .. } in &kept {
            provider.peek().iter().for_each(|token| assert_owner(token, name));
            let same = pool.for_user(&user(name)).peek();
            let is_same = same.zip(provider.peek()).map(|(one, other)| one.is_same_issue(&other));
            assert_ne!(is_same, Some(false), "{name} has two providers");
        }
    }
    // In the end every user gets a token of its own.
    service.set_down(false);
    service.open();
    clock.advance(Duration::from_secs(2 * 3600));
    for name in NAMES {
        let provider = pool.for_user(&user(name));
        let mut token = provider.token().await;
        if token.is_err() {
            // The answer came too late, or the provider backs off from an outage.
            clock.advance(Duration::from_secs(61));
            token = provider.token().await;
        }
        assert_owner(&token.unwrap(), name);
    }
    drop(kept);
    for (name, token, _) in pool.shutdown().await {
        assert_owner(&IssuedToken::new(token.access_token(), Expiry::UNKNOWN), name.as_str());
        let refresh_token = token.refresh_token().unwrap().expose_secret();
        assert!(service::owner(refresh_token).eq_ignore_ascii_case(name.as_str()));
    }
    run_tasks().await;
    assert_eq!(permits(&pool), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_token_of_one_user_is_never_handed_to_another(
        operations in proptest::collection::vec(operation(), 1..60),
        is_spawning: bool,
        capacity in 0..4_usize,
        limit in 1..4_usize,
    ) {
        let service = Service::default();
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (pool, clock) = if is_spawning { spawning(&service) } else { parking(&service) };
            let pool = pool.with_capacity(capacity).with_max_acquisitions(limit);
            let test = play(pool, &service, &clock, operations);
            tokio::time::timeout(Duration::from_secs(120), test).await.expect("the test hangs");
        });
    }
}
