//! [`Failure`]: why the command did not succeed, its exit code, and how it is told.

mod human;
mod json;

use std::{io, process::ExitCode};

use cg_auth_core::{Error, ErrorKind, Recovery, transport::TransportError};
use cg_auth_emulator::EmulatorError;

use crate::{args::ErrorFormat, output, settings::SettingError};

/// Everything that can keep the command from its success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("wrong usage")]
    Usage(#[from] clap::Error),
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Call(#[from] Error),
    #[error("the emulator did not start")]
    Emulator(#[from] EmulatorError),
    /// A step of the demo.
    #[error("the demo failed over {transport} at the step \"{step}\"")]
    Step { transport: &'static str, step: &'static str, source: Box<Self> },
    /// The service did something else than the demo shows.
    #[error("{0}")]
    Unexpected(String),
    #[error("standard output cannot be written")]
    Output(#[source] io::Error),
    #[error("the answer cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error("the runtime did not start")]
    Runtime(#[source] io::Error),
}

impl Failure {
    /// Tells standard error, and gives the exit code.
    pub(crate) fn report(&self, format: ErrorFormat) -> ExitCode {
        match (self, format) {
            // Whoever closed the stream knows that it did.
            (Self::Output(error), _) if error.kind() == io::ErrorKind::BrokenPipe => {}
            (_, ErrorFormat::Json) => output::to_stderr(&json::line(self)),
            (Self::Usage(error), ErrorFormat::Human) => {
                // With clap's own highlighting, where the terminal wants any.
                let _ = error.print();
            }
            (_, ErrorFormat::Human) => output::to_stderr(&human::lines(self)),
        }
        ExitCode::from(self.exit_code())
    }

    fn exit_code(&self) -> u8 {
        match self.kind() {
            Kind::Usage | Kind::Call(ErrorKind::Config) => 2,
            Kind::Call(ErrorKind::Api | ErrorKind::Rejected) => 3,
            Kind::Call(ErrorKind::Protocol) => 4,
            Kind::Call(ErrorKind::Transport) => 5,
            Kind::Call(ErrorKind::Timeout) => 6,
            Kind::Internal | Kind::Call(_) => 1,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Usage(_) => Kind::Usage,
            Self::Setting(_) => Kind::Call(ErrorKind::Config),
            Self::Call(error) => Kind::Call(error.kind()),
            Self::Step { source, .. } => source.kind(),
            Self::Emulator(_) | Self::Unexpected(_) | Self::Output(_) | Self::Json(_) | Self::Runtime(_) => {
                Kind::Internal
            }
        }
    }

    /// The failed call, if it came to one.
    fn call(&self) -> Option<&Error> {
        match self {
            Self::Call(error) => Some(error),
            Self::Step { source, .. } => source.call(),
            _ => None,
        }
    }

    /// What helps, where that can be said.
    fn recovery(&self) -> Option<Recovery> {
        match self.kind() {
            Kind::Internal => None,
            Kind::Usage | Kind::Call(_) => {
                Some(self.call().map_or(Recovery::FixConfiguration, Error::recovery))
            }
        }
    }

    /// The failure and its causes, each telling its own layer's story.
    fn story(&self) -> impl Iterator<Item = String> {
        let first: Option<&(dyn std::error::Error + 'static)> = Some(self);
        std::iter::successors(first, |error| error.source()).map(ToString::to_string)
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Call(error.into())
    }
}

/// How far the command came.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// The arguments could not be read.
    Usage,
    /// The call failed, or one of its settings did.
    Call(ErrorKind),
    /// Something of this process.
    Internal,
}

impl Kind {
    /// The kind as a short stable word.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Call(kind) => kind.as_str(),
            Self::Internal => "internal",
        }
    }
}
