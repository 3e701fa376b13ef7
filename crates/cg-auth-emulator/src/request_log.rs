//! The request log: the newest requests without their secrets, and the number of requests for each operation.

mod connection_number;
mod filter;
mod log;
mod pending_request;
mod recorded_request;
mod stopwatch;
mod waiting;

pub(crate) use self::{
    connection_number::ConnectionNumber,
    log::{Observer, RequestLog},
    pending_request::PendingRequest,
    stopwatch::Stopwatch,
    waiting::{RequestCount, WaitRefused},
};
pub use self::{
    filter::RequestFilter,
    recorded_request::{HeaderValues, RecordedRequest},
    waiting::WaitTimedOut,
};

#[cfg(test)]
pub(crate) use self::log::{MAX_REQUESTS, MAX_WAITS};

#[cfg(test)]
mod tests;
