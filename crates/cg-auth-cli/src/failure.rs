//! [`Failure`]: why the command failed, and its exit code.

mod failed_call;
mod failed_store;
mod short_lived;
mod unread_secret;

use std::{
    io,
    process::{Command, ExitCode},
    time::Duration,
};

use cg_auth_core::{
    BaseUrl, CallError, CallErrorKind, Recovery, TokenError, TokenErrorKind, token::store::SharedFailure,
    transport::TransportError,
};
use cg_auth_emulator::EmulatorError;

use self::unread_secret::UnreadSecret;
pub(crate) use self::{
    failed_call::{FailedCall, Operation},
    failed_store::FailedStore,
    short_lived::ShortLived,
};
use crate::{
    descriptors,
    setting_error::{Missing, SettingError},
    stop_signal::Stop,
};

/// Everything that makes the command fail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// clap has refused the arguments with this message.
    #[error("{0}")]
    Arguments(String),
    /// Arguments of `subcommand` that are valid alone, but conflict with each other.
    #[error("{problem}")]
    Usage { subcommand: &'static str, problem: &'static str },
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The transport cannot be built.
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Call(Box<FailedCall>),
    /// The store of `cg-auth store` cannot be used. For every other command that is a warning.
    #[error(transparent)]
    Store(FailedStore),
    /// The provider cannot read the client secret.
    #[error(transparent)]
    Secret(UnreadSecret),
    /// The provider has no token for some other reason.
    #[error(transparent)]
    Token(TokenError),
    #[error("the emulator did not start")]
    Emulator(#[from] EmulatorError),
    /// A step of the demo.
    #[error("the demo failed over {transport} at the step \"{step}\"")]
    Step { transport: &'static str, step: &'static str, source: Box<Self> },
    /// The service did not do what the demo shows.
    #[error("{0}")]
    Unexpected(String),
    /// The file of the refresh token cannot be rewritten with the new refresh token.
    #[error("cannot rewrite {file}; the new refresh token was printed on standard output")]
    NotKept { file: String, source: io::Error },
    /// A token cannot be written into its file. Another token can be got with the client secret.
    #[error("cannot write {what} into {file}; the file is as it was")]
    NotSaved { what: &'static str, file: String, source: io::Error },
    /// There is no refresh token for `--refresh-token-out`.
    #[error("the service issued no refresh token, so {file} was not written; the access token is complete")]
    NoRefreshToken { file: String },
    #[error(transparent)]
    ShortLived(#[from] ShortLived),
    /// Another process has locked the file of the refresh token.
    #[error(
        "another process has locked {file} for {}; end that process, or wait longer with --timeout",
        humantime::format_duration(*.limit)
    )]
    Locked { file: String, limit: Duration },
    /// The old refresh token is spent, and the new one was neither kept nor printed.
    #[error(
        "the service issued a new refresh token, which is lost: it could {way}; get another one with \
         cg-auth token --with-refresh-token --format json"
    )]
    Lost { way: &'static str, source: io::Error },
    /// The command after `--` cannot be run.
    #[error("cannot run the command {program}")]
    Command { program: String, source: io::Error },
    #[error("cancelled; nothing was deleted")]
    Declined,
    #[error(transparent)]
    Stopped(Stop),
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    #[error("cannot write the answer as JSON")]
    Json(#[source] serde_json::Error),
    #[error("too few file descriptors; raise the limit with ulimit -n")]
    Descriptors(#[source] io::Error),
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
}

impl Failure {
    /// Why a provider for the service at `base_url` has no token.
    pub(crate) fn no_token(error: TokenError, base_url: &BaseUrl) -> Self {
        match (error.as_call(), error.kind()) {
            (Some(call), _) => FailedCall::new(Operation::GetToken, base_url, call.clone()).into(),
            (None, TokenErrorKind::Secret) => Self::Secret(UnreadSecret::new(error)),
            _ => Self::Token(error),
        }
    }

    /// `command` cannot be run.
    pub(crate) fn command(command: &Command, source: io::Error) -> Self {
        Self::Command { program: command.get_program().to_string_lossy().into_owned(), source }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.kind() {
            Kind::Usage => SETTINGS_CODE,
            Kind::Call(kind) => code_of(kind),
            Kind::ShortLived => 7,
            // The codes that shells use.
            Kind::Command(io::ErrorKind::NotFound) => 127,
            Kind::Command(_) => 126,
            Kind::Stopped(signal) => signal.exit_code(),
            Kind::Internal | Kind::Declined => 1,
        })
    }

    pub(crate) fn kind(&self) -> Kind {
        if descriptors::ran_out(self) {
            return Kind::Internal;
        }
        match self {
            Self::Arguments(_) | Self::Usage { .. } => Kind::Usage,
            // At a prompt Ctrl-C ends the read with this error instead of a signal.
            Self::Setting(error) if error.is_interrupted() => Kind::Stopped(Stop::Interrupt),
            // The address, a user or the time of the emulator is a wrong setting.
            Self::Setting(_)
            | Self::Transport(_)
            | Self::Secret(_)
            | Self::Emulator(
                EmulatorError::Listen { .. }
                | EmulatorError::User { .. }
                | EmulatorError::Clock { .. }
                | EmulatorError::BasePath { .. }
                | EmulatorError::Script { .. },
            ) => Kind::Call(CallErrorKind::Config),
            Self::Call(call) => Kind::Call(call.error().kind()),
            Self::Store(store) => Kind::Call(store.kind()),
            Self::Token(error) => kind_of(error),
            Self::Locked { .. } => Kind::Call(CallErrorKind::Timeout),
            Self::ShortLived(_) => Kind::ShortLived,
            Self::Step { source, .. } => source.kind(),
            Self::Declined => Kind::Declined,
            Self::Stopped(signal) => Kind::Stopped(*signal),
            Self::Command { source, .. } => Kind::Command(source.kind()),
            Self::Emulator(_)
            | Self::Unexpected(_)
            | Self::NotKept { .. }
            | Self::NotSaved { .. }
            | Self::NoRefreshToken { .. }
            | Self::Lost { .. }
            | Self::Output(_)
            | Self::Json(_)
            | Self::Descriptors(_)
            | Self::Runtime(_) => Kind::Internal,
        }
    }

    /// The error of the failed call, if a call failed.
    pub(crate) fn call_error(&self) -> Option<&CallError> {
        self.failed_call().map(FailedCall::error)
    }

    /// The call that failed, if a call failed.
    pub(crate) fn failed_call(&self) -> Option<&FailedCall> {
        match self {
            Self::Call(call) => Some(call),
            Self::Step { source, .. } => source.failed_call(),
            _ => None,
        }
    }

    /// The status of the service's answer, which another process may have received.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Token(error) => error.as_shared().and_then(SharedFailure::status),
            _ => self.call_error().and_then(CallError::status).map(|status| status.as_u16()),
        }
    }

    /// The required settings that are not given.
    pub(crate) fn missing(&self) -> &[Missing] {
        match self {
            Self::Setting(error) => error.missing(),
            _ => &[],
        }
    }

    /// How long the service asks to wait before the next request, at most a year. A longer time is a mistake
    /// of the service, and could overflow the numbers of a program that reads it.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let of_token = |error: &TokenError| error.retry_after().filter(|_| error.as_shared().is_some());
        let delay = match self {
            Self::Token(error) => of_token(error),
            _ => self.call_error().and_then(CallError::retry_after),
        };
        delay.map(|delay| delay.min(YEAR))
    }

    /// What the user can do, if that is known.
    pub(crate) fn recovery(&self) -> Option<Recovery> {
        match self.kind() {
            Kind::Internal | Kind::Declined | Kind::ShortLived | Kind::Command(_) | Kind::Stopped(_) => None,
            Kind::Call(_) if matches!(self, Self::Locked { .. }) => Some(Recovery::Retry),
            Kind::Call(kind) if matches!(self, Self::Store(_)) => Some(match kind {
                CallErrorKind::Config => Recovery::FixConfiguration,
                _ => Recovery::Retry,
            }),
            Kind::Usage | Kind::Call(_) => Some(match self {
                Self::Token(error) => error.recovery(),
                _ => self.call_error().map_or(Recovery::FixConfiguration, CallError::recovery),
            }),
        }
    }
}

