//! [`HeldToken`]: the phases that a token can be in, by the readings of the clocks.

use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) truth: Duration,
    pub(super) monotonic: Duration,
    /// How often the wall clock had been set by then.
    pub(super) settings: u32,
    pub(super) has_boot_clock: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct HeldToken {
    pub(super) sent: Moment,
    pub(super) lifetime: Option<Duration>,
    pub(super) is_invalidated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Fresh,
    Early,
    Margin,
    /// Expired, reported or missing.
    Expired,
}

impl Moment {
    /// The smallest age, and whether it is exact because no clock was set.
    pub(super) fn since(self, then: Self) -> (Duration, bool) {
        let is_exact = self.settings == then.settings;
        let by = |moment: Self| {
            if self.has_boot_clock || is_exact { moment.truth } else { moment.monotonic }
        };
        (by(self) - by(then), is_exact)
    }
}

impl HeldToken {
    /// One phase if the clocks agree, apart from jitter; otherwise any phase that is not too early.
    pub(super) fn phases(self, now: Moment) -> Vec<Phase> {
        if self.is_invalidated {
            return vec![Phase::Expired];
        }
        let Some(lifetime) = self.lifetime else { return vec![Phase::Fresh] };
        let all = [Phase::Fresh, Phase::Early, Phase::Margin, Phase::Expired];
        let window = (lifetime / 5).min(Duration::from_secs(600));
        let margin = (lifetime / 10).min(Duration::from_secs(30));
        let (age, is_exact) = now.since(self.sent);
        let at = |age: Duration| match age {
            age if age >= lifetime => 3,
            age if age >= lifetime - margin => 2,
            age if age >= lifetime - window => 1,
            _ => 0,
        };
        let may_be_early = at(age) == 0 && age >= lifetime - window * 3 / 2;
        let last = if is_exact { at(age).max(usize::from(may_be_early)) } else { 3 };
        all[at(age)..=last].to_vec()
    }
}
