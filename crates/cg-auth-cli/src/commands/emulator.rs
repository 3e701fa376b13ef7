//! `cg-auth emulator`: the service on this machine, for programs in any language.

mod announcement;
mod child;
mod config;
mod log_writer;
mod request_log;
mod root_certificate;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, process::ExitCode};

use cg_auth_emulator::{Emulator, EmulatorBuilder};
use clap::{Args, ValueEnum};

use self::{
    announcement::{Announcement, ReadyFile},
    log_writer::LogWriter,
    root_certificate::RootCertificate,
};
use crate::{console::Console, failure::Failure, output, stop_signal::StopSignal};

#[derive(Args)]
pub(crate) struct EmulatorArgs {
    /// The address to listen at [default: 127.0.0.1 and a free port].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,

    /// A TOML file that says how the service behaves, users included.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Serves over TLS, with a certificate made at start.
    #[arg(long)]
    tls: bool,

    /// Where to write the root certificate to trust [default: a temporary file].
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,

    /// Makes tokens and ids the same at each start that is given the same number.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// A file that holds the line of --format json once requests are answered, and is gone before and after.
    /// One that exists is replaced.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,

    /// What is written to standard output once requests are answered [default: env].
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<ReadyFormat>,

    /// A command to run with the emulator's address and credential in its environment, and without the user's
    /// configuration file. The emulator ends with it, with its exit code, and prints nothing; with -v the
    /// request log. SIGINT, SIGTERM and SIGHUP go to the command, not to its children; the third one kills it.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ReadyFormat {
    /// Lines for a shell: export CG_AUTH_BASE_URL and the other variables that `cg-auth token` reads.
    #[default]
    Env,
    /// One line with one object.
    Json,
}

impl EmulatorArgs {
    pub(crate) fn prints_json(&self) -> bool {
        self.format == Some(ReadyFormat::Json)
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
        Ok(if self.tls { builder.tls() } else { builder })
    }
}

/// Serves until a signal comes, or until the command has ended.
pub(crate) async fn run(args: &EmulatorArgs, console: &Console, verbose: bool) -> Result<ExitCode, Failure> {
    let mut stop = StopSignal::new().map_err(Failure::Runtime)?;
    let ready_file = args.ready_file.clone().map(ReadyFile::new).transpose()?;
    let mut builder = args.builder()?;
    let log = (verbose || args.command.is_empty()).then(|| log_writer(*console));
    if let Some(log) = &log {
        let (lines, format) = (log.sender(), console.error_format());
        builder = builder.on_request(move |request| lines.send(request_log::line(request, format)));
    }
    let emulator = builder.start().await?;
    let certificate = RootCertificate::of(&emulator, args.ca_out.clone())?;
    let announcement = Announcement::of(&emulator, certificate.as_ref());
    if let Some(file) = &ready_file {
        file.write(&announcement)?;
    }

    let code = if let Some((program, arguments)) = args.command.split_first() {
        stop.be_patient();
        child::run(program, arguments, announcement.environment(), &mut stop).await?
    } else {
        let text = match args.format.unwrap_or_default() {
            ReadyFormat::Env => announcement.export_lines(),
            ReadyFormat::Json => announcement.json_line(),
        };
        output::to_stdout(&text).map_err(Failure::Output)?;
        stop.be_patient();
        stop.received().await;
        ExitCode::SUCCESS
    };
    tokio::select! {
        () = emulator.shutdown() => {}
        // Whoever asks twice does not want to wait for requests under way.
        _ = stop.received() => {}
    }
    if let Some(log) = log {
        log.finish();
    }
    Ok(code)
}

/// To standard error, where a log belongs.
fn log_writer(console: Console) -> LogWriter {
    LogWriter::start(output::to_stderr, move |lost| {
        console.warn(&format!("{lost} requests not shown: they came faster than standard error was read"));
    })
}
