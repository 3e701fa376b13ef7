//! [`ScriptBuilder`]: writes a script for a test.

use std::{sync::Arc, time::Duration};

use cg_auth_core::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use super::{
    guard::ScriptGuard,
    queue::{MAX_SCRIPTS, ScriptQueue},
    script::{Behaviour, Ending, FRAMING_HEADERS},
};
use crate::{operation::Operation, refusal::Refusal, response};

/// A script for the next requests for one operation, made by [`Emulator::next`](crate::Emulator::next).
///
/// One of these methods activates the script: [`refuse`](Self::refuse), [`answer`](Self::answer),
/// [`answer_with`](Self::answer_with), [`delay`](Self::delay) or [`drop_connection`](Self::drop_connection).
/// Call the other methods before it.
#[derive(Debug)]
#[must_use = "`refuse`, `answer`, `answer_with`, `delay` or `drop_connection` activates the script"]
pub struct ScriptBuilder {
    scripts: Arc<ScriptQueue>,
    operation: Operation,
    times: u64,
    delay: Duration,
    retry_after: Option<u64>,
}

impl ScriptBuilder {
    pub(crate) const fn new(scripts: Arc<ScriptQueue>, operation: Operation) -> Self {
        Self { scripts, operation, times: 1, delay: Duration::ZERO, retry_after: None }
    }

    /// Refuses the requests with a status and the documented error body, in the contract that each request
    /// asks for. The error's `code` is `Scripted`.
    ///
    /// # Panics
    /// When `status` is not within 200 to 999, or 256 scripts are active.
    #[track_caller]
    pub fn refuse(self, status: u16) -> ScriptGuard {
        let refusal = Refusal::scripted(checked(status), self.retry_after_header());
        self.finish(Ending::Refuse(refusal))
    }

    /// Answers the requests with a status and a JSON body.
    ///
    /// # Panics
    /// When `status` is not within 200 to 999, or 256 scripts are active.
    #[track_caller]
    pub fn answer(self, status: u16, body: impl Into<Body>) -> ScriptGuard {
        let mut response = Response::new(body.into());
        *response.status_mut() = checked(status);
        if !response.body().is_empty() {
            response::declare_json(response.headers_mut());
        }
        self.answer_with(response)
    }

    /// Answers the requests with the status, headers and body of `response`, and adds a missing `Date`.
    ///
    /// The connection determines the HTTP version and the framing headers such as `Content-Length`. No body
    /// is sent with 204 and 304.
    ///
    /// # Panics
    /// When the status is not within 200 to 999, or 256 scripts are active.
    #[track_caller]
    pub fn answer_with(self, response: Response<Body>) -> ScriptGuard {
        let (head, body) = response.into_parts();
        let mut response = Response::new(body);
        *response.status_mut() = checked(head.status.as_u16());
        *response.headers_mut() = head.headers;
        for name in &FRAMING_HEADERS {
            response.headers_mut().remove(name);
        }
        response.headers_mut().extend(self.retry_after_header());
        self.finish(Ending::Answer(response))
    }

    /// Lets the service answer after `delay`, which is real time and adds to [`after`](Self::after).
    ///
    /// # Panics
    /// When 256 scripts are active.
    #[track_caller]
    pub fn delay(self, delay: Duration) -> ScriptGuard {
        self.after(delay).finish(Ending::Passthrough)
    }

    /// Closes the connection without an answer once the request has been read. With HTTP/2 this ends every
    /// other request on the connection too.
    ///
    /// # Panics
    /// When 256 scripts are active.
    #[track_caller]
    pub fn drop_connection(self) -> ScriptGuard {
        self.finish(Ending::DropConnection)
    }

    /// Applies the script to `n` requests. The default is 1.
    pub const fn times(mut self, n: u64) -> Self {
        self.times = n;
        self
    }

    /// Applies the script to every request until its guard is dropped.
    pub const fn always(mut self) -> Self {
        self.times = u64::MAX;
        self
    }

    /// Waits for `delay` before the script's ending. Several delays add up. The delay is real time and does
    /// not depend on the emulator's clock.
    pub const fn after(mut self, delay: Duration) -> Self {
        self.delay = self.delay.saturating_add(delay);
        self
    }

    /// Sends `Retry-After` in whole seconds, rounded up. It applies to [`refuse`](Self::refuse),
    /// [`answer`](Self::answer) and [`answer_with`](Self::answer_with) only.
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        let part = if delay.subsec_nanos() > 0 { 1 } else { 0 };
        self.retry_after = Some(delay.as_secs().saturating_add(part));
        self
    }

    fn retry_after_header(&self) -> Option<(HeaderName, HeaderValue)> {
        self.retry_after.map(|seconds| (header::RETRY_AFTER, seconds.into()))
    }

    #[track_caller]
    fn finish(self, ending: Ending) -> ScriptGuard {
        let Self { scripts, operation, times, delay, .. } = self;
        let Some((id, hits)) = scripts.add(operation, times, Behaviour { delay, ending }) else {
            panic!("{MAX_SCRIPTS} scripts are active; drop a guard, or call Emulator::reset");
        };
        ScriptGuard::new(scripts, id, hits)
    }
}

#[track_caller]
fn checked(status: u16) -> StatusCode {
    match StatusCode::from_u16(status) {
        Ok(status) if !status.is_informational() => status,
        _ => panic!("the status {status} is not a final status; use one from 200 to 999"),
    }
}
