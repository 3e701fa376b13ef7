//! [`Console`]: the person or program that runs the command, and how it is spoken to.

use std::io::{self, IsTerminal as _};

use serde::Serialize;

use crate::{
    cli::{Cli, ErrorFormat},
    output,
    settings::{SettingError, variable},
};

/// How standard error speaks, and whether anybody can be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    error_format: ErrorFormat,
    may_ask: bool,
}

impl Console {
    /// As `cli` and the environment want it.
    pub(crate) fn new(cli: &Cli) -> Result<Self, SettingError> {
        let input_is_refused = cli.global.no_input || variable::NO_INPUT.is_on();
        Ok(Self {
            error_format: cli.error_format()?,
            may_ask: !input_is_refused && io::stdin().is_terminal() && io::stderr().is_terminal(),
        })
    }

    pub(crate) const fn error_format(&self) -> ErrorFormat {
        self.error_format
    }

    /// Whether a person sits there and has not said that they want to be left alone.
    pub(crate) const fn may_ask(&self) -> bool {
        self.may_ask
    }

    /// Says on standard error what does not keep the command from its success.
    pub(crate) fn warn(&self, warning: &str) {
        let line = match self.error_format {
            ErrorFormat::Human => output::labelled("warning", output::WARNING, &output::escaped(warning)),
            ErrorFormat::Json => output::json_line(&Warning { warning }),
        };
        output::to_stderr(&line);
    }
}

/// A warning beside `--error-format json`: every line of standard error is an object then, but for those of
/// `-v`.
#[derive(Serialize)]
struct Warning<'a> {
    warning: &'a str,
}
