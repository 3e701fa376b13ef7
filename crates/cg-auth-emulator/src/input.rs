//! Reads what callers give: JSON documents and queries. Each error names the member or parameter, the type of
//! its value and what is allowed, and never quotes a value.

mod document;
mod error;
mod members;
mod wording;

pub(crate) use self::{
    document::parse,
    error::InputError,
    members::{Members, whole_number},
    wording::{shown, wrong},
};

#[cfg(test)]
mod tests;
