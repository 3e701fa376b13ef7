//! [`MinimumRequests`]: the minimum number of token requests for a day, calculated without a provider.

use super::timetable::{BUSY_FOR, Incident, LIFETIME, STEP};

/// One user's day, with calls at every step. A step needs a request when there is no valid token, or when the
/// token has entered the last fifth of its life. That is one request per step, except that
///
/// - none is made before the time that the service has named in `Retry-After`; but if it has postponed a refresh
///   alone, the credential is used once no token is valid;
/// - none is made with a secret that was refused within the last minute;
/// - a second one, with the credential, follows a refresh token that is refused, lost, or postponed while no
///   token is valid.
#[derive(Debug)]
pub(crate) struct MinimumRequests {
    service_caches: bool,
    token: Option<Token>,
    refresh_token: Option<RefreshToken>,
    /// When the token in the service's cache expires.
    cached_until: u64,
    retry_at: u64,
    retry_refresh_at: u64,
    secret_refused_at: Option<u64>,
}

/// The times of a token, in seconds since the start of the day.
#[derive(Debug, Clone, Copy)]
struct Token {
    from: u64,
    until: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RefreshToken {
    Good,
    Refused,
}

/// What one step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) requests: u64,
    pub(crate) is_served: bool,
}

impl MinimumRequests {
    pub(crate) const fn new(service_caches: bool) -> Self {
        Self {
            service_caches,
            token: None,
            refresh_token: None,
            cached_until: 0,
            retry_at: 0,
            retry_refresh_at: 0,
            secret_refused_at: None,
        }
    }

    /// The provider is seeded with a token.
    pub(crate) fn seed(&mut self, now: u64) {
        self.issue(now, now + LIFETIME.as_secs());
    }

    /// The token becomes useless, which the provider notices at the next step at the latest.
    pub(crate) fn lose_token(&mut self) {
        self.token = None;
    }

    /// The service forgets the tokens that it has issued: it refuses the refresh token and its cache is
    /// empty.
    pub(crate) fn forget_at_the_service(&mut self) {
        self.refresh_token = self.refresh_token.map(|_| RefreshToken::Refused);
        self.cached_until = 0;
    }

    /// The provider forgets everything.
    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.service_caches);
    }

    pub(crate) fn pass(&mut self, now: u64, incident: Option<Incident>) -> Due {
        let is_due = self.token.is_none_or(|token| 5 * (now - token.from) >= 4 * (token.until - token.from));
        let retry_at =
            if self.is_valid(now) { self.retry_at.max(self.retry_refresh_at) } else { self.retry_at };
        let requests = if is_due && now >= retry_at { self.request(now, incident) } else { 0 };
        Due { requests, is_served: self.is_valid(now) }
    }

    fn is_valid(&self, now: u64) -> bool {
        self.token.is_some_and(|token| now < token.until)
    }

    fn request(&mut self, now: u64, incident: Option<Incident>) -> u64 {
        let is_refused = incident == Some(Incident::SecretReplaced);
        if is_refused && self.secret_refused_at.is_some_and(|refused_at| now - refused_at < COOL_DOWN) {
            return 0;
        }
        match (self.refresh_token.take(), incident) {
            (None, _) => self.by_credential(now, incident),
            (kept, _) if now < self.retry_refresh_at => {
                self.refresh_token = kept;
                self.by_credential(now, incident)
            }
            (kept, Some(Incident::Busy)) => {
                self.refresh_token = kept;
                self.retry_refresh_at = now + BUSY_FOR.as_secs();
                if self.is_valid(now) { 1 } else { 1 + self.by_credential(now, incident) }
            }
            (Some(_), Some(Incident::ConnectionsDrop | Incident::SecretReplaced))
            | (Some(RefreshToken::Refused), _) => 1 + self.by_credential(now, incident),
            (Some(RefreshToken::Good), _) => {
                self.issue(now, now + LIFETIME.as_secs());
                1
            }
        }
    }

    fn by_credential(&mut self, now: u64, incident: Option<Incident>) -> u64 {
        match incident {
            Some(Incident::Busy) => self.retry_at = now + BUSY_FOR.as_secs(),
            Some(Incident::ConnectionsDrop) => {}
            Some(Incident::SecretReplaced) => self.secret_refused_at = Some(now),
            _ if self.service_caches && now < self.cached_until => {
                // With a longer life, the jitter would decide when the token is due.
                assert!(self.cached_until - now <= 2 * STEP.as_secs());
                self.issue(now, self.cached_until);
            }
            _ => self.issue(now, now + LIFETIME.as_secs()),
        }
        1
    }

    fn issue(&mut self, now: u64, until: u64) {
        self.token = Some(Token { from: now, until });
        self.refresh_token = Some(RefreshToken::Good);
        self.cached_until = until;
    }
}

const COOL_DOWN: u64 = 60;

/// Calculated by hand: a token of 300 s is due after 240 s.
#[test]
fn a_day_without_incidents_needs_a_request_each_four_fifths_of_a_life() {
    let mut minimum_requests = MinimumRequests::new(true);
    let hour = (0..120).map(|step| minimum_requests.pass(step * STEP.as_secs(), None));
    assert_eq!(hour.map(|due| due.requests).sum::<u64>(), 3600 / 240);
}

/// Calculated by hand. At 240 s the service postpones the refresh to 360 s. The token expires at 300 s, and the
/// credential is postponed to 420 s. From then on both are, every 120 s.
#[test]
fn an_outage_needs_one_acquisition_per_named_retry_time() {
    let mut minimum_requests = MinimumRequests::new(false);
    minimum_requests.seed(0);
    let outage = (1..=20).map(|step| minimum_requests.pass(step * STEP.as_secs(), Some(Incident::Busy)));
    let outage: Vec<_> = outage.collect();
    assert_eq!(outage.iter().map(|due| due.requests).sum::<u64>(), 1 + 1 + 2 + 2);
    assert_eq!(outage.iter().filter(|due| due.is_served).count(), 9);
    assert_eq!(minimum_requests.pass(21 * STEP.as_secs(), None), Due { requests: 0, is_served: false });
    assert_eq!(minimum_requests.pass(22 * STEP.as_secs(), None), Due { requests: 1, is_served: true });
}
