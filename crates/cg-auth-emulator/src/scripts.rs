//! Scripts, which delay, replace, disturb or drop the answers to the next requests.

mod behaviour;
mod builder;
mod fault;
mod guard;
mod members;
mod named;
mod queue;
mod request_match;
mod retry_after;
mod script;
mod script_error;
mod when;

#[cfg(test)]
pub(crate) use self::queue::MAX_SCRIPTS;
pub(crate) use self::{
    behaviour::{Behaviour, Ending},
    fault::Offered,
    queue::{ActiveScript, ScriptQueue},
    request_match::Asked,
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
