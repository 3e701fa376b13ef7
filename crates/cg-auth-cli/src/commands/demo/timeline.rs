//! The demo's output: one aligned line for each step, written when the step has ended.

use std::{
    future::Future,
    io::{self, Write},
};

use cg_auth_core::time::Now;

use crate::failure::Failure;

/// Measures each step and writes its line when it ends.
pub(super) struct Timeline<'a> {
    out: &'a mut dyn Write,
}

impl<'a> Timeline<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    /// Writes a line between the steps.
    pub(super) fn write_line(&mut self, line: &str) -> Result<(), Failure> {
        self.write(format_args!("{line}\n"))
    }

    /// Runs `work` and writes its line: the step, the `call` that it makes, how long it took, and its result.
    /// `work` returns a value and a text for the line.
    ///
    /// # Errors
    /// Returns the error of `work`, after writing a line that marks the step as failed.
    pub(super) async fn step<T>(
        &mut self,
        what: &'static str,
        call: &str,
        work: impl Future<Output = Result<(T, String), Failure>>,
    ) -> Result<T, Failure> {
        let start = Now::system();
        let outcome = work.await;
        let milliseconds = Now::system().saturating_since(start).as_secs_f64() * 1000.0;
        let (mark, result) = match &outcome {
            Ok((_, text)) => ('✓', text.as_str()),
            Err(_) => ('✗', "failed"),
        };
        self.write(format_args!("  {mark} {what:<16} {call:<32} {milliseconds:>7.1} ms  {result}\n"))?;
        outcome.map(|(value, _)| value)
    }

    fn write(&mut self, line: std::fmt::Arguments<'_>) -> Result<(), Failure> {
        let written: io::Result<()> = self.out.write_fmt(line).and_then(|()| self.out.flush());
        written.map_err(Failure::Output)
    }
}
