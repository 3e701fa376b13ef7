//! The methods that hand out a token.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use cg_auth_core::{
    ClientSecret, IssuedToken, TokenError, TokenErrorKind, TokenProvider, TokenSource,
    model::AccessToken,
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, CoarseNow, Now, Runtime},
    token::{Expiry, TokenFuture},
};

use super::{LIFETIME, client, everywhere, issue, outage, poll, poll_once, provider, until, user};
use crate::support::SECRET;

#[test]
fn a_token_is_cloned_lent_and_used_as_a_header() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1));
        let (provider, _clock) = provider(script.clone(), tasks);
        let length = provider.with_token(|token| token.expose_secret().len()).await.unwrap();
        assert_eq!(length, "token-1".len());
        let value = provider.authorization().await.unwrap();
        assert_eq!(value, "Bearer token-1");
        assert!(value.is_sensitive());
        let token = provider.token().await.unwrap();
        assert_eq!(value.as_bytes()[7..].as_ptr(), token.expose_secret().as_ptr(), "one buffer");
        assert!(provider.with_token(|lent| lent.is_same_issue(&token)).await.unwrap());
        assert_eq!(script.requests().len(), 1);
    });
}

/// Counts how often every clock is read.
#[derive(Debug, Clone, Default)]
struct Counting {
    clock: ManualClock,
    reads: Arc<AtomicUsize>,
}

impl Runtime for Counting {
    fn now(&self) -> Now {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.clock.now()
    }

    fn coarse_now(&self) -> CoarseNow {
        self.clock.coarse_now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(task)
    }
}

#[tokio::test]
async fn a_fresh_token_is_handed_out_without_a_decision() {
    let runtime = Counting::default();
    let script = ScriptedTransport::new().answer(issue(1));
    let secret = ClientSecret::new(SECRET).unwrap();
    let provider = TokenProvider::new(client(script, runtime.clone()), user(), secret);
    let token = provider.token().await.unwrap();
    // Each decision of the session reads every clock.
    let before = runtime.reads.load(Ordering::SeqCst);
    assert!(provider.token().await.unwrap().is_same_issue(&token));
    assert!(provider.token_within(LIFETIME).await.unwrap().is_same_issue(&token));
    assert!(provider.with_token(|lent| lent.is_same_issue(&token)).await.unwrap());
    assert!(provider.peek().unwrap().is_same_issue(&token));
    assert_eq!(runtime.reads.load(Ordering::SeqCst), before);
}

#[test]
fn every_method_returns_the_same_failure() {
    everywhere(async |tasks| {
        let (provider, _clock) = provider(ScriptedTransport::new().answer(outage()), tasks);
        let errors = [
            provider.token().await.map(drop).unwrap_err(),
            provider.with_token(|_| ()).await.unwrap_err(),
            provider.authorization().await.map(drop).unwrap_err(),
            provider.token_within(LIFETIME).await.map(drop).unwrap_err(),
        ];
        assert!(errors.iter().all(|error| error.kind() == TokenErrorKind::Call));
    });
}

#[test]
fn a_token_that_is_lent_can_be_invalidated() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, _clock) = provider(script, tasks);
        provider.token().await.unwrap();
        let changed = provider
            .with_token(|token| {
                assert!(provider.invalidate(token));
                provider.clear();
                token.expose_secret().to_owned()
            })
            .await;
        assert_eq!(changed.unwrap(), "token-1");
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
    });
}

#[test]
fn a_peek_starts_nothing_and_returns_a_valid_token_in_any_phase() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1));
        let (provider, clock) = provider(script.clone(), tasks);
        assert!(provider.peek().is_none());
        provider.token().await.unwrap();
        let nearly = LIFETIME - Duration::from_nanos(1);
        clock.advance(nearly);
        assert_eq!(provider.peek().unwrap().expose_secret(), "token-1");
        clock.advance(LIFETIME - nearly);
        assert!(provider.peek().is_none());
        tokio::task::yield_now().await;
        assert_eq!(script.requests().len(), 1);
    });
}

#[test]
fn a_prefetch_starts_one_acquisition_and_does_not_wait() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1));
        let (provider, _clock) = provider(script.clone(), tasks);
        provider.prefetch();
        provider.prefetch();
        assert!(provider.state().is_acquiring);
        script.release();
        if tasks == super::Tasks::Spawned {
            until(|| provider.peek().is_some()).await;
        }
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
        provider.prefetch();
        assert!(!provider.state().is_acquiring);
        assert_eq!(script.requests().len(), 1);
    });
}

#[test]
fn a_prefetch_renews_a_token_that_is_due() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        provider.token().await.unwrap();
        clock.advance(LIFETIME - Duration::from_secs(10));
        provider.prefetch();
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(script.requests().len(), 2);
    });
}

