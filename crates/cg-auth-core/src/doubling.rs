//! Exponential back-off: the doubling that all pauses between requests share.

use std::time::Duration;

/// The pause: `first` after one failure in a row, doubling with each further failure, at most `longest`.
pub(crate) const fn doubled(first: Duration, failures: u32, longest: Duration) -> Duration {
    let doublings = failures.saturating_sub(1);
    let factor = if doublings < 31 { 1 << doublings } else { 1 << 31 };
    let wait = first.saturating_mul(factor);
    if wait.as_nanos() < longest.as_nanos() { wait } else { longest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_with_each_failure_up_to_the_longest() {
        let secs = Duration::from_secs;
        for (failures, expected) in [(0, 1), (1, 1), (2, 2), (6, 32), (7, 60), (u32::MAX, 60)] {
            assert_eq!(doubled(secs(1), failures, secs(60)), secs(expected), "{failures}");
        }
        assert_eq!(doubled(secs(9), 1, secs(5)), secs(5));
        assert_eq!(doubled(Duration::MAX, 40, Duration::MAX), Duration::MAX);
    }
}
