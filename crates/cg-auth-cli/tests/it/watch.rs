//! `cg-auth token --watch`: a line for each new token, also through outages of the service.

use std::{
    collections::HashSet,
    fs,
    io::{BufRead as _, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use cg_auth_emulator::{Emulator, Operation, ScriptGuard};
use serde_json::Value;

use crate::harness::{block_on, cg_auth_process, emulator, file, json_error, stderr, stdout, with_emulator};

/// A running watch, and the lines that it writes.
struct Watch {
    child: Child,
    out: Receiver<String>,
    messages: Receiver<String>,
}

impl Watch {
    fn of(emulator: &Emulator, arguments: &[&str]) -> Self {
        let mut command = command(emulator, arguments);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, messages) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, out, messages }
    }

    /// The next token on standard output.
    fn token(&self) -> Value {
        serde_json::from_str(&self.out.recv_timeout(LINE_TIMEOUT).unwrap()).unwrap()
    }

    /// The next line on standard error.
    fn message(&self) -> String {
        self.messages.recv_timeout(LINE_TIMEOUT).unwrap()
    }

    /// Waits for the end; returns the exit code and the remaining lines on standard error.
    fn end(mut self) -> (Option<i32>, Vec<String>) {
        let mut messages = Vec::new();
        loop {
            match self.messages.recv_timeout(LINE_TIMEOUT) {
                Ok(line) => messages.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the watch still runs: {messages:?}"),
            }
        }
        (self.child.wait().unwrap().code(), messages)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(emulator: &Emulator, arguments: &[&str]) -> Command {
    let mut command = cg_auth_process();
    command.args(["token", "--watch", "--retries", "0"]).args(arguments).envs(emulator.env());
    command
}

/// The lines of `stream`, until it ends or the receiver is dropped.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

/// An emulator whose tokens live for 2 s: shorter ones are impossible, because a `Date` counts whole seconds.
fn with_short_tokens() -> Emulator {
    block_on(Emulator::builder().token_lifetime(Duration::from_secs(2)).start()).unwrap()
}

/// Makes the service answer 503 until the guards are dropped.
fn outage(emulator: &Emulator) -> [ScriptGuard; 2] {
    [Operation::GetDelegateAccessToken, Operation::RefreshUserAccessToken]
        .map(|operation| emulator.next(operation).always().refuse(503))
}

#[cfg(unix)]
fn stop(watch: Watch, signal: rustix::process::Signal) -> (Option<i32>, Vec<String>) {
    rustix::process::kill_process(rustix::process::Pid::from_child(&watch.child), signal).unwrap();
    watch.end()
}

#[test]
fn each_new_token_is_one_line_over_either_transport_and_no_token_is_printed_twice() {
    let emulators = [with_short_tokens(), with_short_tokens()];
    let watches = ["reqwest", "hyper"].map(|transport| ["--transport", transport]);
    let watches: Vec<_> =
        emulators.iter().zip(watches).map(|(emulator, arguments)| Watch::of(emulator, &arguments)).collect();
    for (watch, emulator) in watches.iter().zip(&emulators) {
        let printed: Vec<_> = (0..2).map(|_| watch.token()).collect();
        let texts: HashSet<_> = printed.iter().map(|token| token["access_token"].as_str().unwrap()).collect();
        assert_eq!(texts.len(), 2);
        assert!(printed.iter().all(|token| token["expires_in"].as_u64().unwrap() <= 2), "{printed:?}");
        // The first token comes from the credential, the next one from the refresh token.
        assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
        assert!(emulator.count(Operation::RefreshUserAccessToken) >= 1);
    }
}

#[test]
fn a_line_has_the_members_of_the_json_format() {
    let emulator = emulator();
    let line = Watch::of(&emulator, &[]).token();
    let once = with_emulator(&emulator, &["token", "--format", "json"]).output().unwrap();
    let once: Value = serde_json::from_str(&stdout(&once)).unwrap();
    let names = |token: &Value| token.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&line), names(&once));
    assert_eq!(line["access_token"], once["access_token"]);
    assert_eq!((&line["expires_at"], &line["duration"]), (&once["expires_at"], &Value::Null));
}

