//! The provider under threads that `shuttle` plays in ever other orders: no wake is lost, nothing waits for
//! ever, and what is published is what the session says. `RUSTFLAGS="--cfg shuttle"` builds it.

#![allow(clippy::unwrap_used)] // as in every test

mod rig;

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use http::Response;
use shuttle::{check_pct, check_random, future, thread};

use self::rig::{Rig, Tasks};
use crate::{
    body::Body,
    model::{AccessToken, DelegatedAccessToken},
    testing::ScriptedTransport,
    token::{Expiry, TokenErrorKind},
};

fn issue(number: u32) -> Response<Body> {
    let body = format!(r#"{{"value":{{"access_token":"{number}","duration":3600}},"isSuccess":true}}"#);
    Response::new(body.into())
}

fn play(scene: impl Fn(Tasks) + Clone + Send + Sync + 'static, tasks: &[Tasks]) {
    for tasks in tasks.iter().copied() {
        let (one, other) = (scene.clone(), scene.clone());
        check_random(move || one(tasks), ROUNDS);
        check_pct(move || other(tasks), ROUNDS, 3);
    }
}

#[test]
fn everybody_who_waits_gets_the_token_of_the_one_attempt() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().hold_back(issue(1)));
        let callers = [(); 3].map(|()| rig.caller());
        rig.script.release();
        for caller in callers {
            assert_eq!(caller.join().unwrap().unwrap(), "1");
        }
        assert_eq!(rig.script.requests().len(), 1);
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Spawned, Tasks::Parked]);
}

#[test]
fn everybody_who_waits_gets_the_failure_of_the_one_attempt() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new());
        let callers = [(); 3].map(|()| rig.caller());
        for caller in callers {
            assert_eq!(caller.join().unwrap().unwrap_err(), TokenErrorKind::Call);
        }
        assert_eq!(rig.script.requests().len(), 1);
    };
    play(scene, &[Tasks::Spawned, Tasks::Parked]);
}

#[test]
fn no_wake_is_lost_with_those_who_go_away() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().hold_back(issue(1)));
        let passers_by = [(); 2].map(|()| rig.passer_by());
        let caller = rig.caller();
        let releasing = rig.thread(|rig| rig.script.release());
        assert_eq!(caller.join().unwrap().unwrap(), "1");
        assert_eq!(rig.script.requests().len(), 1);
        passers_by.into_iter().for_each(|passer_by| passer_by.join().unwrap());
        releasing.join().unwrap();
    };
    play(scene, &[Tasks::Spawned, Tasks::Parked]);
}

#[test]
fn what_was_published_last_is_what_the_session_says() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)).hang().hang());
        future::block_on(rig.provider.token()).unwrap();
        rig.runtime.clock.advance(LIFETIME - Duration::from_secs(1));
        let passer_by = rig.passer_by();
        let clearing = rig.thread(|rig| rig.provider.clear());
        let seeding = rig.thread(|rig| {
            let token = DelegatedAccessToken::new(AccessToken::new("seeded").unwrap(), None);
            rig.provider.seed(token, Expiry::UNKNOWN);
        });
        [passer_by, clearing, seeding].into_iter().for_each(|thread| thread.join().unwrap());
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Parked]);
}

#[test]
fn a_prefetch_that_parks_its_attempt_leaves_nobody_waiting() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)));
        let prefetching = rig.thread(|rig| rig.provider.prefetch());
        assert_eq!(rig.caller().join().unwrap().unwrap(), "1");
        prefetching.join().unwrap();
        assert_eq!(rig.script.requests().len(), 1);
    };
    play(scene, &[Tasks::Parked]);
}

#[test]
fn those_who_pass_by_move_on_what_nobody_waits_for() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)).hold_back(issue(2)));
        future::block_on(rig.provider.token()).unwrap();
        rig.runtime.clock.advance(LIFETIME * 19 / 20);
        let passers_by = [(); 3].map(|()| rig.passer_by());
        rig.script.release();
        passers_by.into_iter().for_each(|passer_by| passer_by.join().unwrap());
        // Of what was under way nobody has been left to wait for it.
        let token = future::block_on(rig.provider.token()).unwrap();
        let token = if token.expose_secret() == "1" { rig.provider.peek().unwrap() } else { token };
        assert_eq!((token.expose_secret(), rig.script.requests().len()), ("2", 2));
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Parked]);
}

