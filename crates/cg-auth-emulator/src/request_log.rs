//! The request log: the newest requests without their secrets, and the number of requests for each operation.

mod log;
mod pending_request;
mod recorded_request;
mod waiting;

pub(crate) use self::{
    log::{Observer, RequestLog},
    pending_request::PendingRequest,
    recorded_request::Origin,
    waiting::RequestCount,
};
pub use self::{recorded_request::RecordedRequest, waiting::WaitTimedOut};

#[cfg(test)]
mod tests;
