//! [`ThreadRuntime`]: the [`Runtime`] of programs without async.

mod block_on;
#[cfg(all(test, shuttle))]
mod interleavings;
mod sync;
mod workers;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use self::{block_on::block_on, workers::Workers};
use super::{BoxFuture, CoarseNow, Now, Runtime, thread_timer::sleep_until};

/// The [`Runtime`] of programs without async: timers and background tasks on threads of the standard library.
/// A clone is the same runtime.
///
/// **Tasks.** A thread named `cg-auth-worker` polls each task that is ready. A task that blocks, for
/// instance in a secret source, keeps its thread and delays no other task: the runtime starts another thread.
/// A task that waits needs no thread of its own, so ten thousand waiting acquisitions cost a handful of threads.
/// The last thread ends with the last task. If the system has no thread left, [`spawn`](Runtime::spawn)
/// returns the task, and its callers poll it.
///
/// **Timers.** All runtimes of a process share one thread, named `cg-auth-timer`. It ends at most two seconds after
/// the last sleep. If the system has no thread left for it, the thread that polls a sleep waits in its place.
///
/// **Blocking.** [`block_on`](Self::block_on) waits for any future. Inside of an async runtime it blocks a thread
/// of that runtime, like every blocking call.
///
/// **Process.** No thread keeps the process alive: when `main` returns, the tasks end where they are. No thread
/// survives a `fork`, so a child must make a runtime of its own. The type does not exist on
/// `wasm32-unknown-unknown`, which has neither threads nor clocks.
///
/// ```
/// use cg_auth_core::testing::ScriptedTransport;
/// use cg_auth_core::{AuthClient, BaseUrl, ClientSecret, TokenProvider, UserPrincipalName};
/// use cg_auth_core::time::ThreadRuntime;
///
/// # let answer = r#"{"value":{"access_token":"eyJ","duration":3600},"isSuccess":true}"#;
/// # let transport = ScriptedTransport::new().answer(http::Response::new(answer.into()));
/// let base = BaseUrl::parse("https://example.com")?;
/// let client = AuthClient::with_runtime(base, transport, ThreadRuntime::new());
/// let user = UserPrincipalName::new("someone@example.com")?;
/// let provider = TokenProvider::new(client, user, ClientSecret::new("s3cret")?);
///
/// let token = ThreadRuntime::block_on(provider.token())?;
/// assert_eq!(token.expose_secret(), "eyJ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct ThreadRuntime {
    workers: Arc<Workers>,
}

impl ThreadRuntime {
    /// A runtime without any thread. It starts threads when it has tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Polls `future` on the current thread until it is ready, and sleeps in between.
    ///
    /// A future that is ready at its first poll costs neither a lock nor memory. The wait neither uses nor
    /// consumes [`unpark`](std::thread::Thread::unpark), and calls may be nested.
    #[inline]
    pub fn block_on<F: Future>(future: F) -> F::Output {
        block_on(future)
    }
}

impl Runtime for ThreadRuntime {
    fn now(&self) -> Now {
        Now::system()
    }

    fn coarse_now(&self) -> CoarseNow {
        CoarseNow::system()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let deadline = Now::system().monotonic().saturating_add(duration);
        Box::pin(sleep_until(deadline))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        self.workers.spawn(task)
    }
}

impl fmt::Debug for ThreadRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tasks, threads) = self.workers.counts();
        f.debug_struct("ThreadRuntime").field("tasks", &tasks).field("threads", &threads).finish()
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;
