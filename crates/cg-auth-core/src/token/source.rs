//! [`TokenSource`]: what hands out tokens, whoever it is.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{IssuedToken, TokenError, provider::Shared};
use crate::time::BoxFuture;

/// Hands out a valid token. Adapters take one, tests fake one.
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// A valid token, waiting for it where there is none.
    ///
    /// # Errors
    /// [`TokenError`], which says why there is none.
    fn token(&self) -> TokenFuture<'_>;

    /// A valid token, if one can be had without waiting.
    fn peek(&self) -> Option<IssuedToken>;

    /// Reports that a service refused `token`. False where that changes nothing.
    fn invalidate(&self, token: &IssuedToken) -> bool;
}

/// A token to come. One that is there already takes no allocation, behind a `dyn TokenSource` neither.
#[must_use = "futures do nothing unless polled"]
pub struct TokenFuture<'a>(Kind<'a>);

enum Kind<'a> {
    /// Looked for at the first poll: a token may expire between call and poll.
    Provider(&'a Shared),
    Ready(Option<Result<IssuedToken, TokenError>>),
    Waiting(BoxFuture<'a, Result<IssuedToken, TokenError>>),
}

impl<'a> TokenFuture<'a> {
    pub(super) const fn of_provider(shared: &'a Shared) -> Self {
        Self(Kind::Provider(shared))
    }

    /// One that is there.
    pub const fn ready(result: Result<IssuedToken, TokenError>) -> Self {
        Self(Kind::Ready(Some(result)))
    }

    /// One that has to be waited for.
    pub fn waiting(future: impl Future<Output = Result<IssuedToken, TokenError>> + Send + 'a) -> Self {
        Self(Kind::Waiting(Box::pin(future)))
    }
}

impl Future for TokenFuture<'_> {
    type Output = Result<IssuedToken, TokenError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                Kind::Provider(shared) => match shared.hit() {
                    Some(token) => return Poll::Ready(Ok(token)),
                    None => self.0 = Kind::Waiting(Box::pin(shared.acquire())),
                },
                Kind::Waiting(future) => return future.as_mut().poll(context),
                Kind::Ready(result) => return result.take().map_or(Poll::Pending, Poll::Ready),
            }
        }
    }
}

impl fmt::Debug for TokenFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFuture").finish_non_exhaustive()
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => { $(
        impl<T: TokenSource + ?Sized> TokenSource for $pointer {
            fn token(&self) -> TokenFuture<'_> {
                T::token(self)
            }

            fn peek(&self) -> Option<IssuedToken> {
                T::peek(self)
            }

            fn invalidate(&self, token: &IssuedToken) -> bool {
                T::invalidate(self, token)
            }
        }
    )* };
}
forward!(Arc<T>, Box<T>, &T);
