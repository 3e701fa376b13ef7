//! [`ScriptBuilder`] and [`ScriptGuard`]: how a test writes a script, and how it ends.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use cg_auth_core::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::{
    operation::Operation,
    refusal::Refusal,
    scripts::{Ending, FRAMING, MOST, Performance, Scripts},
};

/// A script for the next requests for one operation, until a method says what happens to them. See
/// [`Emulator::next`](crate::Emulator::next).
#[derive(Debug)]
#[must_use = "a script does nothing until it says what happens"]
pub struct ScriptBuilder {
    scripts: Arc<Scripts>,
    operation: Operation,
    times: u64,
    delay: Duration,
    retry_after: Option<u64>,
}

impl ScriptBuilder {
    pub(crate) const fn new(scripts: Arc<Scripts>, operation: Operation) -> Self {
        Self { scripts, operation, times: 1, delay: Duration::ZERO, retry_after: None }
    }

    /// For so many requests; for one by default.
    pub const fn times(mut self, n: u64) -> Self {
        self.times = n;
        self
    }

    /// For every request until the guard is dropped.
    pub const fn always(mut self) -> Self {
        self.times = u64::MAX;
        self
    }

    /// Waits for so long before whatever else happens, on top of what was said before. This is real time: no
    /// clock moves it.
    pub const fn after(mut self, delay: Duration) -> Self {
        self.delay = self.delay.saturating_add(delay);
        self
    }

    /// Has the answer say `Retry-After`, in whole seconds, rounded up. This is for [`answer`](Self::answer),
    /// [`answer_with`](Self::answer_with) and [`refuse`](Self::refuse) only: the truth and a connection that
    /// is dropped say nothing of the kind.
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        let part = if delay.subsec_nanos() > 0 { 1 } else { 0 };
        self.retry_after = Some(delay.as_secs().saturating_add(part));
        self
    }

    /// Answers with a status and a body, which is said to be JSON.
    ///
    /// # Panics
    /// When `status` is not within 200 to 999, or there are 256 scripts already.
    #[track_caller]
    pub fn answer(self, status: u16, body: impl Into<Body>) -> ScriptGuard {
        let mut response = Response::new(body.into());
        *response.status_mut() = checked(status);
        if !response.body().is_empty() {
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        self.answer_with(response)
    }

    /// Answers with the status, the headers and the body of `response`. A `Date` is added if it has none. The
    /// HTTP version and what frames a message, such as `Content-Length`, are the connection's business and not
    /// taken over; and no body is sent with 204 and 304, which have none.
    ///
    /// # Panics
    /// When the status is not within 200 to 999, or there are 256 scripts already.
    #[track_caller]
    pub fn answer_with(self, response: Response<Body>) -> ScriptGuard {
        let (head, body) = response.into_parts();
        let mut response = Response::new(body);
        *response.status_mut() = checked(head.status.as_u16());
        *response.headers_mut() = head.headers;
        for name in &FRAMING {
            response.headers_mut().remove(name);
        }
        response.headers_mut().extend(self.retry_after_header());
        self.finish(Ending::Answer(response))
    }

    /// Refuses with a status and the documented error body, in the contract that the request asks for. Its
    /// `code` is `Scripted`.
    ///
    /// # Panics
    /// When `status` is not within 200 to 999, or there are 256 scripts already.
    #[track_caller]
    pub fn refuse(self, status: u16) -> ScriptGuard {
        let refusal = Refusal::scripted(checked(status), self.retry_after_header());
        self.finish(Ending::Refuse(refusal))
    }

    /// Answers truly, but only after `delay`, which is real time, on top of [`after`](Self::after).
    ///
    /// # Panics
    /// When there are 256 scripts already.
    #[track_caller]
    pub fn delay(self, delay: Duration) -> ScriptGuard {
        self.after(delay).finish(Ending::Truth)
    }

    /// Closes the connection without an answer, once the request has been read. With HTTP/2, whatever else is
    /// under way on the connection is lost too.
    ///
    /// # Panics
    /// When there are 256 scripts already.
    #[track_caller]
    pub fn drop_connection(self) -> ScriptGuard {
        self.finish(Ending::DropConnection)
    }

    fn retry_after_header(&self) -> Option<(HeaderName, HeaderValue)> {
        self.retry_after.map(|seconds| (header::RETRY_AFTER, seconds.into()))
    }

    #[track_caller]
    fn finish(self, ending: Ending) -> ScriptGuard {
        let Self { scripts, operation, times, delay, .. } = self;
        let Some((id, hits)) = scripts.add(operation, times, Performance { delay, ending }) else {
            panic!("there are {MOST} scripts already");
        };
        ScriptGuard { scripts, id, hits }
    }
}

/// A script that is being followed. Dropping this removes it, however often it has been followed; a request
/// that has met the script already, and waits for its delay to pass, goes on as the script said.
#[derive(Debug)]
#[must_use = "the script is removed when this is dropped; `keep()` leaves it"]
pub struct ScriptGuard {
    scripts: Arc<Scripts>,
    id: u64,
    hits: Arc<AtomicU64>,
}

impl ScriptGuard {
    /// How many requests it has been followed for.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Relaxed)
    }

    /// Leaves the script until it has been followed as often as it says, or until
    /// [`Emulator::reset`](crate::Emulator::reset).
    pub fn keep(mut self) {
        // No script has the id 0.
        self.id = 0;
    }
}

impl Drop for ScriptGuard {
    fn drop(&mut self) {
        self.scripts.remove(self.id);
    }
}

#[track_caller]
fn checked(status: u16) -> StatusCode {
    match StatusCode::from_u16(status) {
        Ok(status) if !status.is_informational() => status,
        _ => panic!("{status} is no status of an answer"),
    }
}
