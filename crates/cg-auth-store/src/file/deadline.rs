//! [`Deadline`]: until when an operation may change something.

use std::time::Duration;

use cg_auth_core::{time::Now, token::store::StoreError};

use super::folder::Folder;

/// The end of an operation, which counts from its call. A process that stood still notices it afterwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    begun: Now,
}

impl Deadline {
    /// The deadline of an operation that begins now.
    pub(super) fn of_this_operation() -> Self {
        Self { begun: Now::system() }
    }

    /// How long ago the operation began, by the clock that shows most.
    pub(super) fn elapsed(self) -> Duration {
        Now::system().longest_since(self.begun)
    }

    pub(super) fn is_over(self) -> bool {
        self.elapsed() > OPERATION_LIMIT
    }

    /// # Errors
    /// [`StoreError`] if the deadline has passed. The caller has then been told that the operation failed.
    pub(super) fn check(self, folder: &Folder) -> Result<(), StoreError> {
        match self.is_over() {
            false => Ok(()),
            true => Err(folder.error(
                "cannot use the store in",
                format!("the operation has not ended within {OPERATION_LIMIT:?}, so it changes nothing"),
            )),
        }
    }
}

/// Less than the half second that a provider waits, so that its event has the reason.
pub(super) const OPERATION_LIMIT: Duration = Duration::from_millis(400);
