//! A fleet of eight real processes over real stores: they make one acquisition per expiry, and no call fails,
//! whatever is killed, stopped or lost.
//!
//! `cargo test` runs it for seconds. The long run takes a minute for each test:
//!
//!     CG_AUTH_FLEET_SECONDS=60 cargo test -p cg-auth-tests --test fleet -- --nocapture

// A failed expectation in a helper is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(unix)] // it stops processes

mod figures;
mod folder;
mod redis_server;
mod rig;

use std::{env, time::Duration};

use cg_auth_core::time::Now;

use crate::rig::Rig;

/// A store that the processes share, and what can happen to it.
trait Place {
    fn url(&self) -> String;
    /// Makes it unusable for `duration`. It keeps what it holds.
    fn be_unusable(&mut self, duration: Duration);
    /// Makes it unusable for `duration` and removes what it holds.
    fn be_lost(&mut self, duration: Duration);
}

/// A fleet in which nothing fails.
fn healthy(name: &str, place: &impl Place, caches: bool) {
    let rig = Rig::start(&place.url(), caches);
    rig.pass(duration().unwrap_or(Duration::from_secs(9)));
    rig.end(name);
}

/// Everything fails, one after the other, at least once.
fn whatever_fails(name: &str, place: &mut impl Place, caches: bool) {
    let mut rig = Rig::start(&place.url(), caches);
    let outage = Duration::from_secs(if duration().is_some() { 10 } else { 2 });
    let begun = Now::system().monotonic();
    loop {
        rig.kill_any();
        rig.kill_holder();
        rig.kill_any();
        rig.stop_holder(LONGER_THAN_A_LEASE);
        rig.without_store(|| place.be_unusable(outage));
        rig.pass(AFTER_AN_OUTAGE);
        rig.without_store(|| place.be_lost(outage));
        rig.pass(AFTER_AN_OUTAGE);
        if Now::system().monotonic() - begun >= duration().unwrap_or_default() {
            break;
        }
    }
    rig.end(name);
}

/// The duration of a long run.
fn duration() -> Option<Duration> {
    let seconds = env::var("CG_AUTH_FLEET_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().unwrap()))
}

/// The tests of one kind of store.
macro_rules! fleet_tests {
    ($kind:ident, $place:expr) => {
        mod $kind {
            use crate::{healthy, whatever_fails};

            #[test]
            fn eight_processes_make_one_acquisition_per_expiry() {
                let Some(place) = $place else { return };
                healthy(concat!(stringify!($kind), ", no cache"), &place, false);
            }

            #[test]
            fn eight_processes_make_two_acquisitions_per_expiry_where_the_service_caches() {
                let Some(place) = $place else { return };
                healthy(concat!(stringify!($kind), ", the service caches"), &place, true);
            }

            #[test]
            fn no_call_fails_whatever_is_killed_or_stopped_or_lost() {
                let Some(mut place) = $place else { return };
                whatever_fails(concat!(stringify!($kind), ", faults"), &mut place, false);
            }

            #[test]
            fn no_call_fails_whatever_is_killed_or_stopped_or_lost_where_the_service_caches() {
                let Some(mut place) = $place else { return };
                whatever_fails(concat!(stringify!($kind), ", faults, the service caches"), &mut place, true);
            }
        }
    };
}

fleet_tests!(on_a_file, Some(crate::folder::Folder::new()));
fleet_tests!(on_redis, cg_auth_tests::redis_server::RedisServer::start(&[]));

const LONGER_THAN_A_LEASE: Duration = Duration::from_secs(7);
/// A little longer than a process leaves a failed store alone.
const AFTER_AN_OUTAGE: Duration = Duration::from_secs(8);
