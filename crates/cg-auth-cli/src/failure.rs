//! [`Failure`]: why the command did not succeed, its exit code, and how it is told.

mod human;
mod json;

use std::{io, process::ExitCode, time::Duration};

use cg_auth_core::{
    CallError, CallErrorKind, Recovery, TokenError, TokenErrorKind, transport::TransportError,
};
use cg_auth_emulator::EmulatorError;
use clap::CommandFactory as _;

use crate::{
    cli::{Cli, ErrorFormat},
    output,
    settings::SettingError,
    stop_signal::Stop,
};

/// Everything that can keep the command from its success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("wrong usage")]
    Usage(#[from] clap::Error),
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Refresh(CallError),
    #[error(transparent)]
    DeleteTokenCache(CallError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("the emulator did not start")]
    Emulator(#[from] EmulatorError),
    /// A step of the demo.
    #[error("the demo failed over {transport} at the step \"{step}\"")]
    Step { transport: &'static str, step: &'static str, source: Box<Self> },
    /// The service did something else than the demo shows.
    #[error("{0}")]
    Unexpected(String),
    /// The refresh token's file, after the service has issued another refresh token.
    #[error("{file} cannot be rewritten; the new refresh token was printed on standard output")]
    NotKept { file: String, source: io::Error },
    /// The only copy of a refresh token, the old one being spent, had nowhere to go.
    #[error("the service issued another refresh token, which is lost: it could {way}")]
    Lost { way: &'static str, source: io::Error },
    /// The command that an emulator was started for.
    #[error("the command {program} cannot be run")]
    Command { program: String, source: io::Error },
    #[error("nothing was done, as you wish")]
    Declined,
    #[error(transparent)]
    Stopped(Stop),
    #[error("standard output cannot be written")]
    Output(#[source] io::Error),
    #[error("the answer cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error("the runtime did not start")]
    Runtime(#[source] io::Error),
}

impl Failure {
    /// Arguments of `subcommand` that are each right and do not go together.
    pub(crate) fn usage(subcommand: &'static str, problem: &'static str) -> Self {
        let mut cli = Cli::command();
        // Gives the subcommand its full name.
        cli.build();
        let kind = clap::error::ErrorKind::ArgumentConflict;
        match cli.find_subcommand_mut(subcommand) {
            Some(command) => command.error(kind, problem),
            None => cli.error(kind, problem),
        }
        .into()
    }

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
            Kind::Usage | Kind::Call(CallErrorKind::Config) => 2,
            Kind::Call(CallErrorKind::Api | CallErrorKind::Rejected) => 3,
            Kind::Call(CallErrorKind::Protocol) => 4,
            Kind::Call(CallErrorKind::Transport) => 5,
            Kind::Call(CallErrorKind::Timeout) => 6,
            // As shells have it.
            Kind::Command(io::ErrorKind::NotFound) => 127,
            Kind::Command(_) => 126,
            Kind::Stopped(signal) => signal.exit_code(),
            Kind::Internal | Kind::Declined | Kind::Call(_) => 1,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Usage(_) => Kind::Usage,
            // Ctrl-C at a prompt, which takes the signal for itself.
            Self::Setting(SettingError::NotAsked { source, .. })
                if source.kind() == io::ErrorKind::Interrupted =>
            {
                Kind::Stopped(Stop::Interrupt)
            }
            // An address that cannot be listened at is a wrong setting too.
            Self::Setting(_) | Self::Emulator(EmulatorError::Listen { .. }) => {
                Kind::Call(CallErrorKind::Config)
            }
            Self::Call(error) | Self::Refresh(error) | Self::DeleteTokenCache(error) => {
                Kind::Call(error.kind())
            }
            Self::Token(error) => match (error.as_call(), error.kind()) {
                (Some(error), _) => Kind::Call(error.kind()),
                (None, TokenErrorKind::Secret) => Kind::Call(CallErrorKind::Config),
                _ => Kind::Internal,
            },
            Self::Step { source, .. } => source.kind(),
            Self::Declined => Kind::Declined,
            Self::Stopped(signal) => Kind::Stopped(*signal),
            Self::Command { source, .. } => Kind::Command(source.kind()),
            Self::Emulator(_)
            | Self::Unexpected(_)
            | Self::NotKept { .. }
            | Self::Lost { .. }
            | Self::Output(_)
            | Self::Json(_)
            | Self::Runtime(_) => Kind::Internal,
        }
    }

    /// The failed call, if it came to one.
    fn call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) | Self::Refresh(error) | Self::DeleteTokenCache(error) => Some(error),
            Self::Token(error) => error.as_call(),
            Self::Step { source, .. } => source.call(),
            _ => None,
        }
    }

    /// How long the service wants to be left alone. More than a year is no wish but a mistake, and could be
    /// more than a reader's numbers hold.
    fn retry_after(&self) -> Option<Duration> {
        self.call().and_then(CallError::retry_after).map(|delay| delay.min(YEAR))
    }

    /// What helps, where that can be said.
    fn recovery(&self) -> Option<Recovery> {
        match self.kind() {
            Kind::Internal | Kind::Declined | Kind::Command(_) | Kind::Stopped(_) => None,
            Kind::Usage | Kind::Call(_) => {
                Some(self.call().map_or(Recovery::FixConfiguration, CallError::recovery))
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

/// As long as `humantime` has it.
const YEAR: Duration = Duration::from_secs(31_557_600);

/// How far the command came.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// The arguments could not be read.
    Usage,
    /// The call failed, or one of its settings did.
    Call(CallErrorKind),
    /// Something of this process.
    Internal,
    /// The command behind `cg-auth emulator --`.
    Command(io::ErrorKind),
    /// A person was asked and said no.
    Declined,
    /// Ctrl-C, SIGTERM or SIGHUP.
    Stopped(Stop),
}

impl Kind {
    /// The kind as a short stable word.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Call(kind) => kind.as_str(),
            Self::Internal => "internal",
            Self::Command(_) => "command",
            Self::Declined => "declined",
            Self::Stopped(_) => "interrupted",
        }
    }
}
