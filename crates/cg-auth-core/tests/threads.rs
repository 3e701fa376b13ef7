//! The threads of a program with a `ThreadRuntime`: few, named, gone when nothing is left to do, and not needed if
//! the system has none.
//!
//! This is a program of its own, because the tests count its threads, one test at a time.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic in a test helper is a test failure

use std::{
    env, fs,
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use cg_auth_core::{
    AuthClient, BaseUrl, ClientSecret, TokenPool, TokenProvider, UserPrincipalName,
    testing::ScriptedTransport,
    time::{Now, Runtime, ThreadRuntime},
};
use http::Response;

fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // A new thread has the name of its parent until it sets its own, and `threads` must see it.
    fs::write("/proc/thread-self/comm", "cg-auth-unnamed").unwrap();
    until(|| threads().is_empty());
    alone
}

/// The names of this crate's threads.
fn threads() -> Vec<String> {
    let this_thread = fs::read_link("/proc/thread-self").unwrap();
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let tasks = tasks.filter(|task| Some(task.file_name().as_os_str()) != this_thread.file_name());
    // A thread may end in between.
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    let mut names: Vec<_> =
        names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("cg-auth")).collect();
    names.sort();
    names
}

/// No event tells that a thread has ended, so this looks again and again.
fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Now::system();
    while !is_so() {
        assert!(Now::system().saturating_since(begun) < HANG, "it never becomes so: {:?}", threads());
        thread::sleep(Duration::from_millis(1));
    }
}

fn issue() -> Response<cg_auth_core::body::Body> {
    let answer = r#"{"value":{"access_token":"eyJ","duration":3600},"isSuccess":true}"#;
    Response::new(answer.into())
}

fn client(transport: ScriptedTransport) -> AuthClient {
    let base_url = BaseUrl::parse("https://example.com").unwrap();
    AuthClient::with_runtime(base_url, transport, ThreadRuntime::new())
}

fn user(number: usize) -> UserPrincipalName {
    UserPrincipalName::new(format!("user{number}@example.com")).unwrap()
}

fn provider(transport: ScriptedTransport) -> TokenProvider {
    TokenProvider::new(client(transport), user(0), ClientSecret::new("s3cret").unwrap())
}

#[test]
fn no_thread_is_left_after_an_acquisition_and_none_while_a_token_is_cached() {
    let _alone = alone();
    let provider = provider(ScriptedTransport::new().answer(issue()));
    assert!(threads().is_empty(), "a provider without a call needs none");
    ThreadRuntime::block_on(provider.token()).unwrap();
    until(|| threads().is_empty());
    ThreadRuntime::block_on(provider.token()).unwrap();
    assert!(threads().is_empty(), "a hit needs none");
}

#[test]
fn an_acquisition_needs_a_worker_and_a_timer_which_end_with_it() {
    let _alone = alone();
    let script = ScriptedTransport::new().hold_back(issue());
    let provider = provider(script.clone());
    provider.prefetch();
    until(|| threads() == ["cg-auth-timer", "cg-auth-worker"]);
    until(|| script.in_flight() == 1);
    // The request goes on, and its result finds no provider.
    drop(provider);
    assert_eq!(threads().len(), 2);
    script.release();
    until(|| threads().is_empty());
}

#[test]
fn the_threads_of_a_dropped_provider_end_at_the_latest_with_the_deadline_of_its_call() {
    let _alone = alone();
    let script = ScriptedTransport::new().hang();
    let client = client(script.clone()).with_timeout(Duration::from_millis(200));
    let provider = TokenProvider::new(client, user(0), ClientSecret::new("s3cret").unwrap());
    provider.prefetch();
    until(|| script.in_flight() == 1);
    drop(provider);
    until(|| threads().is_empty());
    assert_eq!(script.in_flight(), 0);
}

#[test]
fn ten_thousand_acquisitions_that_wait_need_few_threads() {
    let _alone = alone();
    let script = (0..16).fold(ScriptedTransport::new(), |script, _| script.hang());
    let pool = TokenPool::new(client(script.clone()), ClientSecret::new("s3cret").unwrap());
    let providers: Vec<_> = (0..10_000).map(|number| pool.for_user(&user(number))).collect();
    providers.iter().for_each(TokenProvider::prefetch);
    until(|| script.in_flight() == 16);
    until(|| threads() == ["cg-auth-timer", "cg-auth-worker"]);
    providers.iter().for_each(TokenProvider::clear);
    drop((providers, pool));
    until(|| threads().is_empty());
}

#[test]
fn without_threads_a_task_comes_back_and_the_caller_gets_its_token_all_the_same() {
    if env::var_os(NO_THREADS.0).is_none() {
        return again_without_threads(
            "without_threads_a_task_comes_back_and_the_caller_gets_its_token_all_the_same",
        );
    }
    assert!(thread::Builder::new().spawn(|| ()).is_err(), "the system has no thread left");
    let runtime = ThreadRuntime::new();
    assert!(runtime.spawn(Box::pin(async {})).is_err());
    let begun = Now::system();
    ThreadRuntime::block_on(runtime.sleep(SHORT));
    assert!(Now::system().saturating_since(begun) >= SHORT, "a sleep lasts its time without a timer");
    let provider = provider(ScriptedTransport::new().answer(issue()));
    let token = ThreadRuntime::block_on(provider.token()).unwrap();
    assert_eq!(token.expose_secret(), "eyJ");
    assert!(ThreadRuntime::block_on(provider.shutdown()).is_some());
}

/// Runs the test `name` in a process whose system has no thread left.
fn again_without_threads(name: &str) {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(NO_THREADS.0, NO_THREADS.1);
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// The stack of a thread is as large as this variable says, and no system has memory for one of this size.
const NO_THREADS: (&str, &str) = ("RUST_MIN_STACK", "70368744177664");

const SHORT: Duration = Duration::from_millis(100);

/// No test takes a tenth of this.
const HANG: Duration = Duration::from_secs(60);
