//! `cg-auth emulator`: an emulator of the service on this machine, for programs in any language.

mod announcement;
mod config;
mod control_token;
mod parent;
mod request_log;
mod root_certificate;
mod shell;

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, ExitCode},
    time::SystemTime,
};

use cg_auth_emulator::{Emulator, EmulatorBuilder};
use clap::{Args, ValueEnum};

pub(crate) use self::config::parse as parse_emulator_config;
use self::{
    announcement::{Announcement, ReadyFile},
    root_certificate::RootCertificate,
    shell::Shell,
};
use crate::{
    child, console::Console, failure::Failure, log_writer::LogWriter, output, stop_signal::StopSignal,
    time_format::parse_rfc3339, variable,
};

#[derive(Args)]
pub(crate) struct EmulatorArgs {
    /// The address to listen on [default: 127.0.0.1 and a free port].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,

    /// A TOML file with the users and the behaviour of the service.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Serve over TLS, with a certificate that is generated at startup.
    #[arg(long)]
    tls: bool,

    /// The file to write the root certificate into [default: a temporary file].
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,

    /// The path below which the service lies, such as /governance. The control API stays at /_emulator.
    #[arg(long, value_name = "PATH")]
    base_path: Option<String>,

    /// Let web pages of any origin call the service (CORS). They never reach the control API.
    #[arg(long)]
    cors: bool,

    /// A file with a token that opens the control API to other machines and containers. Every program must then
    /// send it as `Authorization: Bearer`, on this machine too. CG_AUTH_CONTROL_TOKEN can hold the token itself.
    #[arg(long, value_name = "FILE")]
    control_token: Option<PathBuf>,

    /// The seed of the signing key, token ids and request ids: the same seed repeats them in each run.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// The time that the emulator's clock shows at the start, such as 2030-01-01T00:00:00Z [default: real
    /// time].
    #[arg(long, value_name = "TIME", value_parser = parse_rfc3339)]
    now: Option<SystemTime>,

    /// Start with a clock that stands still until the control API moves it.
    #[arg(long)]
    frozen: bool,

    /// Stop when the process that started the emulator has ended, however it ended. A command gets SIGTERM,
    /// and is killed four seconds later. On Unix only.
    #[arg(long)]
    exit_with_parent: bool,

    /// A file that exists while the emulator answers requests, and holds the output of --format json. An
    /// existing file is replaced.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,

    /// The format of the output, which appears when the emulator is ready for requests [default: env].
    #[arg(long, short = 'o', value_enum, value_name = "FORMAT")]
    format: Option<ReadyFormat>,

    /// The shell that reads the lines of --format env [default: sh].
    #[arg(long, value_enum, value_name = "SHELL")]
    shell: Option<Shell>,

    /// A command to run with the address and the credential of the emulator in its environment, and without
    /// the user's configuration file. CG_AUTH_PROTECTED_URL is the resource that takes the access tokens, and
    /// CG_AUTH_CONTROL_URL the control API. CG_AUTH_ADMINISTRATOR_NAME and CG_AUTH_PLAIN_USER_NAME are two of
    /// its users, with their secrets in CG_AUTH_ADMINISTRATOR_SECRET and CG_AUTH_PLAIN_USER_SECRET. With
    /// --tls, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE name the root
    /// certificate. The emulator stops when the command
    /// ends, and returns its exit code. It prints nothing itself; with -v it logs requests. SIGINT, SIGTERM and
    /// SIGHUP go to the command, not to its children; the third signal kills the command.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ReadyFormat {
    /// Lines for a shell that set CG_AUTH_BASE_URL and the other variables that `cg-auth token` reads.
    #[default]
    Env,
    /// One object on one line.
    Json,
}

impl EmulatorArgs {
    pub(crate) fn prints_json(&self) -> bool {
        self.format == Some(ReadyFormat::Json)
    }

    /// Whether the announcement goes to standard output.
    pub(crate) fn uses_stdout(&self) -> bool {
        self.command.is_empty()
    }

