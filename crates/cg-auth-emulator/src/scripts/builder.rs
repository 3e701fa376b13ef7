//! [`ScriptBuilder`]: writes a script for a test.

use std::{sync::Arc, time::Duration};

use cg_auth_core::body::Body;
use http::{HeaderName, Response, StatusCode};

use super::{
    behaviour::Ending,
    fault::{Fault, Point},
    guard::ScriptGuard,
    headers::FRAMING_HEADERS,
    queue::ScriptQueue,
    retry_after::RetryAfter,
    script::Script,
    script_error::ScriptError,
    when::When,
};
use crate::{operation::Operation, refusal::Refusal, response};

/// A script for the next requests for one operation, made by [`Emulator::next`](crate::Emulator::next).
///
/// One of these methods activates the script: [`refuse`](Self::refuse), [`answer`](Self::answer),
/// [`answer_with`](Self::answer_with), [`delay`](Self::delay), [`drop_connection`](Self::drop_connection) or
/// [`fault`](Self::fault). Call the other methods before it.
///
/// It panics, and says why, if the script can never apply or if a part of it would have no effect: no request to
/// apply to, a probability of 0, a `Retry-After` without an answer, a fault that sends nothing of the answer that
/// stands beside it, or a delay of more than a day.
#[derive(Debug)]
#[must_use = "`refuse`, `answer`, `answer_with`, `delay`, `drop_connection` or `fault` activates the script"]
pub struct ScriptBuilder {
    scripts: Arc<ScriptQueue>,
    script: Script,
}

impl ScriptBuilder {
    pub(crate) fn new(scripts: Arc<ScriptQueue>, operation: Operation) -> Self {
        Self { scripts, script: Script::new(operation) }
    }

    /// Refuses the requests with a status and the documented error body, in the contract that each request
    /// asks for. The error's `code` is `Scripted`.
    ///
    /// # Panics
    /// When `status` is not within 400 to 599, or 256 scripts are active.
    #[track_caller]
    pub fn refuse(self, status: u16) -> ScriptGuard {
        assert!(status >= 400, "the status {status} is not that of a refusal; use one from 400 to 599");
        let refusal = Refusal::scripted(checked(status));
        self.finish(Ending::Refuse(refusal))
    }

    /// Answers the requests with a status and a JSON body.
    ///
    /// # Panics
    /// When `status` is not within 200 to 599, or 256 scripts are active.
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
    /// The connection determines the HTTP version and the framing headers such as `Content-Length`.
    /// [`fault`](Self::fault) sends what this method cannot.
    ///
    /// # Panics
    /// When the status is not within 200 to 599 (RFC 9110 section 15 knows no other final status), when a body
    /// stands beside 204, 205 or 304, which have none, or when 256 scripts are active.
    #[track_caller]
    pub fn answer_with(self, response: Response<Body>) -> ScriptGuard {
        let (head, body) = response.into_parts();
        let mut response = Response::new(body);
        *response.status_mut() = checked(head.status.as_u16());
        *response.headers_mut() = head.headers;
        for name in &FRAMING_HEADERS {
            response.headers_mut().remove(name);
        }
        self.finish(Ending::Answer(response))
    }

    /// Lets the service answer after `delay`, which is real time and adds to [`after`](Self::after).
    ///
    /// **The service acts after the delay. With [`When::After`] it acts before the delay, and a refresh token
    /// is used up even if the client gives up waiting.**
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
    /// **The service never sees the request, so a refresh token was NOT used up. With [`When::After`] the
    /// refresh token was rotated and the answer is lost.**
    ///
    /// # Panics
    /// When 256 scripts are active.
    #[track_caller]
    pub fn drop_connection(self) -> ScriptGuard {
        self.fault(Fault::DROP)
    }

    /// Disturbs the answer below HTTP. [`Fault`] says which answer that is.
    ///
    /// # Panics
    /// When the fault can never happen, such as one of TLS without TLS, or 256 scripts are active.
    #[track_caller]
    pub fn fault(self, fault: Fault) -> ScriptGuard {
        assert!(
            self.script.behaviour.fault.is_none(),
            "`with_fault` gives a fault already; leave one of them out"
        );
        self.with_fault(fault).finish(Ending::Passthrough)
    }

    /// Never answers. The connection stays open until the peer closes it.
    ///
    /// # Panics
    /// When 256 scripts are active.
    #[track_caller]
    pub fn never_answer(self) -> ScriptGuard {
        self.fault(Fault::Stall { at: Point::Start })
    }

    /// Disturbs the answer of [`answer`](Self::answer), [`answer_with`](Self::answer_with) or
    /// [`refuse`](Self::refuse), which must follow, below HTTP.
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.script.behaviour.fault = Some(fault);
        self
    }

    /// Whether the script acts before or after the service. The default is [`When::Before`].
    pub const fn when(mut self, when: When) -> Self {
        self.script.behaviour.when = when;
        self
    }

    /// Applies the script to `n` requests, at least one. The default is 1.
    pub const fn times(mut self, n: u64) -> Self {
        self.script.times = n;
        self
    }

    /// Applies the script to every request until its guard is dropped.
    pub const fn always(mut self) -> Self {
        self.script.times = u64::MAX;
        self
    }

    /// Applies the script to a matching request with this probability, greater than 0 and at most 1. Requests
    /// that it does not apply to do not count for [`times`](Self::times).
    ///
    /// The draws follow [`EmulatorBuilder::seed`](crate::EmulatorBuilder::seed), and
    /// [`Emulator::reset`](crate::Emulator::reset) repeats them.
    pub const fn probability(mut self, probability: f64) -> Self {
        self.script.probability = probability;
        self
    }

    /// Applies the script only to requests that name this user: in the key header, in the body or in the
    /// access token. ASCII case does not matter.
    pub fn for_user(mut self, user: impl Into<String>) -> Self {
        self.script.matching.user = Some(user.into());
        self
    }

    /// Applies the script only to requests with this header.
    pub fn with_header(mut self, name: HeaderName) -> Self {
        self.script.matching.headers.push((name, None));
        self
    }

    /// Applies the script only to requests with this header and exactly this value. No output shows the
    /// value.
    pub fn with_header_value(mut self, name: HeaderName, value: impl AsRef<[u8]>) -> Self {
        self.script.matching.headers.push((name, Some(value.as_ref().to_vec())));
        self
    }

    /// Waits for `delay` before the script's ending. Several delays add up. The delay is real time and does
    /// not depend on the emulator's clock.
    pub const fn after(mut self, delay: Duration) -> Self {
        self.script.behaviour.delay = self.script.behaviour.delay.saturating_add(delay);
        self
    }

    /// Sends `Retry-After` in whole seconds, rounded up. It applies to [`refuse`](Self::refuse),
    /// [`answer`](Self::answer) and [`answer_with`](Self::answer_with) only.
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        self.script.behaviour.retry_after = Some(RetryAfter::new(delay, false));
        self
    }

    /// Like [`retry_after`](Self::retry_after), as a date: `delay` after the time of the answer by the
    /// emulator's clock.
    pub const fn retry_after_date(mut self, delay: Duration) -> Self {
        self.script.behaviour.retry_after = Some(RetryAfter::new(delay, true));
        self
    }

    #[track_caller]
    fn finish(mut self, ending: Ending) -> ScriptGuard {
        self.script.behaviour.ending = ending;
        match ScriptGuard::add(self.scripts, self.script) {
            Ok(guard) => guard,
            Err(error @ ScriptError::TooMany { .. }) => {
                panic!("{error}: drop a guard, or call Emulator::reset")
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[track_caller]
fn checked(status: u16) -> StatusCode {
    match StatusCode::from_u16(status) {
        Ok(status) if (200..600).contains(&status.as_u16()) => status,
        _ => panic!("the status {status} is not a final status; use one from 200 to 599"),
    }
}
