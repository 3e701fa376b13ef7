//! [`Case`]: one behaviour that the contract demands.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use cg_auth_core::time::BoxFuture;

use super::{failure::Failure, subject::Subject};

/// One behaviour that the contract demands, and the function that tries it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Case {
    /// The name of the function.
    pub name: &'static str,
    /// The number of the rule in the [contract](cg_auth_core::token::store#the-contract).
    pub rule: u8,
    pub(crate) run: for<'a> fn(&'a dyn Subject) -> BoxFuture<'a, Result<(), Failure>>,
}

impl Case {
    /// Runs the case on a thread of its own, for at most a minute. A store that panics or hangs fails it.
    ///
    /// # Errors
    /// [`Failure`] says what the store did.
    pub fn run(&'static self, subject: &Arc<dyn Subject>) -> Result<(), Failure> {
        let subject = Arc::clone(subject);
        let (report, outcome) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name(self.name.to_owned());
        let run = move || {
            let mut result = Err(Failure::new("the subject did not run the case"));
            subject.block_on(Box::pin(async { result = (self.run)(&*subject).await }));
            result
        };
        thread
            .spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(run));
                // The receiver has gone if the case took too long.
                let _ = report.send(result.unwrap_or_else(|_| Err(Failure::new("the store panicked"))));
            })
            .map_err(|error| Failure::new(format!("no thread for the case: {error}")))?;
        let late = |_| Err(Failure::new(format!("the case did not end within {HANG_BOUND:?}")));
        outcome.recv_timeout(HANG_BOUND).unwrap_or_else(late)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("rule", &self.rule).finish_non_exhaustive()
    }
}

/// More than ten times what the longest case takes on an idle machine.
const HANG_BOUND: Duration = Duration::from_secs(60);
