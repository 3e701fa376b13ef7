//! How long a token is served, by its claims and its duration.

use std::{collections::BTreeSet, time::Duration};

use cg_auth_core::{
    testing::ManualClock,
    time::Now,
    token::{
        DurationUnit,
        session::{Next, Phase, Step},
    },
};

use super::{HOUR, Reply, Rig, answer, came_to, issued_body, jwt};

/// The ages, in milliseconds, at which a token enters its phases.
fn moments(rig: &Rig) -> [u64; 3] {
    let now = rig.now();
    [Phase::Early, Phase::Margin, Phase::Expired].map(|phase| {
        let (mut before, mut after) = (0, 3_600_000);
        while before + 1 < after {
            let middle = u64::midpoint(before, after);
            let age = Duration::from_millis(middle);
            let then = rig.session.state(Now::new(now.monotonic() + age, now.wall() + age));
            if then.phase < Some(phase) { before = middle } else { after = middle }
        }
        after
    })
}

#[test]
fn a_short_lived_token_is_served_and_not_renewed_at_every_call() {
    for (duration, unit) in
        [(2, DurationUnit::Seconds), (20, DurationUnit::Seconds), (300, DurationUnit::Milliseconds)]
    {
        let mut rig = Rig::new();
        rig.session = rig.session.with_duration_unit(unit);
        let mut acquisitions = 0_u32;
        let lives = 100;
        let lifetime = if unit == DurationUnit::Seconds { 1000 * duration } else { duration };
        // One call each millisecond. An acquisition takes no time.
        for call in 0..lives * lifetime {
            match rig.step() {
                Step::Serve(_) => assert_ne!(call, 0),
                Step::ServeAndStart(_, id) | Step::Start(id) => {
                    acquisitions += 1;
                    let call = rig.call(id);
                    let next = rig.finish(id, &call, &Reply::Issued("another", duration, None));
                    assert_eq!(came_to(&next), "token");
                }
                step => panic!("{step:?}"),
            }
            rig.advance(0.001);
        }
        // Each token is renewed after seven to eight tenths of its lifetime.
        assert!((125..=143).contains(&acquisitions), "{acquisitions} of {duration} {unit:?}");
    }
}

#[test]
fn a_duration_that_is_zero_negative_or_too_large_is_unknown() {
    for duration in [0, -1, i64::MIN, i64::MAX] {
        let mut rig = Rig::new();
        rig.acquire(&Reply::Issued("first", duration, None));
        for _ in 0..20 {
            assert_eq!(rig.snapshot_serves().as_deref(), Some("first"), "{duration}");
            assert_eq!(rig.stepped(), "serve", "{duration}");
            rig.advance(365.0 * 86_400.0);
        }
        let token = rig.valid_token().unwrap();
        assert!(rig.invalidate(&token));
        assert_eq!(rig.stepped(), "start");
    }
}

#[test]
fn no_duration_makes_a_step_panic_or_start_twice() {
    let extremes =
        [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX / 3600, i64::MAX / 1000, i64::MAX - 1, i64::MAX];
    let units =
        [DurationUnit::Milliseconds, DurationUnit::Seconds, DurationUnit::Minutes, DurationUnit::Hours];
    let claims = extremes.into_iter().flat_map(|iat| extremes.map(|exp| jwt(iat, exp)));
    let tokens: Vec<String> = claims.chain(["opaque".into()]).collect();
    for (token, unit) in tokens.iter().flat_map(|token| units.map(|unit| (token, unit))) {
        for duration in extremes {
            let mut rig = Rig::new();
            rig.session = rig.session.with_duration_unit(unit);
            match rig.acquisition(&Reply::Whole(200, vec![], issued_body(token, duration, None))) {
                Next::Done(Ok(_)) => assert_eq!(rig.stepped(), "serve", "{token} {duration} {unit:?}"),
                // A token that has expired by its own claims.
                next => assert_eq!(came_to(&next), "expired_on_arrival", "{token} {duration} {unit:?}"),
            }
            let _ = rig.snapshot_serves();
            rig.clock.advance(Duration::MAX);
            let _ = (rig.snapshot_serves(), rig.step());
        }
    }
}

#[test]
fn a_lifetime_counts_from_the_moment_the_request_was_sent() {
    let mut rig = Rig::new();
    let id = rig.start();
    let call = rig.call(id);
    let sent = rig.now();
    rig.advance(50.0);
    let now = rig.now();
    let next = rig.session.finish(id, answer(&call, &Reply::Issued("first", 60, None), sent), now);
    assert_eq!(came_to(&next), "token");
    assert_eq!(rig.session.state(now).phase, Some(Phase::Early));
    rig.advance(9.999);
    assert!(rig.valid_token().is_some());
    rig.advance(0.001);
    assert!(rig.valid_token().is_none());
}

#[test]
fn an_answer_without_the_moment_of_its_request_counts_from_the_start_of_the_acquisition() {
    let mut rig = Rig::new();
    let id = rig.start();
    rig.advance(20.0);
    let call = rig.call(id);
    let now = rig.now();
    let mut result = answer(&call, &Reply::Issued("first", 60, None), now);
    result.as_mut().unwrap().sent = None;
    assert_eq!(came_to(&rig.session.finish(id, result, now)), "token");
    rig.advance(39.999);
    assert!(rig.valid_token().is_some());
    rig.advance(0.001);
    assert!(rig.valid_token().is_none());
}

#[test]
fn jitter_moves_the_early_phase_once_per_token_and_nothing_else() {
    let mut early = BTreeSet::new();
    for seed in 0..20 {
        let mut rig = Rig::on(ManualClock::new(), seed);
        rig.acquire(&HOUR);
        let ages = moments(&rig);
        assert_eq!(moments(&rig), ages, "the phases move");
        assert!((2_700_000..=3_000_000).contains(&ages[0]), "{ages:?}");
        assert_eq!(ages[1..], [3_570_000, 3_600_000]);
        early.insert(ages[0]);

        // The next token has a jitter of its own.
        rig.clear();
        rig.acquire(&HOUR);
        early.insert(moments(&rig)[0]);
    }
    assert!(early.len() >= 39, "{early:?}");
}

#[test]
fn frequent_steps_do_not_change_when_a_token_is_due() {
    let first_start = |pause: f64| {
        let mut rig = Rig::new();
        rig.acquire(&HOUR);
        while rig.stepped() == "serve" {
            rig.advance(pause);
            assert!(rig.now().monotonic() < Duration::from_secs(3600), "the token is never due");
        }
        rig.now().monotonic().as_secs()
    };
    assert!(first_start(0.01).abs_diff(first_start(1.0)) <= 1);
}
