//! The provider under threads that `shuttle` runs in many different orders: no wake is lost, no caller waits
//! for ever, and the published snapshot is that of the session. `RUSTFLAGS="--cfg shuttle"` builds these
//! tests.

#![allow(clippy::unwrap_used)] // as in every test

mod rig;

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use http::Response;
use shuttle::{future, thread};

use self::rig::{Rig, Tasks};
use crate::{
    TokenErrorKind,
    any_order::in_any_order,
    body::Body,
    model::{AccessToken, DelegatedAccessToken},
    testing::ScriptedTransport,
    token::Expiry,
};

fn issue(number: u32) -> Response<Body> {
    let body = format!(r#"{{"value":{{"access_token":"{number}","duration":3600}},"isSuccess":true}}"#);
    Response::new(body.into())
}

fn play(scene: impl Fn(Tasks) + Clone + Send + Sync + 'static, tasks: &[Tasks]) {
    for tasks in tasks.iter().copied() {
        let scene = scene.clone();
        in_any_order(move || scene(tasks), ROUNDS);
    }
}

#[test]
fn every_waiter_gets_the_token_of_the_one_acquisition() {
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
    play(scene, &[Tasks::Spawned, Tasks::Parked, Tasks::ParkedAtFirst]);
}

#[test]
fn every_waiter_gets_the_failure_of_the_one_acquisition() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new());
        let callers = [(); 3].map(|()| rig.caller());
        for caller in callers {
            assert_eq!(caller.join().unwrap().unwrap_err(), TokenErrorKind::Call);
        }
        assert_eq!(rig.script.requests().len(), 1);
    };
    play(scene, &[Tasks::Spawned, Tasks::Parked, Tasks::ParkedAtFirst]);
}

#[test]
fn no_wake_is_lost_with_a_waiter_who_leaves() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().hold_back(issue(1)));
        let leaving = [(); 2].map(|()| rig.leaving_caller());
        let caller = rig.caller();
        let releasing = rig.thread(|rig| rig.script.release());
        assert_eq!(caller.join().unwrap().unwrap(), "1");
        assert_eq!(rig.script.requests().len(), 1);
        leaving.into_iter().for_each(|thread| thread.join().unwrap());
        releasing.join().unwrap();
    };
    play(scene, &[Tasks::Spawned, Tasks::Parked, Tasks::ParkedAtFirst]);
}

#[test]
fn a_parked_acquisition_whose_waiters_are_not_polled_goes_on_once_it_is_handed_over() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().hold_back(issue(1)));
        let mut idle = pin!(rig.provider.token());
        let _ = idle.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let leaving = rig.leaving_caller();
        let caller = rig.thread(|rig| {
            rig.runtime.allow_tasks();
            assert_eq!(future::block_on(rig.provider.token()).unwrap().expose_secret(), "1");
        });
        rig.script.release();
        [leaving, caller].into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(rig.script.requests().len(), 1);
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Parked]);
}

#[test]
fn an_acquisition_that_is_polled_while_it_is_handed_over_goes_on_after_both_callers_have_left() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().hold_back(issue(1)));
        let leaving = rig.leaving_caller();
        let prefetching = rig.thread(|rig| {
            rig.runtime.allow_tasks();
            rig.provider.prefetch();
        });
        [leaving, prefetching].into_iter().for_each(|thread| thread.join().unwrap());
        rig.script.release();
        while rig.provider.peek().is_none() {
            thread::yield_now();
        }
        assert_eq!(rig.script.requests().len(), 1);
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Parked]);
}

#[test]
fn no_caller_waits_for_a_renewal_that_a_task_runs() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)).hold_back(issue(2)));
        future::block_on(rig.provider.token()).unwrap();
        rig.runtime.clock.advance(LIFETIME * 19 / 20);
        let callers = [(); 3].map(|()| {
            rig.thread(|rig| {
                let mut token = pin!(rig.provider.token());
                assert!(token.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
            })
        });
        callers.into_iter().for_each(|thread| thread.join().unwrap());
        rig.script.release();
    };
    play(scene, &[Tasks::Spawned]);
}

