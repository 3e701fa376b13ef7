//! Eight processes share one token, and no call fails, whichever of them is killed.
//!
//!     cargo run -p cg-auth-tests --example fleet -- [SECONDS] [REDIS-URL]
//!
//! It prints the process ids, and a line each second. By itself it kills two of them and ends after ten seconds. Let
//! it run for longer, kill more of them from another terminal (`kill -9 ID`), and see that others take their place.
//! Without the URL of a Redis server the processes share a folder.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{env, error::Error, process::Command, thread, time::Duration};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_tests::fleet::{Member, Report, run};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<_> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|it| it == "member") {
        run(); // one of the eight processes
        return Ok(());
    }
    let seconds = arguments.first().and_then(|it| it.parse().ok());
    arguments.drain(..usize::from(seconds.is_some()));
    let folder = tempfile::tempdir()?;
    let store = arguments.pop().unwrap_or_else(|| folder.path().join("store").display().to_string());

    let lifetime = Duration::from_secs(4);
    let emulator = Emulator::builder().token_lifetime(lifetime).token_cache(false).start_blocking()?;
    let mut fleet = Fleet { emulator, store, members: Vec::new(), gone: Report::default() };
    for number in 0..8 {
        fleet.start(["reqwest", "hyper"][number % 2])?;
    }
    println!("eight processes share the token at {}", fleet.store);
    println!("kill any of them: kill -9 {}", fleet.ids().join(" "));
    for second in 1..=seconds.unwrap_or(10) {
        thread::sleep(Duration::from_secs(1));
        fleet.replace_the_dead()?;
        println!("{second:3} s: {}", fleet.news());
        if second % 4 == 2 && second < 8 {
            fleet.kill_the_last_that_acquired()?;
        }
    }
    let acquisitions = fleet.emulator.count(Operation::GetDelegateAccessToken);
    let total = fleet.end();
    println!("{} calls, {} failed, {acquisitions} requests to the service", total.served, total.failed);
    assert_eq!(total.failed, 0, "{}", total.last_error);
    Ok(())
}

struct Fleet {
    emulator: Emulator,
    store: String,
    members: Vec<Process>,
    /// What the processes had counted that are gone.
    gone: Report,
}

struct Process {
    member: Member,
    transport: &'static str,
    /// Its report at the last line.
    before: Report,
}

impl Fleet {
    fn start(&mut self, transport: &'static str) -> Result<u32, Box<dyn Error>> {
        let mut program = Command::new(env::current_exe()?);
        program.arg("member");
        let member = Member::start(program, &self.emulator, transport, &self.store);
        let id = member.id();
        self.members.push(Process { member, transport, before: Report::default() });
        Ok(id)
    }

    fn ids(&self) -> Vec<String> {
        self.members.iter().map(|process| process.member.id().to_string()).collect()
    }

    /// Who has acquired and adopted a token since the last line, and the calls so far.
    fn news(&mut self) -> String {
        let (mut acquired, mut adopted, mut total) = (Vec::new(), Vec::new(), self.gone.clone());
        for Process { member, before, .. } in &mut self.members {
            let report = member.report();
            if report.acquired > before.acquired {
                acquired.push(member.id().to_string());
            } else if report.adopted > before.adopted {
                adopted.push(member.id().to_string());
            }
            add(&mut total, &report);
            *before = report;
        }
        let names = |ids: Vec<String>| if ids.is_empty() { "nobody".to_owned() } else { ids.join(" ") };
        format!(
            "acquired by {}, adopted by {}; {} calls served, {} failed",
            names(acquired),
            names(adopted),
            total.served,
            total.failed
        )
    }

    fn kill_the_last_that_acquired(&mut self) -> Result<(), Box<dyn Error>> {
        let requests = self.emulator.requests();
        let last = requests.last().and_then(|request| request.header("user-agent")).unwrap_or_default();
        let number = self.ids().iter().position(|id| id == last).unwrap_or_default();
        self.replace(number)
    }

    fn replace_the_dead(&mut self) -> Result<(), Box<dyn Error>> {
        for number in (0..self.members.len()).rev() {
            if self.members[number].member.has_ended() {
                self.replace(number)?;
            }
        }
        Ok(())
    }

    fn replace(&mut self, number: usize) -> Result<(), Box<dyn Error>> {
        let Process { member, transport, .. } = self.members.remove(number);
        let id = member.id();
        add(&mut self.gone, &member.kill());
        let next = self.start(transport)?;
        println!("       {id} is killed, {next} takes its place");
        Ok(())
    }

    fn end(self) -> Report {
        self.members.into_iter().fold(self.gone, |mut total, process| {
            add(&mut total, &process.member.end());
            total
        })
    }
}

fn add(total: &mut Report, report: &Report) {
    total.served += report.served;
    total.failed += report.failed;
    if report.failed > 0 {
        total.last_error.clone_from(&report.last_error);
    }
}