#[test]
fn the_cached_token_is_there_until_it_is_due_and_reading_it_starts_nothing() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        assert!(provider.cached().is_none());
        let token = provider.token().await.unwrap();
        assert!(provider.cached().unwrap().is_same_issue(&token));
        clock.advance(LIFETIME - Duration::from_nanos(1));
        assert!(provider.cached().is_none(), "the token is valid and due");
        assert!(provider.peek().is_some());
        tokio::task::yield_now().await;
        assert_eq!(script.requests().len(), 1);
    });
}

/// A call as an adapter makes it.
async fn through(source: impl TokenSource) -> (IssuedToken, IssuedToken, bool) {
    let token = source.token().await.unwrap();
    let peeked = source.peek().unwrap();
    assert!(source.cached().unwrap().is_same_issue(&token));
    let is_changed = source.invalidate(&token);
    (token, peeked, is_changed)
}

#[test]
fn a_provider_is_a_source_by_reference_box_and_arc() {
    everywhere(async |tasks| {
        for way in 0..6 {
            let script = ScriptedTransport::new().answer(issue(1));
            let (provider, _clock) = provider(script, tasks);
            let (token, peeked, is_changed) = match way {
                0 => through(&provider).await,
                1 => through(provider.clone()).await,
                2 => through(Box::new(provider.clone())).await,
                3 => through(Arc::new(provider.clone())).await,
                4 => through(&provider as &dyn TokenSource).await,
                _ => through(Arc::new(provider.clone()) as Arc<dyn TokenSource>).await,
            };
            assert_eq!(token.expose_secret(), "token-1");
            assert!(token.is_same_issue(&peeked) && is_changed);
            assert!(provider.peek().is_none());
        }
    });
}

#[test]
fn a_token_future_can_move_to_another_task() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().hold_back(issue(1));
        let (provider, _clock) = provider(script.clone(), tasks);
        let provider: &'static TokenProvider = Box::leak(Box::new(provider));
        let mut token = Box::pin(provider.token());
        assert!(poll(token.as_mut()).is_pending());
        let elsewhere = tokio::spawn(token);
        until(|| script.in_flight() == 1).await;
        script.release();
        assert_eq!(elsewhere.await.unwrap().unwrap().expose_secret(), "token-1");
    });
}

/// A token source of another crate.
#[derive(Debug)]
struct Fake {
    token: IssuedToken,
    is_slow: bool,
}

impl TokenSource for Fake {
    fn token(&self) -> TokenFuture<'_> {
        if !self.is_slow {
            return TokenFuture::ready(Ok(self.token.clone()));
        }
        TokenFuture::waiting(async {
            tokio::task::yield_now().await;
            Ok(self.token.clone())
        })
    }

    fn peek(&self) -> Option<IssuedToken> {
        (!self.is_slow).then(|| self.token.clone())
    }

    fn invalidate(&self, token: &IssuedToken) -> bool {
        token.is_same_issue(&self.token)
    }
}

#[test]
fn a_source_can_be_faked() {
    everywhere(async |_| {
        let token = IssuedToken::new(&AccessToken::new("fake").unwrap(), Expiry::UNKNOWN);
        let quick: Arc<dyn TokenSource> = Arc::new(Fake { token: token.clone(), is_slow: false });
        let slow: Box<dyn TokenSource> = Box::new(Fake { token, is_slow: true });
        assert_eq!(quick.token().await.unwrap().expose_secret(), "fake");
        assert!(quick.peek().is_some_and(|token| quick.invalidate(&token)));
        assert!(quick.cached().is_none(), "a source says itself what it caches");
        let mut waiting = pin!(slow.token());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        assert_eq!(waiting.await.unwrap().expose_secret(), "fake");
        assert!(slow.peek().is_none());
    });
}

#[test]
fn a_source_can_fail_with_an_error_of_its_own() {
    let mut failed = TokenFuture::ready(Err(TokenError::secret("the fake has no secret")));
    let Poll::Ready(Err(error)) = poll(pin!(&mut failed)) else { panic!("the future is ready") };
    assert_eq!(error.kind(), TokenErrorKind::Secret);
    assert!(poll(pin!(&mut failed)).is_pending(), "a second poll returns nothing");
}

#[test]
fn neither_provider_nor_future_shows_a_secret() {
    everywhere(async |tasks| {
        let (provider, _clock) = provider(ScriptedTransport::new().answer(issue(1)), tasks);
        let token = provider.token().await.unwrap();
        let shown = format!("{provider:?} {:?} {token:?} {:?}", provider.token(), provider.state());
        assert!(shown.contains("TokenProvider") && shown.contains("TokenFuture"));
        for secret in ["token-1", "refresh-1", SECRET] {
            assert!(!shown.contains(secret), "{shown}");
        }
    });
}

#[test]
fn a_provider_knows_its_user() {
    let (provider, _clock) = provider(ScriptedTransport::new(), super::Tasks::Parked);
    assert_eq!(provider.user_principal_name(), user());
}