    fn builder(&self) -> Result<EmulatorBuilder, Failure> {
        let mut builder = match &self.config {
            Some(path) => config::read(path)?,
            None => Emulator::builder(),
        };
        if let Some(address) = self.listen {
            builder = builder.listen(address);
        }
        if let Some(seed) = self.seed {
            builder = builder.seed(seed);
        }
        if let Some(path) = &self.base_path {
            builder = builder.base_path(path);
        }
        if self.cors {
            builder = builder.cors(true);
        }
        if let Some(now) = self.now {
            builder = builder.now(now);
        }
        if self.frozen {
            builder = builder.frozen(true);
        }
        Ok(if self.tls { builder.tls() } else { builder })
    }

    /// Refuses arguments that have no effect together.
    fn check(&self) -> Result<(), Failure> {
        let usage = |problem| Err(Failure::Usage { subcommand: "emulator", problem });
        if self.shell.is_some() && (self.prints_json() || !self.command.is_empty()) {
            return usage("--shell needs the lines of --format env, which a COMMAND replaces");
        }
        if self.exit_with_parent && !cfg!(unix) {
            return usage("--exit-with-parent works on Unix only; end the emulator with its process id");
        }
        Ok(())
    }
}

/// Serves until a signal arrives, or until the command ends.
pub(crate) async fn run(args: &EmulatorArgs, console: &Console) -> Result<ExitCode, Failure> {
    args.check()?;
    let mut stop = StopSignal::new().map_err(Failure::Runtime)?;
    if args.exit_with_parent {
        parent::stop_when_it_ends().map_err(Failure::Runtime)?;
    }
    let mut ready_file = args.ready_file.clone().map(ReadyFile::new).transpose()?;
    let mut builder = args.builder()?;
    let control_token = control_token::read(args.control_token.as_deref(), *console).await?;
    if let Some(token) = &control_token {
        builder = builder.control_token(token.clone());
    }
    let log = (console.is_verbose() || args.command.is_empty()).then(|| log_writer(*console));
    if let Some(log) = &log {
        let (lines, format) = (log.sender(), console.error_format());
        builder = builder.on_request(move |request| lines.send(request_log::line(request, format)));
    }
    let emulator = builder.start().await?;
    let certificate = RootCertificate::of(&emulator, args.ca_out.clone())?;
    let announcement = Announcement::of(&emulator, certificate.as_ref());
    if let Some(file) = &mut ready_file {
        file.write(&announcement)?;
    }

    let code = if !args.command.is_empty() {
        stop.disable_forced_exit();
        let mut command = child::command(&args.command);
        set_environment(&mut command, &announcement);
        if let Some(token) = &control_token {
            command.env(variable::CONTROL_TOKEN.name, token.expose_secret());
        }
        child::run(command, &mut stop).await?
    } else {
        let text = match args.format.unwrap_or_default() {
            ReadyFormat::Env => announcement.lines_for(args.shell.unwrap_or_default()),
            ReadyFormat::Json => announcement.json_line(),
        };
        output::to_stdout(&text).map_err(Failure::Output)?;
        stop.disable_forced_exit();
        stop.received().await;
        ExitCode::SUCCESS
    };
    tokio::select! {
        () = emulator.shutdown() => {}
        // After a second signal, the emulator does not wait for the requests in flight.
        _ = stop.received() => {}
    }
    if let Some(log) = log {
        log.finish();
    }
    Ok(code)
}

/// Points `command` at the emulator. Other variables of this process could point it at another service. The
/// user's configuration file applies even without a variable, so `CG_AUTH_CONFIG` names an empty file instead.
fn set_environment(command: &mut Command, announcement: &Announcement) {
    command.env(variable::CONFIG.name, NULL_DEVICE);
    for variable in [
        variable::PROFILE,
        variable::CLIENT_SECRET_FILE,
        variable::REFRESH_TOKEN,
        variable::CA_FILE,
        variable::PROXY,
        // It would hand the tokens of one emulator to the next one at the same address.
        variable::STORE,
    ] {
        command.env_remove(variable.name);
    }
    for name in announcement.absent() {
        command.env_remove(name);
    }
    command.envs(announcement.environment().iter().cloned());
    command.envs(announcement.ca_environment());
}

/// Writes the request log to standard error.
fn log_writer(console: Console) -> LogWriter {
    LogWriter::start(output::to_stderr, move |lost| {
        console.warn(&format!(
            "{lost} requests are missing from this log: they arrived faster than standard error was read"
        ));
    })
}

const NULL_DEVICE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };
