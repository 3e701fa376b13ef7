//! [`ReportLimit`]: how often a program may report tokens as refused.

use std::time::Duration;

use super::back_off::pause_after;
use crate::time::Now;

/// Allows the first report at once and each further one after a longer pause. Otherwise a service that
/// refuses every token would cause a storm of acquisitions.
#[derive(Debug, Default)]
pub(super) struct ReportLimit {
    last: Option<Now>,
    in_a_row: u32,
}

impl ReportLimit {
    /// Whether another report counts at `now`.
    pub(super) fn allows(&mut self, now: Now) -> bool {
        if let Some(last) = self.last {
            let passed = now.saturating_since(last);
            if passed < pause_after(self.in_a_row) {
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

const RESET_AFTER: Duration = Duration::from_secs(10 * 60);
