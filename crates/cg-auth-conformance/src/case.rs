//! [`Case`]: one behaviour that the contract demands, and the function that tries it.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::runtime;

use crate::{capability::Capability, failure::Failure, subject::Subject};

/// One behaviour that the contract demands, and the function that tries it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Case {
    /// The name of the function.
    pub name: &'static str,
    /// What it tries.
    pub clause: Clause,
    /// Whether a transport must or should behave so.
    pub level: Level,
    /// What a transport needs. The case does not apply to a transport without one of these.
    pub needs: &'static [Capability],
    pub(crate) run: for<'a> fn(&'a dyn Subject) -> CaseFuture<'a>,
}

pub(crate) type CaseFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// The part of the contract that a case tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clause {
    /// The rule with this number in the [contract](cg_auth_core::transport#the-contract).
    Rule(u8),
    /// The row with this failure in the [table of failures](cg_auth_core::transport#failures).
    Row(&'static str),
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(number) => write!(f, "rule {number}"),
            Self::Row(failure) => write!(f, "row \"{failure}\""),
        }
    }
}

/// How strongly the contract demands a behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A transport that behaves otherwise is wrong.
    Must,
    /// A transport that behaves otherwise is worse. The report says so, and no test fails unless the
    /// [`Suite`](crate::Suite) is strict.
    Should,
}

impl Case {
    /// Runs the case on a thread of its own, in a tokio runtime of its own, for at most a minute.
    ///
    /// A transport that blocks the thread or panics fails the case and holds up no other.
    ///
    /// # Errors
    /// [`Failure`] says what the transport did.
    pub fn run(&'static self, subject: Arc<dyn Subject>) -> Result<(), Failure> {
        self.run_within(subject, HANG_BOUND)
    }

    /// Like [`run`](Self::run), for at most `bound` instead of a minute.
    ///
    /// # Errors
    /// [`Failure`] says what the transport did, or that the case did not end.
    pub fn run_within(&'static self, subject: Arc<dyn Subject>, bound: Duration) -> Result<(), Failure> {
        let (report, outcome) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name(self.name.to_owned());
        thread.spawn(move || {
            let run = catch_unwind(AssertUnwindSafe(|| self.run_here(&*subject)));
            let (run, panic) = match run {
                Ok(run) => (run, None),
                Err(panic) => (Err(of_panic(&*panic)), Some(panic)),
            };
            // The receiver has gone if the case took too long.
            let _ = report.send(run);
            // Last, because dropping what the transport panicked with may panic, too.
            drop(panic);
        })?;
        // A timer of the case's own runtime would not end a transport that blocks its thread, and a case may
        // move that runtime's clock.
        outcome.recv_timeout(bound).unwrap_or_else(|_| {
            Err(Failure::new(format!(
                "the case did not end within {bound:?}: the transport waits for an event that never comes, \
                 or blocks the thread that polls it"
            )))
        })
    }

    fn run_here(&self, subject: &dyn Subject) -> Result<(), Failure> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let run = runtime.block_on((self.run)(subject));
        // A thread that looks up a name may take longer than the case.
        runtime.shutdown_background();
        run
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .field("clause", &self.clause)
            .field("level", &self.level)
            .field("needs", &self.needs)
            .finish_non_exhaustive()
    }
}

fn of_panic(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    Failure::new(format!("a panic: {}", text.unwrap_or("without a text")))
}

/// More than ten times what the longest case takes on an idle machine.
const HANG_BOUND: Duration = Duration::from_secs(60);
