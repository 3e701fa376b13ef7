//! [`ReportLimit`]: how often a program may report tokens as refused.

use std::time::Duration;

use crate::{back_off::doubled, time::Now};

/// Allows the first report at once and each further one after a longer pause. Otherwise a service that
/// refuses every token would cause a storm of acquisitions.
#[derive(Debug, Default)]
pub(super) struct ReportLimit {
    last: Option<Now>,
    in_a_row: u32,
}

impl ReportLimit {
    /// Whether another report counts at `now`. The pause is 1 s after the first report and doubles to 60 s.
    pub(super) fn allows(&mut self, now: Now) -> bool {
        if let Some(last) = self.last {
            let passed = now.saturating_since(last);
            if passed < doubled(FIRST_PAUSE, self.in_a_row, LONGEST_PAUSE) {
                return false;
            }
            if passed > RESET_AFTER {
                self.in_a_row = 0;
            }
        }
        self.last = Some(now);
        self.in_a_row = self.in_a_row.saturating_add(1);
        true
    }
}

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const RESET_AFTER: Duration = Duration::from_secs(10 * 60);
