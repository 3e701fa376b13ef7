//! A command that ends in the middle of an acquisition ends its lease too, so that the next one does not wait for it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use cg_auth_emulator::{Emulator, Operation};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    issued, over_each_store,
    place::{Place, undisturbed},
    redis::Redis,
};
use crate::{
    harness::{cg_auth_process, emulator, stderr, stdout},
    proxy::Running,
};

/// `cg-auth` and `arguments` with the store at `place`.
fn command(place: &dyn Place, emulator: &Emulator, arguments: &[&str]) -> Command {
    let mut command = cg_auth_process();
    command.args(arguments).envs(emulator.env()).env("CG_AUTH_STORE", place.setting());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts `command`, and waits until it holds the lease and its request is at the service, which never answers.
fn acquiring(place: &dyn Place, emulator: &Emulator, mut command: Command) -> Child {
    let before = issued(emulator);
    let child = command.spawn().unwrap();
    emulator.wait_for_blocking(Operation::GetDelegateAccessToken, before + 1, LONG).unwrap();
    // A process whose store has not answered in time acquires without a lease.
    assert!(place.inspect(emulator).lease.is_some(), "cannot share the token");
    child
}

/// The exit code of `child`, and what it has written to standard error.
fn end_of(mut child: Child) -> (Option<i32>, String) {
    let mut messages = String::new();
    child.stderr.take().unwrap().read_to_string(&mut messages).unwrap();
    (child.wait().unwrap().code(), messages)
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// `arguments` with an acquisition that `end` ends. It must leave no lease.
fn leaves_no_lease(arguments: &[&str], end: impl Fn(&mut Child), code: i32) {
    over_each_store(|place| {
        let emulator = emulator();
        let hanging = emulator.next(Operation::GetDelegateAccessToken).always().never_answer();
        let mut child = acquiring(place, &emulator, command(place, &emulator, arguments));
        end(&mut child);
        let (ended, messages) = end_of(child);
        assert_eq!(ended, Some(code), "{arguments:?}: {messages}");
        let state = place.inspect(&emulator);
        assert!(state.lease.is_none() && state.cool_down.is_none(), "{arguments:?}: {state:?}");
        drop(hanging);
        // Nothing is left to wait for.
        assert!(place.token(&emulator, &[]).starts_with("eyJ"));
    });
}

#[test]
fn a_signal_ends_the_lease_of_a_token_command() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        leaves_no_lease(&["token"], |child| send(child, signal), code);
        leaves_no_lease(&["token", "--transport", "hyper"], |child| send(child, signal), code);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_terminal_ends_the_lease() {
    if crate::signals::has(None, "SigIgn", Signal::HUP) {
        eprintln!("skipped: these tests run under nohup");
        return;
    }
    leaves_no_lease(&["token"], |child| send(child, Signal::HUP), 129);
}

#[test]
fn a_signal_ends_the_lease_of_exec() {
    leaves_no_lease(&["exec", "--", "true"], |child| send(child, Signal::TERM), 143);
    leaves_no_lease(&["exec", "--", "true"], |child| send(child, Signal::INT), 130);
}

#[test]
fn a_signal_ends_the_lease_of_a_watch_and_so_does_the_reader_of_its_output() {
    leaves_no_lease(&["token", "--watch"], |child| send(child, Signal::TERM), 0);
    leaves_no_lease(&["token", "--watch"], |child| drop(child.stdout.take()), 1);
}

#[test]
fn a_signal_ends_the_lease_of_a_proxy_that_has_no_token_yet() {
    let arguments = ["proxy", "--upstream", "http://127.0.0.1:1"];
    leaves_no_lease(&arguments, |child| send(child, Signal::TERM), 143);
}

/// The proxy has a token. Its renewal hangs, and so does a request in flight, which gets five seconds.
#[test]
fn a_signal_ends_the_lease_of_a_proxy_before_its_requests_in_flight_end() {
    over_each_store(|place| {
        let emulator = emulator();
        let _hanging = emulator.next(Operation::GetDelegateAccessToken).always().never_answer();
        place.seed(&emulator, "seeded", 3600, 60);
        let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", upstream.local_addr().unwrap());
        let running = Running::start(&emulator, &url, &["--store", &place.setting()]);
        let mut client = running.connect();
        let (prefix, host) = (running.prefix(), running.address());
        write!(client, "GET /{prefix}/x HTTP/1.1\r\nhost: {host}\r\n\r\n").unwrap();
        let _in_flight = upstream.accept().unwrap();
        emulator.wait_for_blocking(Operation::GetDelegateAccessToken, 1, LONG).unwrap();
        assert!(place.inspect(&emulator).lease.is_some(), "cannot share the token");
        send(&running.child, Signal::TERM);
        while place.inspect(&emulator).lease.is_some() {
            thread::sleep(Duration::from_millis(10));
        }
        let mut running = running;
        assert_eq!(running.child.try_wait().unwrap(), None, "it waits for the request in flight");
        // The second signal ends the wait.
        assert_eq!(running.stop(Signal::TERM).0, Some(0));
    });
}

#[test]
fn the_end_of_the_time_leaves_no_lease() {
    over_each_store(|place| {
        let emulator = emulator();
        let _hanging = emulator.next(Operation::GetDelegateAccessToken).always().never_answer();
        let arguments = ["token", "--timeout", "1s", "--retries", "0"];
        let (code, messages) = end_of(command(place, &emulator, &arguments).spawn().unwrap());
        assert_eq!(code, Some(6), "{messages}");
        assert!(place.inspect(&emulator).lease.is_none());
    });
}

/// The token is valid, so the command starts while its renewal still hangs.
#[test]
fn the_command_of_exec_starts_without_the_lease_of_a_renewal() {
    over_each_store(|place| {
        let emulator = emulator();
        let _hanging = emulator.next(Operation::GetDelegateAccessToken).always().never_answer();
        place.seed(&emulator, "seeded", 3600, 60);
        let script = "echo $CG_AUTH_ACCESS_TOKEN; read line";
        let mut command = command(place, &emulator, &["exec", "--", "sh", "-c", script]);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "seeded\n");
        assert_eq!(issued(&emulator), 1, "the renewal has begun");
        let state = place.inspect(&emulator);
        assert!(state.lease.is_none() && state.token.is_some(), "{state:?}");
        writeln!(child.stdin.take().unwrap()).unwrap();
        let (code, messages) = end_of(child);
        assert_eq!((code, messages.contains("cannot share")), (Some(0), false), "{messages}");
    });
}

/// This is what the other tests would see if the lease did not end: it runs out by itself.
#[test]
fn the_lease_of_a_killed_command_stays_until_it_runs_out() {
    over_each_store(|place| {
        let emulator = emulator();
        let _hanging = emulator.next(Operation::GetDelegateAccessToken).always().never_answer();
        let child = acquiring(place, &emulator, command(place, &emulator, &["token"]));
        send(&child, Signal::KILL);
        assert_eq!(end_of(child).0, None);
        assert!(place.inspect(&emulator).lease.is_some());
    });
}

#[test]
fn the_next_command_that_waits_for_the_lease_gets_it() {
    over_each_store(|place| {
        let emulator = emulator();
        let hanging = emulator.next(Operation::GetDelegateAccessToken).always().never_answer();
        let first = acquiring(place, &emulator, command(place, &emulator, &["token"]));
        drop(hanging);
        thread::scope(|scope| {
            let second = scope.spawn(|| command(place, &emulator, &["token", "-v"]).output().unwrap());
            // The lease is extended for as long as its holder lives, so only its end lets the second one go on.
            thread::sleep(Duration::from_millis(300));
            send(&first, Signal::INT);
            assert_eq!(end_of(first).0, Some(130));
            let output = second.join().unwrap();
            assert!(stdout(&output).starts_with("eyJ"), "{}", stderr(&output));
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        });
    });
}

#[test]
fn a_server_that_hangs_holds_the_end_up_no_longer_than_an_operation() {
    undisturbed(|| {
        let Some(redis) = Redis::start() else { return };
        let emulator = emulator();
        let _hanging = emulator.next(Operation::GetDelegateAccessToken).always().never_answer();
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let child = acquiring(&redis, &emulator, command(&redis, &emulator, &["token"]));
            redis.server.freeze();
            send(&child, signal);
            assert_eq!(end_of(child).0, Some(code));
            redis.server.thaw();
            redis.command(&emulator, &["store", "clear", "--yes"]).output().unwrap();
        }
    });
}

const LONG: Duration = Duration::from_secs(60);
