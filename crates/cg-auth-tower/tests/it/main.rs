//! What the layer does to a request and to its answer, over a scripted service and scripted token sources.

#![allow(clippy::unwrap_used)]

mod api;
mod cancellation;
mod failures;
mod readiness;
mod refusals;
mod replay;
mod selection;
mod stacks;
mod storm;
