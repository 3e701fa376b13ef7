//! [`Member`]: a process of a fleet, as its parent sees it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use cg_auth_core::time::Now;
use cg_auth_emulator::Emulator;

use super::Report;

/// A running process. It is killed if this is dropped.
#[derive(Debug)]
pub struct Member {
    child: Child,
    report: Arc<Mutex<Report>>,
    reader: Option<JoinHandle<()>>,
}

impl Member {
    /// Starts `program`, which calls [`run`](super::run), for the first user of `emulator`.
    pub fn start(mut program: Command, emulator: &Emulator, transport: &str, store: &str) -> Self {
        let mut child = program
            .envs(emulator.env())
            .env("FLEET_TRANSPORT", transport)
            .env("FLEET_STORE", store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let report = Arc::new(Mutex::new(Report::default()));
        let latest = report.clone();
        let reader = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(report) = Report::of_line(&line) {
                    *latest.lock().unwrap() = report;
                }
            }
        });
        Self { child, report, reader: Some(reader) }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its latest report.
    pub fn report(&self) -> Report {
        self.report.lock().unwrap().clone()
    }

    /// Kills it (`kill -9`). Returns what it has reported.
    pub fn kill(mut self) -> Report {
        self.end_with(|child| child.kill().unwrap())
    }

    /// Lets it end by itself. Returns its last report.
    pub fn end(mut self) -> Report {
        let id = self.id();
        self.end_with(|child| {
            drop(child.stdin.take());
            let begun = Now::system().monotonic();
            while child.try_wait().unwrap().is_none() {
                let waits = Now::system().monotonic() - begun;
                assert!(waits < LONGEST_END, "process {id} does not end");
                thread::sleep(Duration::from_millis(5));
            }
        })
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    fn end_with(&mut self, end: impl FnOnce(&mut Child)) -> Report {
        end(&mut self.child);
        self.child.wait().unwrap();
        // Its output has ended too.
        self.reader.take().unwrap().join().unwrap();
        self.report()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A call that waits for a token may wait for a lease and an acquisition, on a loaded machine.
const LONGEST_END: Duration = Duration::from_secs(120);
