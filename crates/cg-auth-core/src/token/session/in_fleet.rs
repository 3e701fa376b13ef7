//! [`InFleet`]: what a session keeps for the store that its processes share.

use std::{collections::VecDeque, time::Duration};

use crate::{
    model::AccessToken,
    time::Now,
    token::{Event, fleet::Pause},
};

/// What a session keeps if its tokens are shared. Without a store nothing is kept.
#[derive(Default)]
pub(super) struct InFleet {
    is_on: bool,
    /// The last tokens that were refused or cleared here.
    unwanted: VecDeque<AccessToken>,
    /// The last time at which the store was asked during a back-off.
    looked: Option<Now>,
    /// The last time at which the store was reported as unavailable.
    reported: Option<Now>,
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
