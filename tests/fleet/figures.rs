//! [`Figures`]: what a run prints and checks. It counts the requests that the service has recorded, and measures no speed.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cg_auth_emulator::{Operation, RecordedRequest};
use cg_auth_tests::fleet::Report;
use http::StatusCode;

use crate::rig::process_of;

/// What has happened to a fleet.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) killed: BTreeSet<u32>,
    /// The processes that were stopped for a while. How long their calls took shows nothing.
    pub(crate) stopped: BTreeSet<u32>,
    pub(crate) stops: usize,
    /// When the store was down or lost its data.
    pub(crate) outages: Vec<Window>,
    reports: Vec<(u32, &'static str, Report)>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) begun: SystemTime,
    pub(crate) end: SystemTime,
}

impl Figures {
    pub(crate) fn add(&mut self, id: u32, transport: &'static str, report: Report) {
        self.reports.push((id, transport, report));
    }

    #[allow(clippy::print_stdout)] // the figures are half of what the test is for
    pub(crate) fn print_and_check(&self, name: &str, requests: &[RecordedRequest], caches: bool) {
        let acquisitions: Vec<_> =
            requests.iter().filter(|it| it.operation() == Operation::GetDelegateAccessToken).collect();
        let duration = requests.last().unwrap().received_at().duration_since(requests[0].received_at());
        let counted: Vec<_> =
            acquisitions.iter().copied().filter(|it| !self.is_outage(it.received_at())).collect();
        let due = if caches { due_of_tokens(&counted) } else { due_by_time(&counted) };
        let excess = counted.len() - due;
        let (stalls, failures) = (self.outside(|it| &it.stalls), self.outside(|it| &it.store_unavailable));
        let sum = |number: fn(&Report) -> u64| self.reports.iter().map(|(_, _, it)| number(it)).sum::<u64>();
        let waits = self.reports.iter().filter(|(id, ..)| !self.stopped.contains(id));
        let longest = waits.max_by_key(|(_, _, report)| report.longest_wait).unwrap();

        println!("{name}, {:.0?}:", duration.unwrap());
        println!(
            "  {} acquisitions, {} of them while the store was down; of {} others {due} were due, {excess} not",
            acquisitions.len(),
            acquisitions.len() - counted.len(),
            counted.len(),
        );
        println!(
            "  {} processes were served {} times, {} calls failed, {} tokens had expired; {} adoptions",
            self.reports.len(),
            sum(|it| it.served),
            sum(|it| it.failed),
            sum(|it| it.expired),
            sum(|it| it.adopted),
        );
        println!(
            "  {} killed, {} stopped, {} outages of the store; {stalls} stalls of the machine and {failures} \
             failures of the store besides; the longest wait was {:?}, over {}",
            self.killed.len(),
            self.stops,
            self.outages.len(),
            longest.2.longest_wait,
            longest.1
        );

        for (id, transport, Report { failed, last_error, expired, served, .. }) in &self.reports {
            assert_eq!(*failed, 0, "{name}: a call of process {id} over {transport} failed: {last_error}");
            assert_eq!(*expired, 0, "{name}: process {id} over {transport} was served an expired token");
            assert!(*served > 0 || self.killed.contains(id), "{name}: process {id} was never served");
        }
        let is_refusal = |it: &&&RecordedRequest| it.status().is_some_and(|status| status != StatusCode::OK);
        let refused: Vec<_> = acquisitions.iter().filter(is_refusal).collect();
        assert!(refused.is_empty(), "{name}: the service refused {refused:?}");
        let refreshes = requests.iter().filter(|it| it.operation() == Operation::RefreshUserAccessToken);
        assert_eq!(refreshes.count(), 0, "{name}: a fleet uses no refresh token");
        assert!(due >= 2, "{name}: no token expired");
        // A request that takes long may find the old token again, in its last moments.
        let slow = if caches { 1 + due / 20 } else { 0 };
        let allowed = self.killed.len() + self.stops + stalls + PER_FAILURE * failures + slow;
        assert!(
            excess <= allowed,
            "{name}: {excess} acquisitions were not due, {allowed} are allowed: {:#?}",
            timetable(&counted)
        );
    }

    /// How often it happened outside of the outages of the store.
    fn outside(&self, times: fn(&Report) -> &Vec<Duration>) -> usize {
        let reports = self.reports.iter().filter(|(id, ..)| !self.stopped.contains(id));
        reports.flat_map(|(_, _, it)| times(it)).filter(|at| !self.is_outage(UNIX_EPOCH + **at)).count()
    }

    fn is_outage(&self, at: SystemTime) -> bool {
        self.outages.iter().any(|it| (it.begun..it.end).contains(&at))
    }
}

/// Who acquired when, and which token.
fn timetable(acquisitions: &[&RecordedRequest]) -> Vec<String> {
    let begun = acquisitions[0].received_at();
    let line = |it: &&RecordedRequest| {
        let at = it.received_at().duration_since(begun).unwrap_or_default();
        format!("{at:.3?}: process {} gets {:?}", process_of(it), it.issued_access_token_digest())
    };
    acquisitions.iter().map(line).collect()
}

/// How many acquisitions were due. One is due if it began at least [`EARLIEST`] after the last one that was due.
fn due_by_time(acquisitions: &[&RecordedRequest]) -> usize {
    let mut last = UNIX_EPOCH;
    let is_due = |it: &&&RecordedRequest| {
        let is_due = it.received_at() >= last + EARLIEST;
        if is_due {
            last = it.received_at();
        }
        is_due
    };
    acquisitions.iter().filter(is_due).count()
}

/// How many acquisitions were due where the service caches tokens: two for each token.
fn due_of_tokens(acquisitions: &[&RecordedRequest]) -> usize {
    let mut tokens: HashMap<_, usize> = HashMap::new();
    for acquisition in acquisitions {
        *tokens.entry(acquisition.issued_access_token_digest()).or_default() += 1;
    }
    tokens.into_values().map(|count| count.min(2)).sum()
}

/// No process renews a token of four seconds earlier. It is served for three, because its claims count whole seconds,
/// and the store tells of a tenth less. The early window begins after seven tenths of that.
const EARLIEST: Duration = Duration::from_millis(1_200);
/// While one process does not ask the store, it acquires for itself. In these five seconds it needs a token twice, and
/// a service that caches is asked twice for each.
const PER_FAILURE: usize = 4;
