//! [`Patience`]: how often tokens may be reported as refused.

use std::time::Duration;

use crate::time::Now;

/// Lets one report through at once and the following ones ever more rarely, so that a service that refuses every
/// token is not answered with a storm of new ones.
#[derive(Debug, Default)]
pub(super) struct Patience {
    last: Option<Now>,
    in_a_row: u32,
}

impl Patience {
    pub(super) fn bears_another(&mut self, now: Now) -> bool {
        if let Some(last) = self.last {
            let passed = now.saturating_since(last);
            if passed < self.wait() {
                return false;
            }
            if passed > FORGETTING {
                self.in_a_row = 0;
            }
        }
        self.last = Some(now);
        self.in_a_row = self.in_a_row.saturating_add(1);
        true
    }

    /// 1 s after the first, doubling to 60 s.
    fn wait(&self) -> Duration {
        let doubled = 1_u64.checked_shl(self.in_a_row.saturating_sub(1)).unwrap_or(u64::MAX);
        Duration::from_secs(doubled).min(LONGEST)
    }
}

const LONGEST: Duration = Duration::from_secs(60);
const FORGETTING: Duration = Duration::from_secs(10 * 60);
