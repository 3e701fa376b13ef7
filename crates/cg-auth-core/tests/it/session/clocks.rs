//! Clocks that stop, jump or are wrong.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cg_auth_core::{
    testing::ManualClock,
    time::Runtime,
    token::session::{Next, Step},
};

use super::{HOUR, Reply, Rig, answer, came_to, issued_body, jwt};

const YEAR: Duration = Duration::from_secs(365 * 86_400);
const HOUR_LONG: Duration = Duration::from_secs(3600);

/// A host with a boot clock and one without.
fn hosts() -> [Rig; 2] {
    let mut rigs = [Rig::with_boot_clock(), Rig::new()];
    for rig in &mut rigs {
        rig.acquire(&HOUR);
    }
    rigs
}

fn set_wall_back(rig: &Rig, by: Duration) {
    rig.clock.set_wall(rig.now().wall() - by);
}

fn set_wall_forward(rig: &Rig, by: Duration) {
    rig.clock.set_wall(rig.now().wall() + by);
}

/// Asserts that neither a step nor a snapshot serves the token.
fn assert_expired(rig: &mut Rig) {
    assert_eq!(rig.snapshot_serves(), None);
    assert!(rig.valid_token().is_none());
    assert_eq!(rig.stepped(), "start");
}

/// Asserts that a step serves the token and that the following calls are hits.
fn assert_served(rig: &mut Rig) {
    assert_eq!(rig.stepped(), "serve");
    assert!(rig.valid_token().is_some());
    assert_eq!(rig.snapshot_serves().as_deref(), Some("first"));
}

/// Makes one call each second for `duration`; returns the number of acquisitions, each of which succeeds at
/// once.
fn acquisitions(rig: &mut Rig, duration: Duration, reply: impl Fn(&Rig) -> Reply) -> u32 {
    let mut acquisitions = 0;
    for _ in 0..duration.as_secs() {
        if let Step::Start(id) | Step::ServeAndStart(_, id) = rig.step() {
            acquisitions += 1;
            let call = rig.call(id);
            let reply = reply(rig);
            assert_eq!(came_to(&rig.finish(id, &call, &reply)), "token");
        }
        rig.advance(1.0);
    }
    acquisitions
}

#[test]
fn a_token_that_expired_during_a_suspension_is_served_no_more() {
    for mut rig in hosts() {
        rig.clock.suspend(HOUR_LONG);
        assert_expired(&mut rig);
    }
}

#[test]
fn time_in_suspension_counts_as_age() {
    for mut rig in hosts() {
        rig.clock.suspend(HOUR_LONG / 2);
        assert_eq!(rig.snapshot_serves(), None, "the session has to read every clock");
        assert_served(&mut rig);
        rig.clock.suspend(HOUR_LONG / 2 - Duration::from_secs(500));
        assert_eq!(rig.stepped(), "serve and start");
        rig.advance(500.0);
        assert_eq!(rig.snapshot_serves(), None);
        assert!(rig.valid_token().is_none());
    }
}

#[test]
fn a_hit_bears_a_drift_of_a_tenth_of_a_short_lifetime() {
    let is_hit_after = |drift| {
        let mut rig = Rig::new();
        rig.acquire(&Reply::Issued("first", 5, None));
        set_wall_forward(&rig, Duration::from_millis(drift));
        rig.snapshot_serves().is_some()
    };
    assert!(is_hit_after(500));
    assert!(!is_hit_after(501));
}

#[test]
fn suspensions_below_the_drift_limit_never_add_up_to_an_expired_token() {
    for mut rig in hosts() {
        rig.advance(2690.0);
        // Each second a suspension of 0.9 s, up to the end of the lifetime.
        for _ in 0..1000 {
            rig.clock.suspend(Duration::from_millis(900));
            rig.advance(0.1);
            let is_served = rig.snapshot_serves().is_some();
            assert!(!is_served || rig.valid_token().is_some());
            if rig.stepped() == "wait" {
                rig.clear();
            }
        }
        assert_eq!(rig.snapshot_serves(), None);
    }
}

