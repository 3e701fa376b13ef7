//! [`find_cause`]: looks through an error for the one that says what happened.

use std::{error::Error, io, iter::successors};

/// The first error of type `T` in `error` and its causes.
///
/// For transports that classify. [`Error::source`] of an [`io::Error`] skips the error that it wraps, which
/// for a TLS library is the one that matters; here it is looked into.
///
/// ```
/// use std::io;
///
/// use cg_auth_core::{body::{BodyCollector, BodyTooLarge}, transport::find_cause};
///
/// let too_large = BodyCollector::new(0).push(b"x").unwrap_err();
/// let wrapped = io::Error::other(io::Error::other(too_large));
/// assert_eq!(find_cause::<BodyTooLarge>(&wrapped), Some(&too_large));
/// ```
#[must_use]
pub fn find_cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    })
    .find_map(|cause| cause.downcast_ref())
}
