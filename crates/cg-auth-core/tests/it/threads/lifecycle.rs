//! Single flight, renewal, shutdown and panics on threads.

use std::{
    pin::pin,
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use cg_auth_core::{TokenErrorKind, testing::ScriptedTransport, time::ThreadRuntime};

use super::{HOUR, SHORT, bounded, issue, provider, seed, sent, until, waiting};
use crate::support::{header_text, poll, response};

#[test]
fn a_thousand_threads_at_an_expired_token_make_one_request() {
    let script = ScriptedTransport::new().hold_back(issue(1));
    let provider = provider(script.clone());
    seed(&provider, HOUR, Duration::ZERO);
    let threads: Vec<_> = (0..1000).map(|_| waiting(&provider)).collect();
    until(sent(&script, 1));
    script.release();
    let tokens: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect();
    assert!(tokens.iter().all(|token| token.is_same_issue(&tokens[0])));
    assert_eq!(tokens[0].expose_secret(), "token-1");
    let requests = script.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(header_text(requests[0].headers(), "refresh_token"), Some("refresh-0"));
}

#[test]
fn a_thousand_threads_share_a_failure() {
    // The credential is refused for a minute, so a thread that comes late shares the failure too.
    let script = ScriptedTransport::new().hold_back(response(401, &[], ""));
    let provider = provider(script.clone());
    let threads: Vec<_> = (0..1000).map(|_| waiting(&provider)).collect();
    until(sent(&script, 1));
    script.release();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap().is_err()));
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_token_is_renewed_without_a_call() {
    let script = ScriptedTransport::new().hold_back(issue(1));
    let provider = provider(script.clone());
    seed(&provider, HOUR - Duration::from_secs(60), Duration::from_secs(60));
    let served = ThreadRuntime::block_on(provider.token()).unwrap();
    assert_eq!(served.expose_secret(), "token-0", "a caller does not wait for a renewal");
    until(sent(&script, 1));
    script.release();
    // `peek` starts nothing and polls nothing.
    until(|| provider.peek().unwrap().expose_secret() == "token-1");
}

#[test]
fn prefetch_needs_no_thread_that_waits() {
    let script = ScriptedTransport::new().answer(issue(1));
    let provider = provider(script);
    provider.prefetch();
    until(|| provider.peek().is_some());
}

#[test]
fn a_thread_that_leaves_early_leaves_the_acquisition_to_the_others() {
    let script = ScriptedTransport::new().hold_back(issue(1));
    let provider = provider(script.clone());
    let patient = waiting(&provider);
    let error = ThreadRuntime::block_on(provider.token_within(SHORT)).unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::OutOfTime);
    until(sent(&script, 1));
    script.release();
    assert_eq!(patient.join().unwrap().unwrap().expose_secret(), "token-1");
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn shutdown_waits_for_a_refresh_on_the_wire() {
    let script = ScriptedTransport::new().hold_back(issue(1));
    let provider = provider(script.clone());
    seed(&provider, HOUR - Duration::from_secs(60), Duration::from_secs(60));
    ThreadRuntime::block_on(provider.token()).unwrap();
    until(sent(&script, 1));
    let mut shutdown = pin!(provider.shutdown());
    assert!(poll(shutdown.as_mut()).is_pending());
    script.release();
    let (token, _) = ThreadRuntime::block_on(shutdown).unwrap();
    assert_eq!(token.refresh_token().unwrap().expose_secret(), "refresh-1");
    let error = ThreadRuntime::block_on(provider.token()).unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::ShutDown);
}

#[test]
fn a_panic_of_a_transport_fails_its_waiters_and_no_later_call() {
    let script = ScriptedTransport::new().panic().answer(issue(1));
    let provider = provider(script);
    let threads: Vec<_> = (0..20).map(|_| waiting(&provider)).collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap().is_err()));
    // Without the back-off.
    provider.clear();
    assert_eq!(ThreadRuntime::block_on(provider.token()).unwrap().expose_secret(), "token-1");
}

#[test]
fn a_thread_that_panics_with_a_borrowed_token_harms_no_other() {
    let provider = provider(ScriptedTransport::new().answer(issue(1)));
    let all_wait = Arc::new(Barrier::new(20));
    let threads: Vec<_> = (0..20)
        .map(|number| {
            let (provider, all_wait) = (provider.clone(), Arc::clone(&all_wait));
            thread::spawn(move || {
                all_wait.wait();
                ThreadRuntime::block_on(provider.with_token(|_| assert!(number % 2 == 0, "as expected")))
            })
        })
        .collect();
    let ended: Vec<_> = threads.into_iter().map(thread::JoinHandle::join).collect();
    assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 10);
    assert!(provider.peek().is_some());
}

#[test]
fn an_observer_may_wait_for_a_token_of_another_provider() {
    bounded(|| {
        let [provider, other] = [1, 2].map(|number| provider(ScriptedTransport::new().answer(issue(number))));
        let asked = other.clone();
        provider.on_event(move |_| drop(ThreadRuntime::block_on(asked.token())));
        ThreadRuntime::block_on(provider.token()).unwrap();
        until(|| other.peek().is_some());
    });
}