#[test]
fn a_snapshot_ends_early_by_one_suspension_below_the_drift_limit() {
    for mut rig in hosts() {
        rig.advance(3560.0);
        let Next::Done(Err(_)) = rig.acquisition(&Reply::Status(503, Some("3600"))) else { panic!() };
        let snapshot = rig.session.snapshot();
        rig.clock.suspend(Duration::from_secs(1));
        rig.advance(38.999);
        assert!(rig.valid_token().is_some());
        rig.advance(0.001);
        assert!(rig.valid_token().is_none());
        assert!(snapshot.token(rig.now().into()).is_none());
    }
}

#[test]
fn a_wall_clock_set_a_year_forward_costs_one_renewal() {
    for mut rig in hosts() {
        rig.advance(60.0);
        set_wall_forward(&rig, YEAR);
        assert_expired(&mut rig);
        rig.replace_secret();
        assert_eq!(acquisitions(&mut rig, Duration::from_secs(2600), |_| HOUR), 1);
        assert_served(&mut rig);
    }
}

#[test]
fn a_wall_clock_set_forward_and_back_makes_no_token_younger() {
    for mut rig in hosts() {
        set_wall_forward(&rig, YEAR);
        assert_expired(&mut rig);
        set_wall_back(&rig, YEAR);
        assert_eq!(rig.snapshot_serves(), None);
        assert_eq!(rig.stepped(), "wait");
    }
}

#[test]
fn a_wall_clock_set_a_year_back_changes_nothing() {
    for mut rig in hosts() {
        rig.advance(60.0);
        set_wall_back(&rig, YEAR);
        assert_eq!(rig.snapshot_serves(), None, "the session has to read every clock");
        assert_served(&mut rig);
        rig.advance(2600.0);
        assert_served(&mut rig);
        rig.advance(940.0);
        assert_expired(&mut rig);
    }
}

#[test]
fn a_suspension_and_a_wall_clock_set_back_by_more_serve_no_expired_token() {
    let mut rig = Rig::with_boot_clock();
    rig.acquire(&HOUR);
    rig.clock.suspend(HOUR_LONG);
    set_wall_back(&rig, YEAR);
    assert_expired(&mut rig);
}

#[test]
fn an_observed_suspension_counts_for_good_without_a_boot_clock() {
    let mut rig = Rig::new();
    rig.acquire(&HOUR);
    rig.clock.suspend(HOUR_LONG / 2);
    assert_served(&mut rig);
    set_wall_back(&rig, HOUR_LONG / 2);
    assert_served(&mut rig);
    rig.advance(1800.0);
    assert_expired(&mut rig);
}

/// The two coarse clocks of a hit cannot show this suspension.
#[test]
fn a_suspension_that_the_wall_clock_hides_is_seen_only_by_a_step() {
    let mut rig = Rig::with_boot_clock();
    rig.acquire(&HOUR);
    rig.clock.suspend(HOUR_LONG);
    set_wall_back(&rig, HOUR_LONG);
    assert_eq!(rig.stepped(), "start");
    assert_eq!(rig.snapshot_serves(), None, "the step has observed it");
}

#[test]
fn a_suspension_that_the_wall_clock_hides_lets_a_token_be_served_for_a_minute_at_most() {
    let mut rig = Rig::with_boot_clock();
    rig.acquire(&HOUR);
    rig.clock.suspend(HOUR_LONG);
    set_wall_back(&rig, HOUR_LONG);
    let mut served = 0;
    while rig.snapshot_serves().is_some() {
        rig.advance(1.0);
        served += 1;
    }
    assert_eq!(served, 60, "the documented bound");
    assert_expired(&mut rig);
}

