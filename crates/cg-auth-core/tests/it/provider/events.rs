//! Which events observers are notified of, when, and in which order.

use std::sync::{Arc, Mutex};

use cg_auth_core::{TokenProvider, testing::ScriptedTransport, token::Event};

use super::{LIFETIME, Tasks, everywhere, issue, outage, provider, until};
use crate::support::{SECRET, response};

/// The names of the events, in order.
pub(crate) fn names(provider: &TokenProvider) -> Arc<Mutex<Vec<&'static str>>> {
    let names = Arc::<Mutex<Vec<_>>>::default();
    let seen = Arc::clone(&names);
    provider.on_event(move |event| seen.lock().unwrap().push(event.name()));
    names
}

#[test]
fn observers_are_notified_in_the_order_of_the_events() {
    everywhere(async |tasks| {
        let refusal = response(400, &[], "");
        let script =
            ScriptedTransport::new().answer(issue(1)).answer(refusal).answer(issue(1)).answer(outage());
        let (provider, clock) = provider(script, tasks);
        let seen = names(&provider);
        let token = provider.token().await.unwrap();
        assert!(provider.invalidate(&token));
        provider.token().await.unwrap();
        clock.advance(LIFETIME);
        provider.token().await.unwrap_err();
        let expected = [
            "token_acquired",
            "token_invalidated",
            "refresh_token_dropped",
            "same_token_again",
            "token_acquired",
            "token_failed",
        ];
        until(|| seen.lock().unwrap().len() == expected.len()).await;
        assert_eq!(*seen.lock().unwrap(), expected);
    });
}

#[test]
fn an_observer_may_call_the_provider_and_is_notified_of_the_result_later() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2)).answer(issue(3));
        let (provider, _clock) = provider(script, tasks);
        let (own, seen) = (provider.clone(), Arc::<Mutex<Vec<_>>>::default());
        let notes = Arc::clone(&seen);
        provider.on_event(move |event| {
            let mut text = event.name().to_owned();
            if let (Event::Acquired { .. }, Some(token)) = (event, own.peek()) {
                // Every method that takes a lock.
                let _ = (own.state(), format!("{own:?}"), own.invalidate(&token));
                own.on_event(|_| {});
                text = format!("{text} {}", own.peek().is_none());
            }
            notes.lock().unwrap().push(text);
        });
        // A waiter may get the first token before it is invalidated.
        provider.token().await.unwrap();
        until(|| provider.peek().is_none() || seen.lock().unwrap().len() > 1).await;
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
        until(|| seen.lock().unwrap().len() == 3).await;
        let expected = ["token_acquired true", "token_invalidated", "token_acquired false"];
        assert_eq!(*seen.lock().unwrap(), expected);
    });
}

#[test]
fn an_observer_may_clear_the_provider_between_two_calls_of_one_acquisition() {
    everywhere(async |tasks| {
        let refusal = response(400, &[], "");
        let script =
            ScriptedTransport::new().answer(issue(1)).answer(refusal).answer(issue(2)).answer(issue(2));
        let (provider, clock) = provider(script, tasks);
        provider.token().await.unwrap();
        let own = provider.clone();
        provider.on_event(move |event| {
            if matches!(event, Event::RefreshTokenDropped { .. }) {
                own.clear();
            }
        });
        clock.advance(LIFETIME);
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
    });
}

#[test]
fn no_event_holds_a_secret() {
    everywhere(async |tasks| {
        let echo = |text: &str| {
            response(400, &[("x-request-id", text)], format!(r#"{{"code":"{text}","message":"{text}"}}"#))
        };
        let script = ScriptedTransport::new()
            .answer(issue(1))
            .answer(echo("refresh-1"))
            .answer(echo(SECRET))
            .answer(issue(2));
        let (provider, clock) = provider(script, tasks);
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let notes = Arc::clone(&seen);
        provider.on_event(move |event| {
            notes.lock().unwrap().push(format!("{} {:?} {event:?} {event:#?}", event.name(), event.fields()));
        });
        provider.token().await.unwrap();
        clock.advance(LIFETIME);
        provider.token().await.unwrap_err();
        let state = format!("{:?} {:#?}", provider.state(), provider.state().last_error);
        seen.lock().unwrap().push(state);
        clock.advance(LIFETIME);
        provider.token().await.unwrap();
        until(|| seen.lock().unwrap().len() == 5).await;
        let seen = seen.lock().unwrap().join("\n");
        for secret in ["token-1", "token-2", "refresh-1", "refresh-2", SECRET] {
            assert!(!seen.contains(secret), "{secret} in {seen}");
        }
    });
}

#[test]
fn events_of_many_threads_are_notified_one_after_the_other() {
    const ROUNDS: u32 = 300;
    everywhere(async |tasks: Tasks| {
        let script =
            (1..=ROUNDS * 6).fold(ScriptedTransport::new(), |script, number| script.answer(issue(number)));
        let (provider, clock) = provider(script, tasks);
        let seen = names(&provider);
        let invalidating = {
            let (provider, clock) = (provider.clone(), clock.clone());
            tokio::spawn(async move {
                for _ in 1..ROUNDS {
                    // Longer than the limit on reports lasts, and shorter than a lifetime.
                    clock.advance(std::time::Duration::from_secs(601));
                    let token = provider.token().await.unwrap();
                    provider.invalidate(&token);
                    tokio::task::yield_now().await;
                }
            })
        };
        let asking = tokio::spawn(async move {
            for _ in 0..ROUNDS * 4 {
                let _ = provider.token().await;
                tokio::task::yield_now().await;
            }
        });
        invalidating.await.unwrap();
        asking.await.unwrap();
        let seen = seen.lock().unwrap();
        // Between two invalidated tokens there is always an acquired one.
        let is_twice = seen.windows(2).any(|pair| pair == ["token_invalidated", "token_invalidated"]);
        assert!(!is_twice && seen.contains(&"token_invalidated"), "{seen:?}");
    });
}