impl From<FailedCall> for Failure {
    fn from(call: FailedCall) -> Self {
        Self::Call(Box::new(call))
    }
}

/// The kind of a provider's error that is neither a failed call of this process nor about its secret.
fn kind_of(error: &TokenError) -> Kind {
    let shared = error.as_shared().map(SharedFailure::kind);
    match (shared, error.kind()) {
        (Some("config" | "secret"), _) => Kind::Call(CallErrorKind::Config),
        (Some("transport"), _) => Kind::Call(CallErrorKind::Transport),
        (Some("timeout"), _) | (_, TokenErrorKind::OutOfTime) => Kind::Call(CallErrorKind::Timeout),
        (Some("protocol"), _) => Kind::Call(CallErrorKind::Protocol),
        (Some("api"), _) => Kind::Call(CallErrorKind::Api),
        (Some("rejected"), _) => Kind::Call(CallErrorKind::Rejected),
        _ => Kind::Internal,
    }
}

/// The exit code of a call that failed.
pub(crate) const fn code_of(kind: CallErrorKind) -> u8 {
    match kind {
        CallErrorKind::Config => SETTINGS_CODE,
        CallErrorKind::Api | CallErrorKind::Rejected => 3,
        CallErrorKind::Protocol => 4,
        CallErrorKind::Transport => 5,
        CallErrorKind::Timeout => TIMEOUT_CODE,
        _ => 1,
    }
}

/// The exit code if a setting, or the arguments, cannot be used.
pub(crate) const SETTINGS_CODE: u8 = 2;
/// The exit code if there is no complete answer in time.
pub(crate) const TIMEOUT_CODE: u8 = 6;

/// The kind of a failure, which decides the exit code.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// The arguments are wrong.
    Usage,
    /// The call failed, or one of its settings is wrong.
    Call(CallErrorKind),
    /// An internal error, or the output could not be written.
    Internal,
    /// The command after `--` cannot be run.
    Command(io::ErrorKind),
    /// The user declined the confirmation.
    Declined,
    /// The token does not live as long as the user requires.
    ShortLived,
    /// Ctrl-C, SIGTERM or SIGHUP.
    Stopped(Stop),
}

impl Kind {
    /// The kind as a short stable word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Call(kind) => kind.as_str(),
            Self::Internal => "internal",
            Self::Command(_) => "command",
            Self::Declined => "declined",
            Self::ShortLived => "short_lived",
            Self::Stopped(_) => "interrupted",
        }
    }
}

/// A year as `humantime` counts it.
const YEAR: Duration = Duration::from_secs(31_557_600);
