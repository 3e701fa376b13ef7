//! [`Figures`]: what a run counts, prints and checks.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use cg_auth_core::{causes::cause_chain, time::Now, token::Event};

use crate::{
    process::Process,
    requests::Ledger,
    rig::{PROVIDERS, USERS, user},
    service::{LIFETIME_SECONDS, Received},
};

/// How the requests travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Http1 = 0,
    Http2Tls = 1,
}

/// The figures of one run. They need bounded memory, however long the run is.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    served: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    direct_calls: AtomicU64,
    longest_wait_micros: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// When the calm began, while it lasts.
    calm_since: Option<Duration>,
    events: BTreeMap<&'static str, u64>,
    /// Per user, the acquired tokens, and those that a caller has ended before their time.
    tokens: HashMap<String, (u64, u64)>,
    /// Requests with the secret that the service refuses.
    with_refused_secret: u64,
    violations: Vec<String>,
    samples: Vec<Sample>,
    calls: [u64; 2],
    sent: [u64; 2],
    received: Received,
}

/// The time since the run began, live bytes, and resident memory in KiB.
#[derive(Debug, Clone, Copy)]
struct Sample(Duration, i64, u64);

impl Figures {
    /// A caller's call has ended. Returns how long it took.
    pub(crate) fn ended(&self, begun: Now, is_served: bool) -> Duration {
        let waited = Now::system().saturating_since(begun);
        let counter = if is_served { &self.served } else { &self.failed };
        counter.fetch_add(1, Relaxed);
        self.longest_wait_micros.fetch_max(waited.as_micros().try_into().unwrap(), Relaxed);
        waited
    }

    pub(crate) fn cancelled(&self) {
        self.cancelled.fetch_add(1, Relaxed);
    }

    pub(crate) fn direct_call(&self) {
        self.direct_calls.fetch_add(1, Relaxed);
    }

    /// A caller has made the user's token useless, if `changes` says so.
    pub(crate) fn forced(&self, user: &str, changes: bool) {
        self.inner().tokens.entry(user.to_owned()).or_default().1 += u64::from(changes);
    }

    /// No acquisition fails that has begun and ended while the service answered.
    pub(crate) fn record(&self, user: &str, event: &Event) {
        let now = Now::system().monotonic();
        let mut inner = self.inner();
        *inner.events.entry(event.name()).or_default() += 1;
        match event {
            Event::Failed { requests, .. } if user == refused_user() => {
                inner.with_refused_secret += u64::from(*requests);
            }
            Event::Acquired { .. } => inner.tokens.entry(user.to_owned()).or_default().0 += 1,
            Event::Failed { took, error, requests, .. } if inner.is_calm_since(now.saturating_sub(*took)) => {
                let error = cause_chain(error);
                inner.violate(format!(
                    "failed while the service answered: {user}, {requests} requests: {error}"
                ));
            }
            _ => {}
        }
    }

    /// From now on no request is disturbed, and no connection is left that was.
    pub(crate) fn begin_calm(&self) {
        self.inner().calm_since = Some(Now::system().monotonic() + SETTLING);
    }

    pub(crate) fn end_calm(&self) {
        self.inner().calm_since = None;
    }

    pub(crate) fn violation(&self, text: String) {
        self.inner().violate(text);
    }

    pub(crate) fn sample(&self, at: Duration, process: &Process) {
        self.inner().samples.push(Sample(at, process.live_bytes, process.resident_kib));
    }

    pub(crate) fn add_calls(&self, wire: Wire, ledger: &Ledger) {
        let mut inner = self.inner();
        inner.calls[wire as usize] = ledger.calls();
        inner.sent[wire as usize] = ledger.requests();
    }

    pub(crate) fn add_requests(&self, received: &Received) {
        self.inner().received = *received;
    }

    #[allow(clippy::print_stdout)] // the figures are half of what the test is for
    pub(crate) fn print(&self, transport: &str, duration: Duration, before: &Process, after: &Process) {
        let [served, failed, cancelled, direct, micros] =
            [&self.served, &self.failed, &self.cancelled, &self.direct_calls, &self.longest_wait_micros]
                .map(|counter| counter.load(Relaxed));
        let inner = self.inner();
        let longest = Duration::from_micros(micros);
        println!("{duration:?} of faults over {transport}:");
        println!(
            "  {served} calls for a token served, {failed} failed, {cancelled} perhaps cancelled; the longest took {longest:?}"
        );
        println!("  {direct} calls without a provider; events: {:?}", inner.events);
        for (wire, index) in [("HTTP/1.1", 0), ("HTTP/2 over TLS", 1)] {
            let (calls, sent) = (inner.calls[index], inner.sent[index]);
            let received = inner.received.by_wire[index];
            println!(
                "  {wire}: {calls} calls, {sent} requests sent, {received} received: {}",
                amplification(received, calls)
            );
        }
        let Received { disturbed, refreshes, .. } = inner.received;
        println!("  {disturbed} requests were disturbed; {refreshes} were refreshes");
        let (acquired, due) = inner.acquired_and_due(duration);
        println!("  users without a pool: {acquired} tokens acquired, {due} at most were due");
        println!("  {} requests with a refused secret", inner.with_refused_secret);
        if let Some([then, now]) = inner.memory() {
            println!(
                "  live memory: {} KiB in the second third, {} KiB in the last",
                then.1 / 1024,
                now.1 / 1024
            );
            println!("  resident: {} KiB in the second third, {} KiB in the last", then.2, now.2);
        }
        println!("  before: {before}");
        println!("  after:  {after}");
    }