#[test]
fn those_who_wait_go_on_when_everything_begins_anew() {
    let scene = |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1)).hold_back(issue(2)).hold_back(issue(3));
        let rig = Rig::new(tasks, script);
        let callers = [(); 2].map(|()| rig.caller());
        let clearing = rig.thread(|rig| rig.provider.clear());
        let seeding = rig.thread(|rig| {
            let token = DelegatedAccessToken::new(AccessToken::new("seeded").unwrap(), None);
            rig.provider.seed(token, Expiry::UNKNOWN);
        });
        let releasing = rig.thread(|rig| (0..3).for_each(|_| rig.script.release()));
        for caller in callers {
            assert!(caller.join().unwrap().is_ok());
        }
        [clearing, seeding, releasing].into_iter().for_each(|thread| thread.join().unwrap());
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Spawned, Tasks::Parked]);
}

#[test]
fn what_is_taken_back_is_not_served_from_what_was_published() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)).answer(issue(2)));
        let first = future::block_on(rig.provider.token()).unwrap();
        let refused = [(); 2].map(|()| {
            let (provider, first) = (rig.provider.clone(), first.clone());
            thread::spawn(move || {
                provider.invalidate(&first);
                let token = future::block_on(provider.token()).unwrap();
                assert_eq!(token.expose_secret(), "2");
            })
        });
        refused.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(rig.script.requests().len(), 2);
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Spawned, Tasks::Parked]);
}

#[test]
fn those_who_wait_go_on_when_the_task_is_dropped() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)));
        let callers = [(); 2].map(|()| rig.caller());
        // Whoever finds nothing to drop finds it later: a task may be kept by then, or by each caller one.
        let dropping = rig.thread(|rig| {
            while rig.provider.peek().is_none() {
                rig.runtime.drop_tasks();
                thread::yield_now();
            }
        });
        for caller in callers {
            assert_eq!(caller.join().unwrap().unwrap(), "1");
        }
        dropping.join().unwrap();
    };
    play(scene, &[Tasks::Kept]);
}

#[test]
fn a_shutdown_waits_for_the_attempt_and_ends_everything() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().hold_back(issue(1)).hold_back(issue(2)));
        let caller = rig.caller();
        let clearing = rig.thread(|rig| rig.provider.clear());
        let releasing = rig.thread(|rig| (0..2).for_each(|_| rig.script.release()));
        future::block_on(rig.provider.shutdown());
        let result = caller.join().unwrap();
        assert!(result.is_ok() || result == Err(TokenErrorKind::ShutDown), "{result:?}");
        [clearing, releasing].into_iter().for_each(|thread| thread.join().unwrap());
        assert!(rig.provider.peek().is_none());
        let Poll::Ready(Err(error)) =
            pin!(rig.provider.token()).poll(&mut Context::from_waker(Waker::noop()))
        else {
            panic!("the provider goes on")
        };
        assert_eq!(error.kind(), TokenErrorKind::ShutDown);
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Spawned, Tasks::Parked]);
}

#[test]
fn events_are_told_in_order_and_none_is_left_over() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)).answer(issue(2)));
        let seen = Arc::new(shuttle::sync::Mutex::new(Vec::new()));
        let notes = Arc::clone(&seen);
        rig.provider.on_event(move |event| notes.lock().unwrap().push(event.name()));
        let caller = rig.caller();
        let refusing = rig.thread(|rig| {
            let token = future::block_on(rig.provider.token()).unwrap();
            rig.provider.invalidate(&token);
            future::block_on(rig.provider.token()).unwrap();
        });
        caller.join().unwrap().unwrap();
        refusing.join().unwrap();
        // A task of its own may still be about to tell.
        while seen.lock().unwrap().len() < 3 {
            thread::yield_now();
        }
        assert_eq!(*seen.lock().unwrap(), ["token_acquired", "token_invalidated", "token_acquired"]);
    };
    play(scene, &[Tasks::Spawned, Tasks::Parked]);
}

const LIFETIME: Duration = Duration::from_secs(3600);

/// By each way of choosing an order.
const ROUNDS: usize = 1000;
