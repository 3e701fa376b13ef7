//! [`Reference`]: what a session may do, derived from the true time in the simplest way.

use std::{collections::HashSet, time::Duration};

use super::{
    Ending, Given,
    age::{HeldToken, Moment, Phase},
};

pub(super) struct Reference {
    now: Moment,
    has_missed_a_suspension: bool,
    held: Option<HeldToken>,
    refresh_token: Option<String>,
    was_sent: bool,
    /// Refresh tokens that must not be sent: rotated, refused, lost or forgotten.
    dead: HashSet<String>,
    refusals: u32,
    acquisition: Option<Acquisition>,
    failures: u32,
    /// The end of the back-off by the monotonic clock.
    back_off_ends: Duration,
    /// Whether the service said "later" to a refresh while a token was valid. Then the back-off lasts only as
    /// long as the token.
    back_off_is_of_refresh: bool,
    refused: Option<(&'static str, Duration)>,
    postponements: u32,
    /// When refreshes were paused, the shortest and the longest time.
    refresh_pause: Option<(Duration, Duration, Duration)>,
}

#[derive(Default)]
struct Acquisition {
    secret: Option<&'static str>,
    refresh_token: Option<String>,
    was_new: bool,
    sent: Option<Moment>,
}

#[derive(Debug)]
pub(super) enum Expected {
    /// A call with one of these refresh tokens, or with the credential.
    Call(Vec<Option<String>>),
    /// The service says "later" to a refresh. If a token is valid that is a failure, else the credential
    /// follows. Both may be right if the clocks disagree.
    Postponed {
        named: Option<Duration>,
        may_fail: bool,
        may_call: bool,
    },
    Token(HeldToken),
    TokenUnlessClocksSayNo(HeldToken),
    /// A failure with the `Retry-After` of the service.
    Failure(Option<Duration>),
    /// The service has refused the same secret now or during its cool-down.
    SameRefusal {
        was_sent: bool,
    },
}

impl Reference {
    pub(super) fn new(has_boot_clock: bool) -> Self {
        Self {
            now: Moment { truth: Duration::ZERO, monotonic: Duration::ZERO, settings: 0, has_boot_clock },
            has_missed_a_suspension: false,
            held: None,
            refresh_token: None,
            was_sent: false,
            dead: HashSet::new(),
            refusals: 0,
            acquisition: None,
            failures: 0,
            back_off_ends: Duration::ZERO,
            back_off_is_of_refresh: false,
            refused: None,
            postponements: 0,
            refresh_pause: None,
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.truth += time;
        self.now.monotonic += time;
    }

    pub(super) fn until_aged(&self, thousandths: u32) -> Duration {
        let Some((held, lifetime)) = self.held.and_then(|held| Some((held, held.lifetime?))) else {
            return Duration::ZERO;
        };
        (lifetime * thousandths / 1000).saturating_sub(self.now.truth - held.sent.truth)
    }

    pub(super) fn suspend(&mut self, time: Duration) {
        self.now.truth += time;
        self.has_missed_a_suspension = true;
    }

    pub(super) fn set_wall(&mut self) {
        self.now.settings += 1;
    }

    /// A step observes every suspension.
    pub(super) fn look_closer(&mut self) {
        self.has_missed_a_suspension = false;
    }

    pub(super) fn has_missed_a_suspension(&self) -> bool {
        self.has_missed_a_suspension
    }

    /// The steps that are correct.
    pub(super) fn allowed(&self) -> Vec<&'static str> {
        let is_busy = self.acquisition.is_some();
        let backs_off = |phase: &Phase| {
            self.is_backing_off() && !(*phase == Phase::Expired && self.back_off_is_of_refresh)
        };
        let step = |phase: &Phase| match (phase, is_busy, backs_off(phase)) {
            (Phase::Fresh, ..) | (Phase::Early, true, _) | (Phase::Early | Phase::Margin, false, true) => {
                "serve"
            }
            (Phase::Early, false, false) => "serve and start",
            (_, true, _) => "wait",
            (Phase::Expired, false, true) => "fail",
            (_, false, false) => "start",
        };
        self.phases().iter().map(step).collect()
    }

