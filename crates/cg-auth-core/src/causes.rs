//! Walking the causes of an error: [`causes`], [`find_cause`] and [`cause_chain`].

use std::{error::Error, io, iter::successors};

/// Iterates over `error` and its causes, the outermost first.
///
/// [`Error::source`] of an [`io::Error`] skips the error that it wraps. This iterator does not, because TLS
/// libraries wrap the relevant error there.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    })
}

/// Finds the first error of type `T` among `error` and its causes.
///
/// ```
/// use std::io;
///
/// use cg_auth_core::{
///     body::{BodyCollector, BodyTooLarge},
///     causes::find_cause,
/// };
///
/// let too_large = BodyCollector::new(0).push(b"x").unwrap_err();
/// let wrapped = io::Error::other(io::Error::other(too_large));
/// assert_eq!(find_cause::<BodyTooLarge>(&wrapped), Some(&too_large));
/// ```
#[must_use]
pub fn find_cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// Writes `error` and its causes as one line, separated by `: `.
///
/// A cause with the same text as the one before it is left out, as the error inside an [`io::Error`] often
/// is.
///
/// ```
/// use std::io;
///
/// use cg_auth_core::{TokenError, causes::cause_chain};
///
/// let error = TokenError::secret(io::Error::other("the vault is sealed"));
/// assert_eq!(cause_chain(&error), format!("{error}: the vault is sealed"));
/// ```
#[must_use]
pub fn cause_chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<_> = causes(error).map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}
