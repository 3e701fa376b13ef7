//! [`StoreClock`]: the clock that the processes of one machine share.

use std::{
    fs,
    time::{Duration, UNIX_EPOCH},
};

use cg_auth_core::time::Now;

/// A clock, and what it counts from. Readings of clocks with other epochs cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoreClock {
    epoch: String,
    has_boot_clock: bool,
}

impl StoreClock {
    /// The boot clock where both it and the id of the boot can be read, and the wall clock elsewhere.
    pub(super) fn of_this_machine() -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let boot = boot.filter(|_| Now::system().boot().is_some());
        match boot {
            Some(id) => {
                // A time namespace of Linux moves the boot clock, by seconds or by years.
                let namespace = fs::read_link("/proc/self/ns/time").unwrap_or_default();
                let epoch = format!("boot {} {}", id.trim(), namespace.display());
                Self { epoch, has_boot_clock: true }
            }
            None => Self { epoch: "1970".to_owned(), has_boot_clock: false },
        }
    }

    pub(super) fn epoch(&self) -> &str {
        &self.epoch
    }

    pub(super) fn now(&self) -> Duration {
        let now = Now::system();
        match now.boot() {
            Some(boot) if self.has_boot_clock => boot,
            _ => now.wall().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    #[cfg(test)]
    pub(super) fn of_another_boot() -> Self {
        Self { epoch: "boot another".to_owned(), has_boot_clock: true }
    }
}
