//! [`caught`]: runs code of the program that may panic.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// The output of `run`, or `None` if it panics.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(discard).ok()
}

/// Drops the payload of a panic. The payload may panic too, and what that panic leaves is leaked, because it
/// may panic again.
fn discard(payload: Box<dyn std::any::Any + Send>) {
    if let Err(next) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(next);
    }
}
