//! [`Rig`]: a service and the eight processes of a fleet, some of which are killed or stopped.

use std::{process::Command, thread, time::Duration};

use cg_auth_core::time::Now;
use cg_auth_emulator::{Emulator, Operation, RecordedRequest};
use cg_auth_tests::fleet::{Member, Report};
use http::header::USER_AGENT;
use rustix::process::{Pid, Signal, kill_process};

use crate::figures::{Figures, Window};

/// A running fleet.
#[derive(Debug)]
pub(crate) struct Rig {
    emulator: Emulator,
    store: String,
    caches: bool,
    /// Each with its transport.
    members: Vec<(Member, &'static str)>,
    figures: Figures,
    random: fastrand::Rng,
}

impl Rig {
    /// Starts the processes over the store at `store`, half of them over each transport. Returns once each has been
    /// served.
    pub(crate) fn start(store: &str, caches: bool) -> Self {
        let service = Emulator::builder().token_lifetime(LIFETIME).token_cache(caches).reuse_detection(true);
        let mut rig = Self {
            emulator: service.start_blocking().unwrap(),
            store: store.to_owned(),
            caches,
            members: Vec::new(),
            figures: Figures::default(),
            random: fastrand::Rng::with_seed(13),
        };
        rig.members = (0..PROCESSES).map(|number| rig.started(["reqwest", "hyper"][number % 2])).collect();
        rig.wait_until_all_are_served();
        rig
    }

    pub(crate) fn pass(&self, duration: Duration) {
        // Time itself is the input here: tokens expire meanwhile.
        thread::sleep(duration);
    }

    /// Kills a random process and starts another one in its place.
    pub(crate) fn kill_any(&mut self) {
        let number = self.random.usize(..PROCESSES);
        self.replace(number);
    }

    /// Kills the process that acquires the next token, during its acquisition.
    pub(crate) fn kill_holder(&mut self) {
        let number = self.next_holder();
        self.replace(number);
    }

    /// Stops the process that acquires the next token, during its acquisition and for `duration`.
    pub(crate) fn stop_holder(&mut self, duration: Duration) {
        let number = self.next_holder();
        let (member, _) = &self.members[number];
        let id = member.id();
        send(id, Signal::STOP);
        self.pass(duration);
        send(id, Signal::CONT);
        self.figures.stops += 1;
        self.figures.stopped.insert(id);
    }

    /// Lets `outage` happen to the store. Until a while after its end, each process may acquire for itself.
    pub(crate) fn without_store(&mut self, outage: impl FnOnce()) {
        let begun = Now::system().wall();
        outage();
        let end = Now::system().wall() + STORE_IS_NOT_ASKED;
        self.figures.outages.push(Window { begun, end });
    }

    /// Ends the processes. Prints and checks what they and the service have seen.
    pub(crate) fn end(mut self, name: &str) {
        self.wait_until_all_are_served();
        for (member, transport) in std::mem::take(&mut self.members) {
            let id = member.id();
            self.figures.add(id, transport, member.end());
        }
        assert_eq!(self.emulator.forgotten_requests(), 0);
        self.figures.print_and_check(name, &self.emulator.requests(), self.caches);
    }

    fn started(&self, transport: &'static str) -> (Member, &'static str) {
        let program = Command::new(env!("CARGO_BIN_EXE_fleet-member"));
        (Member::start(program, &self.emulator, transport, &self.store), transport)
    }

    fn replace(&mut self, number: usize) {
        let transport = self.members[number].1;
        let next = self.started(transport);
        let (member, _) = std::mem::replace(&mut self.members[number], next);
        let id = member.id();
        self.figures.add(id, transport, member.kill());
        self.figures.killed.insert(id);
    }

    /// The number of the process whose acquisition has just begun. Its answer takes a while.
    fn next_holder(&self) -> usize {
        loop {
            let _delay = self.emulator.next(Operation::GetDelegateAccessToken).delay(ACQUISITION);
            let seen = self.emulator.count(Operation::GetDelegateAccessToken);
            self.emulator
                .wait_for_blocking(Operation::GetDelegateAccessToken, seen + 1, LONGEST_WAIT)
                .expect("a process acquires");
            let id = process_of(self.emulator.requests().last().unwrap());
            // A process that was killed meanwhile may have sent the request.
            if let Some(number) = self.members.iter().position(|(member, _)| member.id() == id) {
                return number;
            }
        }
    }

    /// A process that started a moment ago may wait for the lease of one that was killed.
    fn wait_until_all_are_served(&self) {
        let begun = Now::system().monotonic();
        let served: Vec<_> = self.members.iter().map(|(member, _)| member.report().served).collect();
        while self.members.iter().zip(&served).any(|((member, _), before)| member.report().served <= *before)
        {
            let waits = Now::system().monotonic() - begun;
            assert!(waits < LONGEST_WAIT, "a process is not served: {:?}", self.reports());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn reports(&self) -> Vec<Report> {
        self.members.iter().map(|(member, _)| member.report()).collect()
    }
}

/// The id of the process that has sent the request.
pub(crate) fn process_of(request: &RecordedRequest) -> u32 {
    request.header(USER_AGENT.as_str()).unwrap().parse().unwrap()
}

pub(crate) fn send(id: u32, signal: Signal) {
    let pid = Pid::from_raw(id.cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}

pub(crate) const LIFETIME: Duration = Duration::from_secs(4);
const PROCESSES: usize = 8;
/// How long the service takes to answer the process that will be killed or stopped.
const ACQUISITION: Duration = Duration::from_secs(1);
/// Ten times a lease and the acquisition after it.
const LONGEST_WAIT: Duration = Duration::from_secs(90);
/// How long a process does not ask a store that has failed, with the operation before and the acquisition after it.
const STORE_IS_NOT_ASKED: Duration = Duration::from_millis(6_500);