    pub(super) fn is_surely_fresh(&self) -> bool {
        self.phases() == [Phase::Fresh] && self.acquisition.is_none() && !self.is_backing_off()
    }

    /// Whether the token has not expired by the clocks that cannot be set.
    pub(super) fn may_serve(&self) -> bool {
        !self.phases().contains(&Phase::Expired) || self.phases().len() > 1
    }

    pub(super) fn holds_a_valid_one(&self) -> bool {
        self.held.is_some_and(|held| !held.is_invalidated)
    }

    fn phases(&self) -> Vec<Phase> {
        self.held.map_or_else(|| vec![Phase::Expired], |held| held.phases(self.now))
    }

    fn is_backing_off(&self) -> bool {
        self.now.monotonic < self.back_off_ends
    }

    pub(super) fn start(&mut self) {
        let is_backing_off = self.is_backing_off() && !self.back_off_is_of_refresh;
        assert!(!is_backing_off, "an acquisition during the back-off");
        assert!(self.acquisition.is_none(), "two acquisitions at once");
        self.acquisition = Some(Acquisition::default());
    }

    pub(super) fn begin(&mut self, secret: Option<&'static str>) -> Expected {
        let minute = Duration::from_secs(60);
        let is_refused = self
            .refused
            .is_some_and(|(text, since)| Some(text) == secret && self.now.monotonic - since < minute);
        if secret.is_none() || is_refused {
            self.acquisition = None;
            return if is_refused {
                Expected::SameRefusal { was_sent: false }
            } else {
                Expected::Failure(None)
            };
        }
        self.acquisition = Some(Acquisition { secret, ..Acquisition::default() });
        let refresh_token = self.refresh_token.clone().filter(|_| self.refusals < 2);
        let (is_surely_paused, may_be_paused) = match self.refresh_pause {
            Some((since, least, most)) => {
                let passed = self.now.monotonic - since;
                (passed < least, passed < most)
            }
            None => (false, false),
        };
        Expected::Call(match (is_surely_paused, may_be_paused) {
            (true, _) => vec![None],
            (false, true) => vec![None, refresh_token],
            (false, false) => vec![refresh_token],
        })
    }

    /// The session makes a call with this refresh token, or with the credential.
    pub(super) fn called(&mut self, refresh_token: Option<String>) {
        if let Some(text) = &refresh_token {
            assert!(!self.dead.contains(text), "{text} was sent again");
        }
        let acquisition = self.acquisition.as_mut().unwrap();
        acquisition.was_new = !self.was_sent;
        acquisition.sent = Some(self.now);
        self.was_sent |= refresh_token.is_some();
        acquisition.refresh_token = refresh_token;
    }

    pub(super) fn finish(&mut self, ending: &Ending, given: Option<String>) -> Expected {
        let acquisition = self.acquisition.take().unwrap();
        match (ending, &acquisition.refresh_token) {
            (Ending::Issued { lifetime, refresh_token }, sent) => {
                if sent.is_some() {
                    self.forget_refusals();
                }
                let is_kept = sent.is_some() && *refresh_token != Given::Another;
                if !is_kept {
                    self.kill_refresh_token();
                    self.refresh_token = given;
                }
                let lifetime = Some(Duration::from_secs(*lifetime)).filter(|lifetime| !lifetime.is_zero());
                let held = HeldToken { sent: acquisition.sent.unwrap(), lifetime, is_invalidated: false };
                let (age, is_exact) = self.now.since(held.sent);
                match lifetime.is_none_or(|lifetime| age < lifetime) {
                    true if is_exact || lifetime.is_none() => Expected::Token(held),
                    true => Expected::TokenUnlessClocksSayNo(held),
                    false => Expected::Failure(None),
                }
            }
            (Ending::Refused | Ending::Broken, Some(_)) => {
                let counts = matches!(ending, Ending::Refused) && acquisition.was_new;
                self.refusals += u32::from(counts);
                self.kill_refresh_token();
                self.acquisition = Some(acquisition);
                Expected::Call(vec![None])
            }
            (Ending::Busy(after), Some(_)) => {
                let phases = self.phases();
                self.acquisition = Some(acquisition);
                Expected::Postponed {
                    named: after.map(|after| Duration::from_secs(after.parse().unwrap())),
                    may_fail: phases != [Phase::Expired],
                    may_call: phases.contains(&Phase::Expired),
                }
            }
            (Ending::Refused, None) => {
                let before = self.refused.map(|(secret, _)| secret);
                self.refused = acquisition.secret.map(|secret| (secret, self.now.monotonic));
                match before == acquisition.secret {
                    true => Expected::SameRefusal { was_sent: true },
                    false => Expected::Failure(None),
                }
            }
            (Ending::Busy(after), None) => {
                Expected::Failure(after.map(|after| Duration::from_secs(after.parse().unwrap())))
            }
            (Ending::Broken | Ending::Unsent, _) => Expected::Failure(None),
        }
    }

