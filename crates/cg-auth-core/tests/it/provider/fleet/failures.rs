//! Rules 5 and 6: cool-downs of the fleet, and a service that issues the same token again.

use std::{pin::pin, time::Duration};

use cg_auth_core::{Recovery, TokenErrorKind, testing::ScriptedTransport, transport::TransportError};

use super::{super::*, Processes, ticking};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn after_a_failed_answer_no_process_sends_until_the_cool_down_is_over_and_each_fails_alike() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(outage()).answer(outage()).answer(issue(3));
        let processes = Processes::new(script, tasks);
        let (first, second) = (processes.start(), processes.start());
        assert_eq!(first.token().await.unwrap_err().kind(), TokenErrorKind::Call);
        let error = second.token().await.unwrap_err();
        assert_eq!((error.kind(), error.recovery()), (TokenErrorKind::Shared, Recovery::Retry));
        let failure = error.as_shared().unwrap();
        assert_eq!((failure.kind(), failure.status()), ("api", Some(503)));
        assert_eq!(error.retry_after(), Some(SECOND));
        assert_eq!(error.to_string(), "another process failed to get the token (api, status 503)");
        assert_eq!(processes.requests(), 1);
        processes.assert_events(&["token_failed", "fleet_cooling_down"]).await;

        processes.clock.advance(SECOND);
        second.token().await.unwrap_err();
        assert_eq!(processes.requests(), 2);
        // The fleet doubles its pause together: 2 s after the second failure, for a third process, too.
        let third = processes.start();
        processes.clock.advance(SECOND);
        third.token().await.unwrap_err();
        assert_eq!(processes.requests(), 2);
        processes.clock.advance(SECOND);
        assert_eq!(third.token().await.unwrap().expose_secret(), "token-3");
        // The others find it although their own back-off goes on.
        assert_eq!(first.token().await.unwrap().expose_secret(), "token-3");
        assert_eq!(second.token().await.unwrap().expose_secret(), "token-3");
        assert_eq!(processes.requests(), 3);
    });
}

#[test]
fn in_a_cool_down_of_the_fleet_a_process_serves_its_valid_token() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(outage());
        let processes = Processes::new(script, tasks);
        let (first, second) = (processes.start(), processes.start());
        first.token().await.unwrap();
        second.token().await.unwrap();
        processes.clock.advance(LIFETIME - 60 * SECOND);
        first.token().await.unwrap();
        first.prefetch();
        until(|| processes.operations("publish") == 2).await;
        assert_eq!(second.token().await.unwrap().expose_secret(), "token-1");
        second.prefetch();
        until(|| processes.events.lock().unwrap().contains(&"fleet_cooling_down")).await;
        assert_eq!(second.token().await.unwrap().expose_secret(), "token-1");
        assert_eq!(processes.requests(), 2);
    });
}

#[test]
fn a_refused_credential_is_sent_once_a_minute_by_the_whole_fleet() {
    everywhere(async |tasks| {
        let refused = || response(401, &[], "");
        let script = ScriptedTransport::new().answer(refused()).answer(refused());
        let processes = Processes::new(script, tasks);
        let fleet: Vec<_> = (0..5).map(|_| processes.start()).collect();
        for _ in 0..59 {
            for process in &fleet {
                let error = process.token().await.unwrap_err();
                assert_eq!(error.recovery(), Recovery::ReplaceCredential);
            }
            processes.clock.advance(SECOND);
        }
        assert_eq!(processes.requests(), 1);
        processes.clock.advance(3 * SECOND);
        for process in &fleet {
            process.token().await.unwrap_err();
        }
        assert_eq!(processes.requests(), 2);
    });
}