#[test]
fn a_parked_renewal_is_handed_over_by_a_caller_who_is_served() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)).hold_back(issue(2)));
        future::block_on(rig.provider.token()).unwrap();
        rig.runtime.clock.advance(LIFETIME * 19 / 20);
        let waiting = rig.thread(|rig| {
            future::block_on(rig.provider.token()).unwrap();
        });
        let serving = [(); 2].map(|()| {
            rig.thread(|rig| {
                rig.runtime.allow_tasks();
                rig.provider.prefetch();
            })
        });
        rig.script.release();
        serving.into_iter().for_each(|thread| thread.join().unwrap());
        waiting.join().unwrap();
        while rig.provider.peek().unwrap().expose_secret() == "1" {
            thread::yield_now();
        }
        assert_eq!(rig.script.requests().len(), 2);
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Parked]);
}

#[test]
fn a_renewal_whose_hand_over_fails_leaves_no_waiter_behind() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)).hold_back(issue(2)));
        future::block_on(rig.provider.token()).unwrap();
        rig.runtime.clock.advance(LIFETIME * 19 / 20);
        let prefetching = [(); 2].map(|()| rig.thread(|rig| rig.provider.prefetch()));
        let callers = [(); 2].map(|()| {
            rig.thread(|rig| {
                future::block_on(rig.provider.token()).unwrap();
            })
        });
        rig.script.release();
        prefetching.into_iter().chain(callers).for_each(|thread| thread.join().unwrap());
        // Without a waiter the renewal stays parked. Its next waiter is a caller in the margin.
        rig.runtime.clock.advance(LIFETIME / 20 - Duration::from_secs(1));
        assert_eq!(future::block_on(rig.provider.token()).unwrap().expose_secret(), "2");
        assert_eq!(rig.script.requests().len(), 2);
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Parked]);
}

#[test]
fn the_published_snapshot_is_that_of_the_session() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)).hang().hang());
        future::block_on(rig.provider.token()).unwrap();
        rig.runtime.clock.advance(LIFETIME - Duration::from_secs(1));
        let leaving = rig.leaving_caller();
        let clearing = rig.thread(|rig| rig.provider.clear());
        let seeding = rig.thread(|rig| {
            let token = DelegatedAccessToken::new(AccessToken::new("seeded").unwrap(), None);
            rig.provider.seed(token, Expiry::UNKNOWN);
        });
        [leaving, clearing, seeding].into_iter().for_each(|thread| thread.join().unwrap());
        rig.assert_is_published();
    };
    play(scene, &[Tasks::Parked]);
}

#[test]
fn a_prefetch_that_parks_its_acquisition_leaves_no_waiter_behind() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)));
        let prefetching = rig.thread(|rig| rig.provider.prefetch());
        assert_eq!(rig.caller().join().unwrap().unwrap(), "1");
        prefetching.join().unwrap();
        assert_eq!(rig.script.requests().len(), 1);
    };
    play(scene, &[Tasks::Parked, Tasks::ParkedAtFirst]);
}

#[test]
fn waiters_go_on_when_a_new_generation_begins() {
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
    play(scene, &[Tasks::Spawned, Tasks::Parked, Tasks::ParkedAtFirst]);
}

#[test]
fn an_invalidated_token_is_not_served_from_the_snapshot() {
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
    play(scene, &[Tasks::Spawned, Tasks::Parked, Tasks::ParkedAtFirst]);
}

#[test]
fn waiters_go_on_when_the_task_is_dropped() {
    let scene = |tasks| {
        let rig = Rig::new(tasks, ScriptedTransport::new().answer(issue(1)));
        let callers = [(); 2].map(|()| rig.caller());
        // The runtime keeps the task of each caller, so this thread drops tasks until there is a token.
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
fn a_shutdown_waits_for_the_acquisition_and_ends_everything() {
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
    play(scene, &[Tasks::Spawned, Tasks::Parked, Tasks::ParkedAtFirst]);
}

#[test]
fn observers_see_every_event_in_order() {
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
        // A background task may still have observers to notify.
        while seen.lock().unwrap().len() < 3 {
            thread::yield_now();
        }
        assert_eq!(*seen.lock().unwrap(), ["token_acquired", "token_invalidated", "token_acquired"]);
    };
    play(scene, &[Tasks::Spawned, Tasks::Parked, Tasks::ParkedAtFirst]);
}

const LIFETIME: Duration = Duration::from_secs(3600);

/// How many orders each scheduler tries.
const ROUNDS: usize = 1000;
