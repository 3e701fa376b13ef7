//! Many processes and threads over one entry, some of which are killed.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use cg_auth_core::{
    time::{Now, ThreadRuntime},
    token::store::{Claimed, Holder, Publication, TokenStore as _},
};
use cg_auth_store::file_store;

use super::{HOUR, claim, entry, private_folder, publish, token};

#[test]
fn one_of_a_hundred_threads_wins_each_round() {
    let folder = private_folder();
    let store = file_store(folder.path());
    let (start, rounds) = (Barrier::new(100), 10);
    let wins: Vec<_> = (0..rounds).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                for wins in &wins {
                    if start.wait().is_leader() {
                        while ThreadRuntime::block_on(store.remove(&entry())).is_err() {}
                    }
                    start.wait();
                    let holder = Holder::random();
                    loop {
                        match claim(&store, holder, Some(HOUR)) {
                            Ok(Claimed::Won(_)) => {
                                wins.fetch_add(1, Ordering::Relaxed);
                                break;
                            }
                            Ok(Claimed::Held(_)) => break,
                            Ok(other) => panic!("{other:?}"),
                            // A loaded machine may keep the lock busy for longer than one operation waits.
                            Err(_) => {}
                        }
                    }
                }
            });
        }
    });
    let wins: Vec<_> = wins.into_iter().map(AtomicUsize::into_inner).collect();
    assert_eq!(wins, vec![1; rounds]);
}

/// Eight processes claim, publish and are killed at random moments. Each writes down when it had a lease for certain.
#[test]
fn processes_that_are_killed_leave_one_lease_at_a_time_and_no_torn_record() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, log) = (parent.path().join("store"), parent.path().join("log"));
    let mut workers: Vec<_> = (0..8).map(|_| start_worker(&folder, &log)).collect();
    let mut random: usize = 12345;
    for _ in 0..30 {
        // Kills cannot be timed by an event: they are to fall between any two steps.
        thread::sleep(Duration::from_millis(100));
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let worker = &mut workers[(random >> 33) % 8];
        end(worker);
        *worker = start_worker(&folder, &log);
    }
    workers.iter_mut().for_each(end);

    let log = fs::read_to_string(&log).unwrap();
    let leases = leases_in(&log);
    eprintln!("{} leases of killed processes", leases.len());
    assert!(leases.len() > 10, "{} leases are too few to prove anything", leases.len());
    for (at, one) in leases.iter().enumerate() {
        for other in &leases[..at] {
            // Both had the lease at the moment at which the later one of them had won.
            assert!(one.won >= other.end || other.won >= one.end, "{one:?} and {other:?}");
        }
    }

    let store = file_store(&folder);
    store.byte_store().check_folder().unwrap();
    // The next sweep is due.
    let lock = OpenOptions::new().write(true).open(folder.join(".lock")).unwrap();
    lock.set_modified(Now::system().wall() - HOUR).unwrap();
    while claim(&store, Holder::new(1), None).is_err() {}
    let left = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(left.filter(|name| name.starts_with(".cg-auth-new-")).count(), 0, "temporary files are left");
}

/// The times, in microseconds of the clock of the machine, of a lease that a process certainly had.
#[derive(Debug)]
struct Held {
    /// The claim had been answered.
    won: u128,
    /// Neither had the publication begun, nor could the lease have ended by itself.
    end: u128,
}

fn leases_in(log: &str) -> Vec<Held> {
    let mut leases: Vec<(String, Held)> = Vec::new();
    // A line without an end is that of a killed process.
    for line in log.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let words: Vec<_> = line.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<u128>().unwrap();
        match words[0] {
            "unreadable" => panic!("a claim met a torn record"),
            "won" => {
                leases
                    .push((words[1].to_owned(), Held { won: number(3), end: number(2) + LEASE.as_micros() }));
            }
            "publishes" => {
                let lease = leases.iter_mut().find(|(holder, _)| holder == words[1]).unwrap();
                lease.1.end = lease.1.end.min(number(2));
            }
            other => panic!("{other}"),
        }
    }
    leases.into_iter().map(|(_, lease)| lease).collect()
}

fn start_worker(folder: &Path, log: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::worker", "--nocapture"])
        .env("CG_AUTH_TEST_WORKER_FOLDER", folder)
        .env("CG_AUTH_TEST_WORKER_LOG", log)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn end(worker: &mut Child) {
    worker.kill().unwrap();
    worker.wait().unwrap();
}

/// The program of [`start_worker`]. Without its variables it does nothing.
#[test]
fn worker() {
    let Some(folder) = std::env::var_os("CG_AUTH_TEST_WORKER_FOLDER") else { return };
    let log = PathBuf::from(std::env::var_os("CG_AUTH_TEST_WORKER_LOG").unwrap());
    let mut log = OpenOptions::new().append(true).create(true).open(log).unwrap();
    let mut writes = |line: String| log.write_all(line.as_bytes()).unwrap();
    let store = file_store(folder);
    // The parent kills it long before.
    for round in 0..100_000 {
        let holder = Holder::random();
        let asked = micros();
        let Ok(Claimed::Won(lease)) = claim(&store, holder, Some(LEASE)) else { continue };
        writes(format!("won {} {asked} {}\n", holder.number(), micros()));
        if lease.is_unreadable {
            writes("unreadable\n".to_owned());
        }
        // An acquisition. No other process may win the lease during it.
        thread::sleep(Duration::from_millis(3));
        writes(format!("publishes {} {}\n", holder.number(), micros()));
        let publication = match round % 8 {
            0 => token(&"eyJ".repeat(3000)),
            _ => Publication::Released,
        };
        let _ = publish(&store, holder, &publication);
        if round % 8 == 0 {
            let _ = ThreadRuntime::block_on(store.remove(&entry()));
        }
    }
}

fn micros() -> u128 {
    let now = Now::system();
    now.boot().unwrap_or_else(|| now.monotonic()).as_micros()
}

const LEASE: Duration = Duration::from_millis(200);
