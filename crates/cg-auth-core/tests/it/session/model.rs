//! Random events in random order, with clocks that jump and stop, against a naive reference.

mod age;
mod reference;
mod run;

use std::time::Duration;

use cg_auth_core::{token::session::Call, transport::TransportError};
use proptest::prelude::*;

use self::run::Run;
use super::{Reply, issued_body, sent_refresh_token};

/// An input of the session or its clocks.
#[derive(Debug, Clone)]
enum Op {
    Advance(Duration),
    /// Moves the clocks until the token has lived for that many thousandths of its lifetime.
    Age(u32),
    Suspend(Duration),
    SetWallByYears(i32),
    Step,
    Begin(Option<&'static str>),
    Finish(Ending),
    Abandon,
    Panic,
    /// A late input of an earlier acquisition.
    Late,
    InvalidateNewest,
    InvalidateOldest,
    Seed(u64, bool),
    Clear,
    RenewSecret,
}

/// The result of a call.
#[derive(Debug, Clone)]
enum Ending {
    Issued { lifetime: u64, refresh_token: Given },
    Refused,
    Busy(Option<&'static str>),
    Broken,
    Unsent,
}

impl Ending {
    /// The answer and its refresh token.
    fn reply(&self, number: u32, call: &Call) -> (Reply, Option<String>) {
        let reply = match self {
            Self::Issued { lifetime, refresh_token } => {
                let refresh_token = match refresh_token {
                    Given::None => None,
                    Given::Same => sent_refresh_token(call),
                    Given::Another => Some(format!("r{number}")),
                };
                let text = format!("t{number}");
                let body = issued_body(&text, (*lifetime).cast_signed(), refresh_token.as_deref());
                return (Reply::Whole(200, vec![], body), refresh_token);
            }
            Self::Refused => Reply::Status(401, None),
            Self::Busy(after) => Reply::Status(503, *after),
            Self::Broken => Reply::Status(500, None),
            Self::Unsent => Reply::Unsent(TransportError::connect("x")),
        };
        (reply, None)
    }
}

/// The refresh token of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    None,
    Same,
    Another,
}

fn op() -> impl Strategy<Value = Op> {
    let moment = || {
        prop_oneof![0..2_000_u64, 0..90_000_u64, 0..4_000_000_u64, 0..200_000_000_u64]
            .prop_map(Duration::from_millis)
    };
    let secret = proptest::sample::select(vec![Some("a"), Some("a"), Some("b"), None]);
    prop_oneof![
        6 => moment().prop_map(Op::Advance),
        6 => (600..1100_u32).prop_map(Op::Age),
        2 => moment().prop_map(Op::Suspend),
        1 => (1..50_i32).prop_flat_map(|years| prop_oneof![Just(years), Just(-years)]).prop_map(Op::SetWallByYears),
        12 => Just(Op::Step),
        8 => secret.prop_map(Op::Begin),
        8 => ending().prop_map(Op::Finish),
        1 => Just(Op::Abandon),
        1 => Just(Op::Panic),
        1 => Just(Op::Late),
        2 => Just(Op::InvalidateNewest),
        1 => Just(Op::InvalidateOldest),
        1 => (0..4000_u64, any::<bool>()).prop_map(|(left, refreshes)| Op::Seed(left, refreshes)),
        1 => Just(Op::Clear),
        1 => Just(Op::RenewSecret),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    let lifetime = proptest::sample::select(vec![0, 2, 20, 60, 600, 3600, 86_400]);
    let given = proptest::sample::select(vec![Given::None, Given::Same, Given::Another, Given::Another]);
    prop_oneof![
        4 => (lifetime, given).prop_map(|(lifetime, refresh_token)| Ending::Issued { lifetime, refresh_token }),
        2 => Just(Ending::Refused),
        2 => proptest::sample::select(vec![None, Some("5"), Some("7200")]).prop_map(Ending::Busy),
        1 => Just(Ending::Broken),
        1 => Just(Ending::Unsent),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_session_does_what_the_naive_reference_allows_in_any_order_of_events(
        has_boot_clock in any::<bool>(),
        seed in any::<u64>(),
        ops in proptest::collection::vec(op(), 1..80),
        last_secret in proptest::sample::select(vec!["a", "b", "c"]),
    ) {
        let mut run = Run::new(has_boot_clock, seed);
        ops.iter().for_each(|op| run.put(op));
        run.find_the_way_out(last_secret);
    }
}
