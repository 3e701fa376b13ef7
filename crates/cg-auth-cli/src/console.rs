//! [`Console`]: how the command writes to standard error, and whether it may prompt.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use serde::Serialize;

use crate::{error_format::ErrorFormat, output, time_format::brief, variable};

/// The format of messages, and whether prompts and the log are on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    error_format: ErrorFormat,
    can_prompt: bool,
    is_verbose: bool,
}

impl Console {
    /// Prompts are possible if standard input and standard error are terminals, unless `no_input` or
    /// `CG_AUTH_NO_INPUT` turns them off.
    pub(crate) fn new(error_format: ErrorFormat, no_input: bool, is_verbose: bool) -> Self {
        let is_turned_off = no_input || variable::NO_INPUT.is_on();
        let can_prompt = !is_turned_off && io::stdin().is_terminal() && io::stderr().is_terminal();
        Self { error_format, can_prompt, is_verbose }
    }

    /// Writes a warning to standard error. The command continues.
    pub(crate) fn warn(&self, warning: &str) {
        let line = match self.error_format {
            ErrorFormat::Human => output::labelled("warning", output::WARNING, &output::escaped(warning)),
            ErrorFormat::Json => output::json_line(&Warning { warning }),
        };
        output::to_stderr(&line);
    }

    /// Says that `problem` is about to be retried after `wait`: at a terminal, where a person waits for it, and
    /// with `-v`.
    pub(crate) fn retry(&self, problem: &str, wait: Duration) {
        if !self.is_verbose && !io::stderr().is_terminal() {
            return;
        }
        let retry = format!("{problem}, next attempt in {}", brief(wait));
        let line = match self.error_format {
            ErrorFormat::Human => output::labelled("retry", output::WARNING, &output::escaped(&retry)),
            ErrorFormat::Json => output::json_line(&Retry { retry: &retry }),
        };
        output::to_stderr(&line);
    }

    pub(crate) const fn error_format(&self) -> ErrorFormat {
        self.error_format
    }

    /// Whether the command may prompt the user.
    pub(crate) const fn can_prompt(&self) -> bool {
        self.can_prompt
    }

    /// Whether `-v` was given.
    pub(crate) const fn is_verbose(&self) -> bool {
        self.is_verbose
    }
}

/// A warning with `--error-format json`. Every line on standard error is then an object, except for those of
/// `-v`.
#[derive(Serialize)]
struct Warning<'a> {
    warning: &'a str,
}

/// A retry with `--error-format json`.
#[derive(Serialize)]
struct Retry<'a> {
    retry: &'a str,
}
