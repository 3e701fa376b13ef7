//! The demo's output: one aligned line for each step, written when the step has ended.

use std::{
    future::Future,
    io::{self, Write},
};

use cg_auth_core::time::Now;

use crate::failure::Failure;

/// Writes what happens as it happens, and measures it.
pub(super) struct Timeline<'a> {
    out: &'a mut dyn Write,
}

impl<'a> Timeline<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    /// A line between the steps.
    pub(super) fn say(&mut self, line: &str) -> Result<(), Failure> {
        self.write(format_args!("{line}\n"))
    }

    /// Does `work` and writes its line: what was done, by which `call`, how long it took and what came of
    /// it, the second half of what `work` gives.
    ///
    /// # Errors
    /// Those of `work`, after a line that says so.
    pub(super) async fn step<T>(
        &mut self,
        what: &'static str,
        call: &str,
        work: impl Future<Output = Result<(T, String), Failure>>,
    ) -> Result<T, Failure> {
        let start = Now::system();
        let outcome = work.await;
        let milliseconds = Now::system().saturating_since(start).as_secs_f64() * 1000.0;
        let (mark, seen) = match &outcome {
            Ok((_, seen)) => ('✓', seen.as_str()),
            Err(_) => ('✗', "failed"),
        };
        self.write(format_args!("  {mark} {what:<16} {call:<32} {milliseconds:>7.1} ms  {seen}\n"))?;
        outcome.map(|(value, _)| value)
    }

    fn write(&mut self, line: std::fmt::Arguments<'_>) -> Result<(), Failure> {
        let written: io::Result<()> = self.out.write_fmt(line).and_then(|()| self.out.flush());
        written.map_err(Failure::Output)
    }
}
