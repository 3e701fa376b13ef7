//! The request log: the newest requests without their secrets, and the number of requests for each operation.

mod filter;
mod log;
mod pending_request;
mod recorded_request;
mod waiting;

pub use self::{
    filter::RequestFilter,
    recorded_request::{HeaderValues, RecordedRequest},
    waiting::WaitTimedOut,
};
pub(crate) use self::{
    log::{Observer, RequestLog},
    pending_request::PendingRequest,
    recorded_request::Origin,
    waiting::{RequestCount, WaitRefused},
};

#[cfg(test)]
pub(crate) use self::log::MAX_WAITS;

#[cfg(test)]
mod tests;
