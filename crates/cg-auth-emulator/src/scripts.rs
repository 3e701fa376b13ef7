//! Scripts, which delay, replace or drop the answers to the next requests.

mod builder;
mod guard;
mod queue;
mod script;

pub use self::{builder::ScriptBuilder, guard::ScriptGuard};
pub(crate) use self::{
    queue::{MAX_SCRIPTS, ScriptQueue},
    script::{Behaviour, Ending, FRAMING_HEADERS, Script},
};
