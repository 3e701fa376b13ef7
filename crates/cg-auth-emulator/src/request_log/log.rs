//! [`RequestLog`]: the newest requests, and the number of requests for each operation.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, Semaphore, watch};

use super::{connection_number::ConnectionNumber, filter::RequestFilter, recorded_request::RecordedRequest};
use crate::operation::Operation;

/// The received requests. The log keeps the newest [`MAX_REQUESTS`] and counts all of them.
#[derive(Debug)]
pub(crate) struct RequestLog {
    entries: Mutex<Entries>,
    arrival: Notify,
    observer: Option<Observer>,
    /// The permits of the waits over HTTP. Each holds a connection, so they are few.
    pub(super) waits: Semaphore,
    pub(super) closed: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Entries {
    requests: VecDeque<RecordedRequest>,
    /// The counts of each user, by the name in lower case, at most of [`MAX_COUNTED_USERS`]. The requests
    /// that name no known user, and those of further users, are under the empty name.
    counts: HashMap<String, [u64; Operation::ALL.len()]>,
    forgotten: u64,
    last_number: u64,
    last_connection: u64,
    resets: u64,
}

impl RequestLog {
    pub(crate) fn new(observer: Option<Observer>) -> Self {
        Self {
            entries: Mutex::default(),
            arrival: Notify::new(),
            observer,
            waits: Semaphore::new(MAX_WAITS),
            closed: watch::Sender::new(false),
        }
    }

    /// Ends every wait over HTTP, because the emulator shuts down.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Numbers, records and counts a request that has been read.
    pub(super) fn begin(&self, request: &mut RecordedRequest, connection: &ConnectionNumber) {
        let mut entries = self.entries();
        entries.last_number += 1;
        request.number = entries.last_number;
        request.resets = entries.resets;
        request.connection = connection.since_reset(entries.resets, || {
            entries.last_connection += 1;
            entries.last_connection
        });
        let user = request.user().unwrap_or_default().to_ascii_lowercase();
        let is_counted = entries.counts.len() < MAX_COUNTED_USERS || entries.counts.contains_key(&user);
        let counts = entries.counts.entry(if is_counted { user } else { String::new() }).or_default();
        counts[index(request.operation())] += 1;
        if entries.requests.len() == MAX_REQUESTS {
            entries.requests.pop_front();
            entries.forgotten += 1;
        }
        entries.requests.push_back(request.clone());
        drop(entries);
        self.arrival.notify_waiters();
    }

    /// Records the end of a request, if the log still holds it, and calls the observer.
    pub(super) fn finish(&self, request: &RecordedRequest) {
        let mut entries = self.entries();
        let oldest = entries.requests.front().map_or(0, |request| request.number);
        let index = request.number.checked_sub(oldest).and_then(|index| usize::try_from(index).ok());
        let kept = index.and_then(|index| entries.requests.get_mut(index));
        // After a reset, another request has the number.
        if let Some(kept) = kept.filter(|kept| kept.resets == request.resets) {
            kept.clone_from(request);
        }
        drop(entries);
        if let Some(Observer(observer)) = &self.observer {
            observer(request);
        }
    }

    /// The kept requests, oldest first.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.entries().requests.iter().cloned().collect()
    }

    /// The kept requests that the filter selects, oldest first.
    pub(crate) fn matching(&self, filter: &RequestFilter) -> Vec<RecordedRequest> {
        let entries = self.entries();
        let matching = entries.requests.iter().filter(|request| filter.matches(request));
        matching.take(filter.limit.unwrap_or(usize::MAX)).cloned().collect()
    }

    pub(crate) fn count(&self, operation: Operation) -> u64 {
        self.count_matching(&RequestFilter::new().operation(operation))
    }

    /// How many requests match. Forgotten requests count too, unless the filter has a `since`.
    pub(crate) fn count_matching(&self, filter: &RequestFilter) -> u64 {
        let entries = self.entries();
        if filter.since > 0 {
            return entries.requests.iter().filter(|request| filter.matches(request)).count() as u64;
        }
        let counts = entries.counts.iter();
        let counts = counts.filter(|(user, _)| filter.user.as_ref().is_none_or(|wanted| wanted == *user));
        let one = |counts: &[u64]| filter.operation.map_or(counts.iter().sum(), |it| counts[index(it)]);
        counts.map(|(_, counts)| one(counts)).sum()
    }

    /// How many counted requests the log no longer keeps.
    pub(crate) fn forgotten(&self) -> u64 {
        self.entries().forgotten
    }

    /// Waits until `n` requests that match have been counted.
    pub(super) async fn wait_for_count(&self, filter: &RequestFilter, n: u64) {
        loop {
            // Registered before the count is read, so that no arrival in between is missed.
            let arrival = self.arrival.notified();
            if self.count_matching(filter) >= n {
                return;
            }
            arrival.await;
        }
    }

    /// Forgets requests and counts. The numbers of later requests and connections continue.
    pub(crate) fn clear(&self) {
        let mut entries = self.entries();
        let Entries { last_number, last_connection, resets, .. } = *entries;
        *entries = Entries { last_number, last_connection, resets, ..Entries::default() };
    }

    /// Forgets requests and counts. The numbers of later requests and connections start again at 1.
    pub(crate) fn reset(&self) {
        let mut entries = self.entries();
        *entries = Entries { resets: entries.resets + 1, ..Entries::default() };
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The callback for every request that was answered or abandoned.
#[derive(Clone)]
pub(crate) struct Observer(pub(crate) Arc<dyn Fn(&RecordedRequest) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The index of an operation's count.
fn index(operation: Operation) -> usize {
    Operation::ALL.iter().position(|it| *it == operation).unwrap_or(0)
}

/// How many requests the log keeps.
pub(crate) const MAX_REQUESTS: usize = 1024;
/// How many requests may wait over HTTP at once.
pub(crate) const MAX_WAITS: usize = 64;
/// How many users the log counts the requests of.
const MAX_COUNTED_USERS: usize = 65_536;