    /// The session follows a refresh that was too early with the credential.
    pub(super) fn pause_refresh(&mut self, named: Option<Duration>) {
        let longest = Duration::from_secs(1 << self.postponements.min(10)).min(Duration::from_secs(60));
        let named = named.unwrap_or_default().min(Duration::from_secs(3600));
        self.postponements += 1;
        self.refresh_pause = Some((self.now.monotonic, (longest / 2).max(named), longest.max(named)));
    }

    /// The session backs off after a refresh that was too early.
    pub(super) fn postpone(&mut self, wait: Duration, named: Option<Duration>) {
        self.acquisition = None;
        self.fail(wait, named);
        self.back_off_is_of_refresh = true;
        self.refresh_pause = Some((self.now.monotonic, wait, wait));
    }

    pub(super) fn hold(&mut self, held: HeldToken) {
        self.held = Some(held);
        self.look_closer();
        self.forget_failures();
    }

    /// Asserts the back-off: doubling to a minute, or the `Retry-After` of the service, up to an hour.
    pub(super) fn fail(&mut self, wait: Duration, named: Option<Duration>) {
        let longest = Duration::from_secs(1 << self.failures.min(10)).min(Duration::from_secs(60));
        let named = named.unwrap_or_default().min(Duration::from_secs(3600));
        assert!(wait >= (longest / 2).max(named) && wait <= longest.max(named), "{wait:?} of {longest:?}");
        self.failures += 1;
        self.back_off_is_of_refresh = false;
        self.back_off_ends = self.now.monotonic + wait;
    }

    /// Asserts that the secret is read again soon and that the count of failures stays.
    pub(super) fn refuse_again(&mut self, wait: Duration, was_sent: bool) {
        assert!((Duration::from_secs(1)..=Duration::from_secs(2)).contains(&wait), "{wait:?}");
        self.failures += u32::from(was_sent);
        self.back_off_is_of_refresh = false;
        self.back_off_ends = self.now.monotonic + wait;
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Drops a refresh token that was on the wire.
    pub(super) fn abandon(&mut self) {
        if self.acquisition.take().is_some_and(|acquisition| acquisition.refresh_token.is_some()) {
            self.kill_refresh_token();
        }
    }

    pub(super) fn invalidate(&mut self) {
        self.held.as_mut().unwrap().is_invalidated = true;
    }

    pub(super) fn replace_secret(&mut self) {
        self.abandon();
        self.forget_failures();
        self.forget_refusals();
    }

    pub(super) fn clear(&mut self) {
        self.replace_secret();
        self.kill_refresh_token();
        self.held = None;
    }

    pub(super) fn seed(&mut self, left: u64, refresh_token: Option<String>) {
        self.clear();
        self.look_closer();
        let lifetime = Some(Duration::from_secs(left));
        self.held = Some(HeldToken { sent: self.now, lifetime, is_invalidated: false });
        self.refresh_token = refresh_token;
    }

    fn kill_refresh_token(&mut self) {
        self.dead.extend(self.refresh_token.take());
        self.was_sent = false;
    }

    fn forget_refusals(&mut self) {
        (self.refusals, self.postponements, self.refresh_pause) = (0, 0, None);
    }

    fn forget_failures(&mut self) {
        self.back_off_is_of_refresh = false;
        (self.failures, self.back_off_ends, self.refused) = (0, Duration::ZERO, None);
    }
}
