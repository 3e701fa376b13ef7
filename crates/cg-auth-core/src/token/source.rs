//! [`TokenSource`]: anything that hands out valid tokens.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{IssuedToken, TokenError};
use crate::time::BoxFuture;

/// Hands out a valid token. An adapter takes any `TokenSource`, so its tests can pass a fake.
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// A valid token. The future waits only if there is none.
    ///
    /// # Errors
    /// [`TokenError`], which says why the caller gets no token.
    fn token(&self) -> TokenFuture<'_>;

    /// A valid token, if there is one. It never waits.
    fn peek(&self) -> Option<IssuedToken>;

    /// The token that [`token`](Self::token) would hand out at once and without starting anything: it is valid
    /// and not yet due for renewal.
    ///
    /// An adapter whose future cannot borrow the source reads this first, and boxes a future of `token` only if
    /// there is none. The default says that there is none.
    fn cached(&self) -> Option<IssuedToken> {
        None
    }

    /// Reports that a service refused `token`. Returns false if that changes nothing.
    fn invalidate(&self, token: &IssuedToken) -> bool;
}

/// A future of a valid token. It allocates only if it has to wait, even behind a `dyn TokenSource`.
#[must_use = "futures do nothing unless polled"]
pub struct TokenFuture<'a>(Kind<'a>);

enum Kind<'a> {
    /// Looked up at the first poll, because a token may expire between call and poll.
    Cached(&'a dyn TokenCache),
    Ready(Option<TokenResult>),
    Waiting(BoxFuture<'a, TokenResult>),
}

pub(crate) type TokenResult = Result<IssuedToken, TokenError>;

/// A cache that [`TokenFuture`] reads before it waits.
pub(crate) trait TokenCache: Send + Sync {
    /// The cached token, if it can be served at once.
    fn hit(&self) -> Option<IssuedToken>;

    /// Gets a token after a miss.
    fn acquire(&self) -> BoxFuture<'_, TokenResult>;
}

impl<'a> TokenFuture<'a> {
    pub(crate) const fn cached(cache: &'a dyn TokenCache) -> Self {
        Self(Kind::Cached(cache))
    }

    /// A future that is ready.
    pub const fn ready(result: Result<IssuedToken, TokenError>) -> Self {
        Self(Kind::Ready(Some(result)))
    }

    /// A future that waits for `future`.
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
                Kind::Cached(cache) => match cache.hit() {
                    Some(token) => return Poll::Ready(Ok(token)),
                    None => self.0 = Kind::Waiting(cache.acquire()),
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

            fn cached(&self) -> Option<IssuedToken> {
                T::cached(self)
            }

            fn invalidate(&self, token: &IssuedToken) -> bool {
                T::invalidate(self, token)
            }
        }
    )* };
}
forward!(Arc<T>, Box<T>, &T);
