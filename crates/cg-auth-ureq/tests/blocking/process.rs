//! The end of a process: no thread of a provider keeps it alive.
//!
//! Each test runs again as a child, whose service is a listener of the parent that never answers.

#![cfg(unix)]

use std::{
    env,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus, Stdio, exit},
    thread,
    time::{Duration, SystemTime},
};

use cg_auth_core::{
    AuthClient, BaseUrl, ClientSecret, UserPrincipalName,
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    time::Now,
    token::Expiry,
};
use cg_auth_ureq::BlockingTokenProvider;

use super::{SHORT, bounded, client, until};

/// A child whose request has arrived at a service that never answers.
struct Waiting {
    child: Child,
    _request: TcpStream,
}

impl Waiting {
    /// Runs the test `name` again as a child.
    fn start(name: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", name, "--nocapture", "--test-threads=1"]);
        child.env(SERVICE, format!("http://{address}")).stdin(Stdio::piped()).stdout(Stdio::null());
        let child = child.spawn().unwrap();
        let request = bounded(move || {
            let (mut request, _) = listener.accept().unwrap();
            assert!(request.read(&mut [0; 64]).unwrap() > 0);
            request
        });
        Self { child, _request: request }
    }

    fn go_on(&mut self) {
        self.child.stdin.take().unwrap().write_all(b"go on").unwrap();
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    fn ended(mut self) -> ExitStatus {
        bounded(move || self.child.wait().unwrap())
    }
}

/// The service of the child, or `None` in the parent.
fn base_url() -> Option<BaseUrl> {
    env::var(SERVICE).ok().map(|url| BaseUrl::parse(&url).unwrap())
}

fn provider(client: AuthClient) -> BlockingTokenProvider {
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    BlockingTokenProvider::new(client, user, ClientSecret::new("s3cret").unwrap())
}

/// Waits until the parent knows of the request.
fn wait_for_parent() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_process_whose_main_returns_during_a_renewal_ends_at_once() {
    if let Some(base_url) = base_url() {
        let provider = provider(client(&base_url));
        let now = Now::system();
        let age = Duration::from_secs(3540);
        let issued = Now::new(now.monotonic().saturating_sub(age), now.wall() - age);
        let until: SystemTime = now.wall() + Duration::from_secs(60);
        let refresh_token = Some(RefreshToken::new("refresh").unwrap());
        let token = DelegatedAccessToken::new(AccessToken::new("old").unwrap(), refresh_token);
        provider.seed(token, Expiry::until(until, issued));
        assert_eq!(provider.token().unwrap().expose_secret(), "old");
        return wait_for_parent();
    }
    let mut waiting = Waiting::start("process::a_process_whose_main_returns_during_a_renewal_ends_at_once");
    waiting.go_on();
    assert_eq!(waiting.ended().code(), Some(0));
}

#[test]
#[cfg(target_os = "linux")]
fn no_thread_is_left_once_a_provider_is_dropped_whose_service_never_answers() {
    if let Some(base_url) = base_url() {
        let provider = provider(client(&base_url).with_timeout(5 * SHORT));
        assert!(threads().is_empty(), "no call, no thread");
        assert!(provider.token().is_err());
        drop(provider);
        return until(|| threads().is_empty());
    }
    let waiting =
        Waiting::start("process::no_thread_is_left_once_a_provider_is_dropped_whose_service_never_answers");
    assert_eq!(waiting.ended().code(), Some(0));
}

/// The names of this crate's threads and of the core's.
#[cfg(target_os = "linux")]
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    // A thread may end in between.
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("cg-auth")).collect()
}

#[test]
fn a_process_may_exit_while_many_threads_wait() {
    if let Some(base_url) = base_url() {
        let provider = provider(client(&base_url));
        for _ in 0..100 {
            let provider = provider.clone();
            thread::spawn(move || provider.token());
        }
        wait_for_parent();
        exit(7);
    }
    let mut waiting = Waiting::start("process::a_process_may_exit_while_many_threads_wait");
    waiting.go_on();
    assert_eq!(waiting.ended().code(), Some(7));
}

#[test]
fn an_interrupt_ends_a_process_that_waits_for_a_token() {
    if let Some(base_url) = base_url() {
        let provider = provider(client(&base_url));
        drop(provider.token());
        unreachable!("the service never answers");
    }
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let waiting = Waiting::start("process::an_interrupt_ends_a_process_that_waits_for_a_token");
        waiting.signal(name);
        assert_eq!(waiting.ended().signal(), Some(number));
    }
}

const SERVICE: &str = "CG_AUTH_TEST_SERVICE";
