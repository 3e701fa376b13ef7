//! Scripts, which delay, replace, disturb or drop the answers to the next requests.

mod active_script;
mod behaviour;
mod builder;
mod fault;
mod fault_kind;
mod fault_reader;
mod guard;
mod headers;
mod named;
mod queue;
mod request_match;
mod retry_after;
mod script;
mod script_error;
mod summary;
mod when;

#[cfg(test)]
pub(crate) use self::queue::{MAX_ENDED, MAX_SCRIPTS};
pub(crate) use self::{
    behaviour::{Behaviour, Ending},
    fault::Offered,
    fault_kind::FaultKind,
    fault_reader::{LAST_STREAM, LONGEST_DELAY, MANY, MOST_INTERIM, Place},
    queue::ScriptQueue,
    request_match::Asked,
    retry_after::Format,
    summary::{ScriptState, ScriptSummary},
};
pub use self::{
    builder::ScriptBuilder,
    fault::{AnswerPart, ConnectionEnd, Fault, Point},
    guard::ScriptGuard,
    named::NamedFault,
    script::Script,
    script_error::ScriptError,
    when::When,
};
