//! The processes of a fleet, for the suite `fleet` and for the example of that name.
//!
//! [`run`] is the program of such a process: it asks for its token every few milliseconds, and writes a
//! [`Report`] several times a second. A [`Member`] is the process as its parent sees it.

mod member;
mod program;
mod report;

pub use self::{member::Member, program::run, report::Report};