/// An empty folder in the tests' temporary folder.
fn folder(name: &str) -> std::path::PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Waits until the file at `path` holds another text than `old`, and returns it.
fn next_text(path: &Path, old: &str) -> String {
    for _ in 0..1500 {
        match fs::read_to_string(path) {
            Ok(text) if text != old => return text,
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
    panic!("{} does not change", path.display());
}

#[cfg(unix)]
#[test]
fn a_file_always_holds_the_whole_current_token_in_any_format() {
    use rustix::process::Signal;
    for (format, start) in
        [(None, "eyJ"), (Some("header"), "Authorization: Bearer eyJ"), (Some("json"), "{\"version\":1,")]
    {
        let emulator = with_short_tokens();
        let folder = folder(&format!("watched-{}", format.unwrap_or("raw")));
        let path = folder.join("token");
        let mut arguments = vec!["--output", path.to_str().unwrap()];
        arguments.extend(format.iter().flat_map(|format| ["-o", format]));
        let watch = Watch::of(&emulator, &arguments);
        let mut text = String::new();
        for _ in 0..3 {
            text = next_text(&path, &text);
            assert!(text.starts_with(start) && text.ends_with('\n') && text.lines().count() == 1, "{text}");
        }
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap()) & 0o777, 0o600);
        assert!(watch.out.try_recv().is_err(), "nothing is written to standard output");
        assert_eq!(stop(watch, Signal::TERM), (Some(0), Vec::new()));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no temporary file is left");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_a_warning_until_its_token_expires() {
    let emulator = block_on(Emulator::builder().token_lifetime(Duration::from_secs(8)).start()).unwrap();
    let folder = folder("watched-away");
    let (away, path) = (folder.with_file_name("watched-away-moved"), folder.join("token"));
    let _ = fs::remove_dir_all(&away);
    let watch = Watch::of(&emulator, &["--output", path.to_str().unwrap()]);
    let first = next_text(&path, "");
    fs::rename(&folder, &away).unwrap();
    let warning = watch.message();
    assert!(warning.starts_with("warning: cannot write ") && !warning.contains("eyJ"), "{warning}");
    fs::rename(&away, &folder).unwrap();
    next_text(&path, &first);

    fs::rename(&folder, &away).unwrap();
    let (code, messages) = watch.end();
    assert_eq!(code, Some(2), "{messages:?}");
    let error = messages.iter().find(|line| line.starts_with("error: ")).unwrap();
    assert!(error.starts_with("error: cannot write "), "{messages:?}");
}

#[test]
fn a_file_needs_no_reader_of_standard_output() {
    let emulator = emulator();
    let path = folder("watched-alone").join("token");
    let mut command = command(&emulator, &["--output", path.to_str().unwrap()]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    assert!(next_text(&path, "").starts_with("eyJ"));
    thread::sleep(Duration::from_millis(200));
    assert_eq!(child.try_wait().unwrap(), None, "the watch goes on");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_outage_before_or_after_the_first_token_is_a_warning() {
    let emulator = with_short_tokens();
    let early = outage(&emulator);
    let watch = Watch::of(&emulator, &["--format", "json"]);
    let warning: Value = serde_json::from_str(&watch.message()).unwrap();
    let text = warning["warning"].as_str().unwrap();
    assert!(text.starts_with("no new token: the service answered 503") && text.contains("again"), "{text}");
    drop(early);
    let first = watch.token();

    let late = outage(&emulator);
    while emulator.count(Operation::RefreshUserAccessToken) == 0 {
        watch.message();
    }
    drop(late);
    assert_ne!(watch.token()["access_token"], first["access_token"]);
}

#[test]
fn a_token_that_has_expired_on_arrival_is_not_printed_and_a_new_one_is_requested() {
    let emulator = emulator();
    // Its claims are {"iat":1,"exp":2}, seconds since 1970.
    let token = "eyJhbGciOiJub25lIn0.eyJpYXQiOjEsImV4cCI6Mn0.x";
    let body = format!(r#"{{"isSuccess":true,"value":{{"access_token":"{token}"}}}}"#);
    let script = emulator.next(Operation::GetDelegateAccessToken).answer(200, body);
    let watch = Watch::of(&emulator, &[]);
    assert_ne!(watch.token()["access_token"], token);
    assert_eq!(script.hits(), 1);
    assert!(watch.message().contains("expired"));
}

#[test]
fn a_rotated_secret_file_is_read_again() {
    let emulator = emulator();
    let secret = emulator.credential().client_secret().expose_secret();
    let path = file("rotated-secret", "the-old-secret");
    let down = outage(&emulator);
    let watch = Watch::of(&emulator, &["--client-secret-file", path.to_str().unwrap()]);
    assert!(watch.message().starts_with("warning: no new token: "));
    // The rename is atomic: the watch reads either the old or the new secret.
    let next = file("rotated-secret.next", format!("{secret}\n"));
    fs::rename(next, &path).unwrap();
    drop(down);
    assert!(watch.token()["access_token"].is_string());
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_watch_with_0_with_or_without_a_token() {
    use rustix::process::Signal;

    let emulator = emulator();
    for signal in [Signal::INT, Signal::TERM] {
        let watch = Watch::of(&emulator, &[]);
        watch.token();
        assert_eq!(stop(watch, signal), (Some(0), Vec::new()));
    }
    let _down = outage(&emulator);
    let watch = Watch::of(&emulator, &[]);
    watch.message();
    assert_eq!(stop(watch, Signal::TERM).0, Some(0));
}

#[cfg(unix)]
#[test]
fn closing_standard_output_ends_the_watch_before_the_next_token() {
    // The token lives for an hour, so the watch attempts no write that could fail.
    let emulator = emulator();
    let mut child = command(&emulator, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    drop(reader);
    let messages = lines(child.stderr.take().unwrap());
    let watch = Watch { child, out: lines(std::io::empty()), messages };
    assert_eq!(watch.end(), (Some(1), Vec::new()));
}

#[test]
fn a_refused_credential_ends_a_watch_without_a_token_immediately() {
    let emulator = emulator();
    let mut command = command(&emulator, &["--format", "json"]);
    let output = command.env("CG_AUTH_CLIENT_SECRET", "another").output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(3), String::new()));
    let error = json_error(&output);
    assert_eq!((&error["kind"], &error["recovery"]), (&"api".into(), &"replace_credential".into()));
    assert_eq!(error["attempts"], 1);
}

#[test]
fn a_credential_that_is_refused_later_ends_the_watch_when_the_last_token_expires() {
    let emulator = with_short_tokens();
    let watch = Watch::of(&emulator, &[]);
    watch.token();
    let _refused = [Operation::GetDelegateAccessToken, Operation::RefreshUserAccessToken]
        .map(|operation| emulator.next(operation).always().refuse(401));
    let (code, messages) = watch.end();
    assert_eq!(code, Some(3));
    assert!(messages.iter().any(|line| line.starts_with("warning: no new token: ")), "{messages:?}");
    assert!(messages.iter().any(|line| line.starts_with("error: the service answered 401")), "{messages:?}");
}

#[test]
fn refreshing_that_is_switched_off_is_a_warning_that_names_both_likely_causes() {
    let emulator = with_short_tokens();
    let _refused = emulator.next(Operation::RefreshUserAccessToken).always().refuse(400);
    let watch = Watch::of(&emulator, &[]);
    let is_it = |line: &String| line.starts_with("warning: the service refuses every refresh token");
    let warning = std::iter::repeat_with(|| watch.message()).find(is_it).unwrap();
    for cause in ["headers with an underscore", "another process that uses the same user"] {
        assert!(warning.contains(cause), "{warning}");
    }
}

#[test]
fn v_logs_each_acquisition_and_shows_no_token() {
    let emulator = with_short_tokens();
    let watch = Watch::of(&emulator, &["-v"]);
    let mut log = String::new();
    // The provider may use either grant: a token this short may expire before the provider refreshes it.
    while log.matches("token_acquired").count() < 2 {
        log += &watch.message();
    }
    assert!(log.contains("reason=missing") && log.contains("grant=credential"), "{log}");
    let secret = emulator.credential().client_secret().expose_secret();
    assert!(!log.contains(secret) && !log.contains("eyJ"), "{log}");
}

#[test]
fn wrong_settings_end_the_watch_with_2() {
    let emulator = emulator();
    let missing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-such-secret");
    let missing = missing.to_str().unwrap();
    for (arguments, message) in [
        (&["--format", "raw"][..], "--watch prints JSON only"),
        (&["--format", "json", "--with-refresh-token", "--error-format", "human"], "do not combine it"),
        (&["--client-secret-file", missing], "cannot read the client secret from"),
        (&["--base-url", "http://example.com"], "--allow-http"),
    ] {
        let output = command(&emulator, arguments).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
    }
}

const LINE_TIMEOUT: Duration = Duration::from_secs(30);
