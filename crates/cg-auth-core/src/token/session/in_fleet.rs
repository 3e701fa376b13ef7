//! [`InFleet`]: what a session remembers about the store that it shares with other processes.

use std::{collections::VecDeque, time::Duration};

use crate::{
    model::AccessToken,
    time::Now,
    token::{
        Event,
        fleet::{LONGEST_BELIEVED, Pause},
        store::{Claimed, StoreError},
    },
};

/// What a session remembers about its store. Without a store it remembers nothing.
#[derive(Default)]
pub(super) struct InFleet {
    is_on: bool,
    /// The last tokens that this process reported as refused or cleared.
    unwanted: VecDeque<AccessToken>,
    /// When the session last looked at the store during a back-off.
    looked: Option<Now>,
    /// When an event last reported that the store is unavailable.
    reported: Option<Now>,
    /// Since when the store has told of a lease or a cool-down that is too long to be true.
    overlong: Option<Now>,
}

impl InFleet {
    pub(super) fn on() -> Self {
        Self { is_on: true, ..Self::default() }
    }

    pub(super) const fn is_on(&self) -> bool {
        self.is_on
    }

    /// Names `token` as unwanted in the claims from now on.
    pub(super) fn refuse(&mut self, token: AccessToken) {
        if self.is_on && !self.unwanted.contains(&token) {
            self.unwanted.truncate(MOST_UNWANTED - 1);
            self.unwanted.push_front(token);
        }
    }

    pub(super) fn unwanted(&self) -> Vec<AccessToken> {
        self.unwanted.iter().cloned().collect()
    }

    /// Whether a session that backs off looks for the token of another process.
    pub(super) fn may_look(&self, now: Now) -> bool {
        self.is_on && self.looked.is_none_or(|looked| now.saturating_since(looked) >= LOOK_PAUSE)
    }

    pub(super) const fn looks(&mut self, now: Now) {
        self.looked = Some(now);
    }

    /// The answer of the store, or an error once it has named an overlong lease or cool-down for a minute.
    pub(super) fn believed(
        &mut self,
        claimed: Result<Claimed, StoreError>,
        now: Now,
    ) -> Result<Claimed, StoreError> {
        if claimed.as_ref().map_or(Duration::ZERO, Claimed::blocked_for) <= LONGEST_BELIEVED {
            self.overlong = None;
            return claimed;
        }
        let since = *self.overlong.get_or_insert(now);
        match now.saturating_since(since) < LONGEST_BELIEVED {
            true => claimed,
            false => Err(StoreError::new("the entry holds a lease or a cool-down of more than a minute")),
        }
    }

    /// The event of `pause`. A store that stays unavailable is reported once in a while.
    pub(super) fn event(&mut self, pause: &Pause, wait: Duration, now: Now) -> Option<Event> {
        match pause {
            Pause::HeldElsewhere => Some(Event::LeaseHeldElsewhere),
            Pause::CoolingDown(failure) => {
                Some(Event::CoolingDown { failure: failure.clone(), retry_in: wait })
            }
            Pause::NothingNewer => Some(Event::NothingNewer),
            Pause::Unavailable(_)
                if self.reported.is_some_and(|it| now.saturating_since(it) < REPORT_PAUSE) =>
            {
                None
            }
            Pause::Unavailable(error) => {
                self.reported = Some(now);
                Some(Event::StoreUnavailable { error: error.clone() })
            }
        }
    }
}

/// How many refused or cleared tokens a claim names. A token that was refused earlier has expired or been replaced.
const MOST_UNWANTED: usize = 4;
/// How often a session that backs off looks for the token of another process.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// How often a store that stays unavailable is reported.
const REPORT_PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::{
        recovery::Recovery,
        token::store::{CoolDown, SharedFailure},
    };

    #[test]
    fn a_lease_or_a_cool_down_of_more_than_a_minute_is_believed_for_a_minute() {
        let at = |seconds| Now::new(Duration::from_secs(seconds), UNIX_EPOCH);
        let lasts = |seconds| {
            let failure = SharedFailure::new("api", Recovery::Retry, None);
            Ok(Claimed::CoolingDown(CoolDown { left: Duration::from_secs(seconds), failures: 1, failure }))
        };
        let mut fleet = InFleet::on();
        assert!(fleet.believed(lasts(3600), at(0)).is_ok() && fleet.believed(lasts(3541), at(59)).is_ok());
        assert!(fleet.believed(lasts(3540), at(60)).is_err());
        // A plausible answer of the store restarts the minute.
        assert!(fleet.believed(lasts(60), at(61)).is_ok() && fleet.believed(lasts(3600), at(62)).is_ok());
        assert!(
            fleet.believed(lasts(3600), at(121)).is_ok() && fleet.believed(lasts(3600), at(122)).is_err()
        );
    }
}
