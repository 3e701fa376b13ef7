//! Writes a [`Failure`] to standard error, as text for a person or as JSON for a program.

mod human;
mod json;

use std::{io, process::ExitCode};

pub(crate) use self::human::hint_after_call;
use crate::{error_format::ErrorFormat, failure::Failure, output};

/// Writes `failure` to standard error and returns its exit code.
pub(crate) fn write(failure: &Failure, format: ErrorFormat) -> ExitCode {
    match (failure, format) {
        // No message: the reader of standard output closed it on purpose.
        (Failure::Output(error), _) if error.kind() == io::ErrorKind::BrokenPipe => {}
        (_, ErrorFormat::Human) => output::to_stderr(&human::lines(failure)),
        (_, ErrorFormat::Json) => output::to_stderr(&json::line(failure)),
    }
    failure.exit_code()
}