#[test]
fn a_secret_that_is_rotated_during_the_cool_down_of_the_old_one_is_used_within_two_seconds() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(response(401, &[], "")).answer(issue(2));
        let processes = Processes::new(script, tasks);
        let is_rotated = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let rotated = Arc::clone(&is_rotated);
        let secret = cg_auth_core::token::SecretFn::new(move |_| {
            let secret = if rotated.load(Ordering::SeqCst) { "rotated" } else { SECRET };
            async move { Ok(ClientSecret::new(secret)?) }
        });
        let runtime = TestRuntime { clock: processes.clock.clone(), tasks };
        let provider = TokenProvider::new(client(processes.service.clone(), runtime), user(), secret);
        let process = processes.watch(provider);
        processes.start().token().await.unwrap_err();
        assert_eq!(process.token().await.unwrap_err().recovery(), Recovery::ReplaceCredential);
        is_rotated.store(true, Ordering::SeqCst);
        processes.clock.advance(2 * SECOND);
        assert_eq!(process.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(secrets(&processes.service), [SECRET, "rotated"]);
    });
}

#[test]
fn a_process_that_cannot_reach_the_service_keeps_no_other_process_from_it_and_adopts_their_token() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)), tasks);
        let unreached = (0..9).fold(ScriptedTransport::new(), |script, _| {
            script.fail(TransportError::connect("no route to host"))
        });
        let cut_off = processes.start_over(unreached.clone());
        assert_eq!(cut_off.token().await.unwrap_err().kind(), TokenErrorKind::Call);
        let second = processes.start();
        // The failure of one process costs the others a second, and fails none of them.
        let began = processes.clock.now();
        let token = ticking(&processes.clock, pin!(second.token())).await.unwrap();
        assert_eq!(token.expose_secret(), "token-1");
        let waited = processes.clock.now().saturating_since(began);
        assert!(waited >= SECOND, "{waited:?}");
        processes.clock.advance(SECOND);
        assert_eq!(cut_off.token().await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn a_process_in_a_long_back_off_of_its_own_adopts_the_token_of_another() {
    everywhere(async |tasks| {
        let script =
            ScriptedTransport::new().answer(response(503, &[("retry-after", "600")], "")).answer(issue(2));
        let processes = Processes::new(script, tasks);
        let first = processes.start();
        first.token().await.unwrap_err();
        processes.clock.advance(2 * SECOND);
        assert_eq!(processes.start().token().await.unwrap().expose_secret(), "token-2");
        processes.clock.advance(SECOND);
        assert_eq!(first.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(processes.requests(), 2);
    });
}

#[test]
fn a_process_whose_secret_source_is_down_adopts_the_token_of_another() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)).answer(issue(2)), tasks);
        let is_down = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let down = Arc::clone(&is_down);
        let secret = cg_auth_core::token::SecretFn::new(move |_| {
            let is_down = down.load(Ordering::SeqCst);
            async move { if is_down { Err("the vault is sealed".into()) } else { Ok(ClientSecret::new(SECRET)?) } }
        });
        let runtime = TestRuntime { clock: processes.clock.clone(), tasks };
        let provider = TokenProvider::new(client(processes.service.clone(), runtime), user(), secret);
        let process = processes.watch(provider);
        process.token().await.unwrap();
        is_down.store(true, Ordering::SeqCst);
        processes.clock.advance(LIFETIME);
        assert_eq!(process.token().await.unwrap_err().kind(), TokenErrorKind::Secret);
        assert_eq!(processes.start().token().await.unwrap().expose_secret(), "token-2");
        processes.clock.advance(SECOND);
        assert_eq!(process.token().await.unwrap().expose_secret(), "token-2");
    });
}

#[test]
fn a_service_that_issues_the_same_token_again_is_not_asked_before_the_token_expires() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(1)).answer(issue(3));
        let processes = Processes::new(script, tasks);
        let (first, second) = (processes.start(), processes.start());
        first.token().await.unwrap();
        second.token().await.unwrap();
        processes.clock.advance(LIFETIME - Duration::from_secs(60));
        for process in [&first, &second] {
            process.token().await.unwrap();
            process.prefetch();
        }
        until(|| processes.operations("publish") == 2).await;
        processes.events();
        for _ in 0..50 {
            processes.clock.advance(SECOND);
            assert_eq!(second.token().await.unwrap().expose_secret(), "token-1");
        }
        assert_eq!(processes.requests(), 2);
        processes.clock.advance(LIFETIME);
        assert_eq!(second.token().await.unwrap().expose_secret(), "token-3");
        assert_eq!(processes.requests(), 3);
    });
}