    pub(crate) fn check(&self, name: &str, duration: Duration) {
        let inner = self.inner();
        assert!(inner.violations.is_empty(), "{name}: {:#?}", inner.violations);
        for (calls, received) in inner.calls.into_iter().zip(inner.received.by_wire) {
            assert!(calls > 0 && received > 0, "{name}: no calls");
            // A client starts with a budget of ten retries.
            let allowed = calls + calls / 5 + 10;
            assert!(received <= allowed, "{name}: {received} requests for {calls} calls");
        }
        let (acquired, due) = inner.acquired_and_due(duration);
        assert!(acquired <= due, "{name}: {acquired} tokens acquired, {due} at most were due");
        // Over each wire one call a minute, and one after each pause of a failure that was no refusal.
        let allowed = 2 * 3 * (6 + 2 * duration.as_secs() / 60);
        let refused = inner.with_refused_secret;
        assert!(refused <= allowed, "{name}: {refused} requests with a refused secret");
        assert!(self.served.load(Relaxed) > self.failed.load(Relaxed), "{name}: most calls failed");
        if let Some([then, now]) = inner.memory() {
            let live = now.1 - then.1;
            assert!(live < then.1 / 10 + LIVE_GROWTH, "{name}: live memory grew by {live} bytes");
            let resident = now.2.saturating_sub(then.2);
            assert!(
                resident < then.2 / 10 + RESIDENT_GROWTH_KIB,
                "{name}: resident memory grew by {resident} KiB"
            );
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

impl Inner {
    fn is_calm_since(&self, moment: Duration) -> bool {
        self.calm_since.is_some_and(|since| moment > since)
    }

    fn violate(&mut self, text: String) {
        if self.violations.len() < 20 {
            self.violations.push(text);
        }
    }

    /// Of the users that no pool gives up: the tokens acquired, and how many could be due. A token is due
    /// after 0.69 of its lifetime at the earliest, or once a caller has ended it.
    fn acquired_and_due(&self, duration: Duration) -> (u64, u64) {
        let own = |name: &str| (0..PROVIDERS).any(|number| name == user(number).as_str());
        let users = self.tokens.iter().filter(|(user, _)| own(user));
        let (acquired, forced) = users.fold((0, 0), |(a, b), (_, (x, y))| (a + x, b + y));
        let life = (LIFETIME_SECONDS - 1) as f64 * 0.69;
        // Each user exists once per wire. The end of the run takes time too, and clears each user once.
        let in_time = ((duration + ENDING).as_secs_f64() / life).ceil() as u64 + 2;
        (acquired, forced + 2 * PROVIDERS as u64 * in_time)
    }

    /// The medians of the samples of the second third and of the last.
    fn memory(&self) -> Option<[Sample; 2]> {
        let third = self.samples.len() / 3;
        let median = |samples: &[Sample]| {
            let middle = |mut values: Vec<i64>| {
                values.sort_unstable();
                values[values.len() / 2]
            };
            let live = middle(samples.iter().map(|sample| sample.1).collect());
            let resident = middle(samples.iter().map(|sample| sample.2.cast_signed()).collect());
            Sample(samples[0].0, live, resident.cast_unsigned())
        };
        (third > 0).then(|| [median(&self.samples[third..2 * third]), median(&self.samples[2 * third..])])
    }
}

fn refused_user() -> String {
    user(USERS).as_str().to_owned()
}

fn amplification(requests: u64, calls: u64) -> String {
    format!("{:.3} requests per call", requests as f64 / calls as f64)
}

/// A request that was disturbed before the calm may end in it, and its connection with it.
const SETTLING: Duration = Duration::from_millis(100);
const ENDING: Duration = Duration::from_secs(10);
/// Half of what a leak of a hundred bytes per request adds in ten minutes.
const LIVE_GROWTH: i64 = 512 * 1024;
const RESIDENT_GROWTH_KIB: u64 = 4 * 1024;
