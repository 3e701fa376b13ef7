//! A case for each row of the table of failures.

pub mod connecting;
pub mod head;
