//! [`Schedule`]: the phases of a token's lifetime.

use std::time::Duration;

use crate::token::as_str::as_str;

/// The phase of a token's lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The token is served.
    Fresh,
    /// The token is served while a background task renews it: the last fifth of the lifetime, ten minutes at
    /// most. Jitter moves the start earlier by up to a half, so that a fleet does not refresh all at once.
    Early,
    /// Callers wait for the new token: the last tenth of the lifetime, thirty seconds at most. They are
    /// served this one if the acquisition fails or takes half of the rest.
    Margin,
    /// The token is never served.
    Expired,
}

as_str!(Phase: Fresh = "fresh", Early = "early", Margin = "margin", Expired = "expired");

/// The ages at which a token enters its later phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) early: Duration,
    pub(super) margin: Duration,
    pub(super) expired: Duration,
}

impl Schedule {
    /// The schedule of a token that is valid until it is refused.
    pub(super) const NEVER: Self =
        Self { early: Duration::MAX, margin: Duration::MAX, expired: Duration::MAX };

    /// The schedule of a token that lives for `lifetime`, `unseen` of which may have passed before it counts.
    /// `jitter` is between 0 and 1, drawn once.
    ///
    /// Only the end comes earlier by the unseen time, and the other phases where they would not fit before it.
    pub(super) fn new(lifetime: Duration, unseen: Duration, jitter: f64) -> Self {
        let window = |lifetime: Duration| (lifetime / 5).min(LONGEST_WINDOW);
        let jittered = window(lifetime) + (window(lifetime) / 2).mul_f64(jitter.clamp(0.0, 1.0));
        let expired = lifetime.saturating_sub(unseen);
        let margin = expired - (expired / 10).min(LONGEST_MARGIN);
        Self { early: (lifetime - jittered).min(expired - window(expired)), margin, expired }
    }

    pub(super) fn phase(&self, age: Duration) -> Phase {
        if age < self.early || *self == Self::NEVER {
            Phase::Fresh
        } else if age < self.margin {
            Phase::Early
        } else if age < self.expired {
            Phase::Margin
        } else {
            Phase::Expired
        }
    }
}

const LONGEST_WINDOW: Duration = Duration::from_secs(10 * 60);
const LONGEST_MARGIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn early_phase_and_margin_are_a_bounded_part_of_the_lifetime() {
        let secs = Duration::from_secs_f64;
        for (lifetime, unseen, jitter, early, margin) in [
            (3600.0, 0.0, 0.0, 3000.0, 3570.0),
            (3600.0, 0.0, 1.0, 2700.0, 3570.0),
            (3600.0, 1.0, 0.0, 2999.0, 3569.0),
            (3600.0, 1.0, 1.0, 2700.0, 3569.0),
            (86_400.0, 0.0, 0.0, 85_800.0, 86_370.0),
            (20.0, 0.0, 0.0, 16.0, 18.0),
            (11.0, 1.0, 0.0, 8.0, 9.0),
            (2.0, 0.0, 1.0, 1.4, 1.8),
            (2.0, 1.0, 1.0, 0.8, 0.9),
            (0.0, 0.0, 1.0, 0.0, 0.0),
            (1.0, 1.0, 1.0, 0.0, 0.0),
        ] {
            let schedule = Schedule::new(secs(lifetime), secs(unseen), jitter);
            let expired = secs(lifetime - unseen);
            assert_eq!(schedule, Schedule { early: secs(early), margin: secs(margin), expired });
        }
        assert_eq!(Schedule::NEVER.phase(Duration::MAX), Phase::Fresh);
    }

    proptest! {
        #[test]
        fn phases_follow_each_other_and_a_token_is_fresh_for_most_of_its_lifetime(
            nanos in any::<u64>(), unseen in 0_u64..2_000_000_000, jitter in any::<f64>(), age in any::<u64>(), later in any::<u64>()
        ) {
            let lifetime = Duration::from_nanos(nanos);
            let unseen = Duration::from_nanos(unseen);
            let schedule = Schedule::new(lifetime, unseen, jitter);
            let lifetime = lifetime.saturating_sub(unseen);
            prop_assert!(schedule.early <= schedule.margin && schedule.margin <= schedule.expired);
            prop_assert!(schedule.early >= lifetime.mul_f64(0.69));
            let (age, later) = (Duration::from_nanos(age), Duration::from_nanos(age.saturating_add(later)));
            prop_assert!(schedule.phase(age) <= schedule.phase(later));
            prop_assert_eq!(schedule.phase(age) == Phase::Expired, age >= lifetime);
        }
    }
}
