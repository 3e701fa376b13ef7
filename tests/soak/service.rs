//! [`Service`]: the `faulty-service` of this package, in a process of its own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use cg_auth_core::BaseUrl;
use serde_json::Value;

use crate::{figures::Wire, rig::USERS};

/// A running service. It ends when this is dropped, because its input ends.
#[derive(Debug)]
pub(crate) struct Service {
    base_urls: [BaseUrl; 2],
    ca_pem: String,
    process: Child,
    commands: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
    counted_before: [u64; 4],
}

/// The requests that the service has read.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Received {
    pub(crate) by_wire: [u64; 2],
    /// How many of them a fault has met.
    pub(crate) disturbed: u64,
    pub(crate) refreshes: u64,
}

impl Service {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faulty-service"));
        command.args([USERS.to_string(), LIFETIME_SECONDS.to_string(), SEED.to_string()]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (commands, output) = (process.stdin.take(), process.stdout.take().unwrap());
        let mut lines = BufReader::new(output);
        let ports = json(&next_line(&mut lines));
        let text = |name: &str| ports[name].as_str().unwrap().to_owned();
        let base_urls = [format!("http://{}", text("http1")), format!("https://{}", text("http2"))];
        Self {
            base_urls: base_urls.map(|url| BaseUrl::parse(&url).unwrap()),
            ca_pem: text("ca_pem"),
            process,
            commands,
            lines,
            counted_before: [0; 4],
        }
    }

    pub(crate) fn base_url(&self, wire: Wire) -> BaseUrl {
        self.base_urls[wire as usize].clone()
    }

    /// The root certificate to trust.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Changes the phase, for each request that is read from now on.
    pub(crate) fn set_phase(&mut self, phase: &str) {
        assert_eq!(self.ask(phase), phase);
    }

    /// The requests since [`count_anew`](Self::count_anew).
    pub(crate) fn count(&mut self) -> Received {
        let mut now = self.total();
        now.iter_mut().zip(self.counted_before).for_each(|(now, before)| *now -= before);
        let [http1, http2, disturbed, refreshes] = now;
        Received { by_wire: [http1, http2], disturbed, refreshes }
    }

    pub(crate) fn count_anew(&mut self) {
        self.counted_before = self.total();
    }

    fn total(&mut self) -> [u64; 4] {
        let counts = json(&self.ask("count"));
        ["http1", "http2", "disturbed", "refreshes"].map(|name| counts[name].as_u64().unwrap())
    }

    fn ask(&mut self, command: &str) -> String {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
        next_line(&mut self.lines)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.process.wait();
    }
}

fn next_line(lines: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    assert!(lines.read_line(&mut line).unwrap() > 0, "the service has ended");
    line.trim_end().to_owned()
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

pub(crate) const LIFETIME_SECONDS: u64 = 5;
const SEED: u64 = 20_301;