#[test]
fn a_step_a_minute_keeps_a_fresh_token_a_hit() {
    for mut rig in hosts() {
        let mut steps = 0;
        for _ in 0..2690 {
            rig.advance(1.0);
            if rig.snapshot_serves().is_none() {
                steps += 1;
                assert_served(&mut rig);
            }
        }
        assert_eq!(steps, 2690 / 60);
    }
}

#[test]
fn reading_the_valid_token_makes_it_a_hit_again() {
    for mut rig in hosts() {
        rig.advance(60.0);
        assert_eq!(rig.snapshot_serves(), None);
        assert!(rig.valid_token().is_some());
        assert_eq!(rig.snapshot_serves().as_deref(), Some("first"));
    }
}

#[test]
fn a_token_that_does_not_expire_stays_a_hit() {
    let mut rig = Rig::with_boot_clock();
    rig.acquire(&Reply::Issued("first", 0, None));
    rig.advance(86_400.0);
    assert_eq!(rig.snapshot_serves().as_deref(), Some("first"));
}

#[test]
fn a_wall_clock_that_is_always_wrong_changes_nothing() {
    let day = Duration::from_secs(86_400);
    let right = ManualClock::new().now().wall();
    let count = |wall| {
        let mut rig = Rig::on(ManualClock::starting_at(wall), 7);
        // The clock of the service is right.
        let reply = move |rig: &Rig| {
            let passed = rig.now().monotonic();
            let date = httpdate::fmt_http_date(right + passed);
            let issued_at = (right + passed).duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
            let body = issued_body(&jwt(issued_at, issued_at + 3600), 3600, None);
            Reply::Whole(200, vec![("date", date)], body)
        };
        acquisitions(&mut rig, day, reply)
    };
    let expected = count(right);
    assert!((27..=33).contains(&expected), "{expected}");
    assert_eq!([count(right - YEAR), count(right + YEAR)], [expected; 2]);
}

/// The clock of the service is ahead of the local one by a part of a second that changes with each token.
#[test]
fn no_short_token_is_refused_as_expired_by_a_service_that_counts_whole_seconds() {
    let random = &mut fastrand::Rng::with_seed(7);
    let whole = |moment: SystemTime| moment.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut lives = 0;
    while lives < 5000 {
        let mut rig = Rig::on(ManualClock::new(), random.u64(..));
        let lifetime = random.u64(2..=20);
        let ahead = Duration::from_nanos(random.u64(..5_000_000_000));
        let id = rig.start();
        let call = rig.call(id);
        let sent = rig.now();
        rig.advance(random.f64());
        let issued_at = whole(rig.now().wall() + ahead);
        rig.advance(random.f64());
        let date = httpdate::fmt_http_date(rig.now().wall() + ahead);
        let headers = if random.bool() { vec![("date", date)] } else { vec![] };
        let body = issued_body(&jwt(issued_at as i64, (issued_at + lifetime) as i64), 0, None);
        let now = rig.now();
        let next = rig.session.finish(id, answer(&call, &Reply::Whole(200, headers, body), sent), now);
        if came_to(&next) == "token" {
            lives += 1;
        }
        let pause = 0.01 + random.f64() / 10.0;
        while rig.snapshot_serves().is_some() || rig.valid_token().is_some() {
            let service = whole(rig.now().wall() + ahead);
            assert!(service < issued_at + lifetime, "{lifetime} s, {ahead:?} ahead");
            rig.advance(pause);
        }
    }
}

#[test]
fn a_slewed_wall_clock_ages_no_token_early_and_keeps_hits() {
    for mut rig in hosts() {
        let mut misses = 0;
        // The wall clock runs 0.05 % fast, the most that a time service slews.
        for _ in 0..260 {
            rig.advance(10.0);
            set_wall_forward(&rig, Duration::from_millis(5));
            if rig.snapshot_serves().is_none() {
                misses += 1;
                assert_served(&mut rig);
            }
        }
        assert_eq!(misses, 2600 / 60, "one miss each minute, and none for the drift");
    }
}
