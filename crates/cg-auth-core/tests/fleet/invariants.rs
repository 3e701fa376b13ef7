//! [`violations`]: what must hold in every run.

use std::time::Duration;

use crate::{
    plan::seconds,
    run::{Call, Incident, Kind, Record},
    service::Caching,
};

/// Each invariant that the run breaks, in words. A token that has expired or was refused ends the run at once.
pub(crate) fn violations(record: &Record) -> Vec<String> {
    let mut violations = record.violations.clone();
    violations.extend(
        record
            .calls
            .iter()
            .filter_map(|call| failed_for_nothing(record, call).or_else(|| waited_too_long(record, call))),
    );
    violations.extend(too_many_acquisitions(record));
    violations
}

/// No call fails while the service answers, even if the store fails.
fn failed_for_nothing(record: &Record, call: &Call) -> Option<String> {
    let error = call.error.as_ref()?;
    let has_cause = record.incidents.iter().any(|incident| match incident.kind {
        // The longest back-off of a process, which begins once it has read the last failed answer.
        Kind::ServiceUnavailable => {
            let read = record.frozen_until(call.host, incident.ended + record.plan.latency * 2);
            incident.concerns(call, read - incident.ended + seconds(62.0))
        }
        Kind::SecretRefused => incident.concerns(call, seconds(4.0)),
        Kind::Frozen => incident.host == Some(call.host) && incident.concerns(call, seconds(2.0)),
        _ => false,
    });
    let Call { host, began, ended, .. } = call;
    (!has_cause).then(|| format!("host {host} fails at {ended:?} after {:?}: {error}", *ended - *began))
}

/// While store and service answer, a call waits at most for one lease, one poll and one acquisition for each
/// holder that fails.
fn waited_too_long(record: &Record, call: &Call) -> Option<String> {
    let is_excused = record.incidents.iter().any(|incident| match incident.kind {
        Kind::ServiceUnavailable => incident.concerns(call, seconds(62.0)),
        Kind::StoreUnavailable | Kind::SecretRefused => incident.concerns(call, seconds(7.0)),
        Kind::Frozen => incident.host == Some(call.host) && incident.concerns(call, Duration::ZERO),
        _ => false,
    });
    let failed = record.incidents.iter().filter(|incident| {
        let is_loss =
            matches!(incident.kind, Kind::Holder | Kind::LostAnswer | Kind::Revoked | Kind::Rotated);
        is_loss && incident.concerns(call, seconds(30.0))
    });
    let unreached = record.unreached.iter().filter(|at| (call.began..call.ended).contains(*at)).count();
    let acquisition = record.plan.latency * 2 + seconds(1.0);
    let allowed = (seconds(6.4) + acquisition) * (u32::try_from(failed.count()).unwrap() + 1)
        + seconds(1.5) * u32::try_from(unreached).unwrap();
    let Call { host, began, ended, .. } = call;
    let waited = *ended - *began;
    (!is_excused && waited > allowed)
        .then(|| format!("host {host} waits for {waited:?} from {began:?} on, {allowed:?} are allowed"))
}

/// At most one acquisition per expiry in each healthy period, and one for each holder that fails. A service that
/// caches issues each token twice.
fn too_many_acquisitions(record: &Record) -> Option<String> {
    let plan = &record.plan;
    let outages: Vec<_> =
        record.incidents.iter().filter(|incident| incident.kind == Kind::StoreUnavailable).collect();
    let is_apart = |at: Duration, host: usize| {
        let concerns = |it: &&&Incident| {
            it.host.is_none_or(|of| of == host)
                && (it.began..it.ended + seconds(12.0) + plan.latency * 2).contains(&at)
        };
        outages.iter().any(|it| concerns(&it))
    };
    let counted = record.issued.iter().filter(|(at, host)| !is_apart(*at, *host)).count();
    let periods = 1 + outages.iter().filter(|outage| outage.host.is_none()).count();
    // The early window begins after at least 70 % of the lifetime, which is counted in whole seconds.
    let expiries =
        (plan.length.as_secs_f64() / (plan.lifetime.as_secs_f64() * 0.68)).ceil() as usize + periods;
    let count = |kind| record.incidents.iter().filter(|incident| incident.kind == kind).count();
    let faults =
        count(Kind::Holder) + count(Kind::LostAnswer) + 2 * (count(Kind::Revoked) + count(Kind::Rotated));
    let allowed = if plan.caching == Caching::Off { 1 } else { 2 } * (expiries + faults);
    (counted > allowed).then(|| format!("{counted} acquisitions, {allowed} are allowed"))
}

impl Record {
    /// When `host` goes on that may have been frozen at `at`.
    fn frozen_until(&self, host: usize, at: Duration) -> Duration {
        let is_frozen = |it: &&Incident| it.kind == Kind::Frozen && it.host == Some(host) && it.began <= at;
        self.incidents.iter().filter(is_frozen).map(|it| it.ended).fold(at, Duration::max)
    }
}

impl Incident {
    /// Whether the call was made during the incident or within `after` of it.
    fn concerns(&self, call: &Call, after: Duration) -> bool {
        self.host.is_none_or(|host| host == call.host)
            && call.began <= self.ended + after
            && call.ended >= self.began
    }
}
