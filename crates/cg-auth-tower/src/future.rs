//! [`ResponseFuture`]: one request, with a second one if the token of the first was refused.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use cg_auth_core::{IssuedToken, TokenError, TokenSource, token::TokenFuture};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{error::BoxError, settings::Settings};

pin_project! {
    /// The future of an [`Authorization`](crate::Authorization). Dropping it drops the request. An acquisition
    /// continues for other callers.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, T, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, T, B>,
    }
}

pin_project! {
    #[project = StateMut]
    #[project_replace = Owned]
    enum State<S, T, B>
    where
        S: Service<Request<B>>,
    {
        /// Waits for a token. `inner` is ready for the request.
        Acquiring { token: TokenFuture<'static>, request: Request<B>, inner: S, settings: Settings<T, B> },
        /// Waits for an answer that may refuse the token. `again` is there if the request can be repeated.
        First {
            #[pin]
            response: S::Future,
            token: IssuedToken,
            again: Option<Again<S, B>>,
            settings: Settings<T, B>,
        },
        /// Waits for another token, with the answer that refused the first one.
        Renewing {
            fresh: TokenFuture<'static>,
            refused: IssuedToken,
            answer: S::Response,
            again: Again<S, B>,
            settings: Settings<T, B>,
        },
        /// Waits until the inner service is ready for the second request.
        Repeating { again: Again<S, B> },
        /// Waits for an answer that goes back whatever it says.
        Last {
            #[pin]
            response: S::Future,
        },
        Done,
    }
}

/// What a second request needs.
struct Again<S, B> {
    request: Request<B>,
    /// A clone of the service that made the first request. It has yet to become ready.
    inner: S,
}

impl<S, T, B> ResponseFuture<S, T, B>
where
    S: Service<Request<B>>,
{
    /// The answer to a request that gets no token.
    pub(crate) const fn untouched(response: S::Future) -> Self {
        Self { state: State::Last { response } }
    }
}

impl<S, T, B> ResponseFuture<S, T, B>
where
    S: Service<Request<B>> + Clone,
    T: TokenSource + 'static,
{
    /// Sends `request` with `token`. `inner` is ready.
    pub(crate) fn first(
        inner: &mut S,
        request: Request<B>,
        token: IssuedToken,
        settings: Settings<T, B>,
    ) -> Self {
        Self { state: State::first(inner, request, token, settings) }
    }

    /// Sends `request` once there is a token. `inner` is ready.
    pub(crate) fn acquiring(inner: S, request: Request<B>, settings: Settings<T, B>) -> Self {
        Self { state: State::Acquiring { token: settings.token(), request, inner, settings } }
    }
}

impl<S, T, B> State<S, T, B>
where
    S: Service<Request<B>> + Clone,
{
    fn first(inner: &mut S, mut request: Request<B>, token: IssuedToken, settings: Settings<T, B>) -> Self {
        let copy = settings.copy(&request);
        settings.authorize(&mut request, &token);
        let response = inner.call(request);
        let again = copy.map(|request| Again { request, inner: inner.clone() });
        Self::First { response, token, again, settings }
    }
}

impl<S, T, B, R> Future for ResponseFuture<S, T, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    T: TokenSource + 'static,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateMut::Last { response } => return response.poll(context).map_err(Into::into),
                StateMut::Acquiring { token, .. } => {
                    let token = ready!(Pin::new(token).poll(context));
                    let Owned::Acquiring { request, mut inner, settings, .. } = state.as_mut().take() else {
                        continue;
                    };
                    state.set(State::first(&mut inner, request, token?, settings));
                }
                StateMut::First { response, .. } => {
                    let answer = ready!(response.poll(context)).map_err(Into::into)?;
                    let Owned::First { token, again, settings, .. } = state.as_mut().take() else { continue };
                    if !(settings.is_refused)(answer.status(), answer.headers()) {
                        return Poll::Ready(Ok(answer));
                    }
                    settings.source.invalidate(&token);
                    let Some(again) = again else { return Poll::Ready(Ok(answer)) };
                    state.set(State::Renewing {
                        fresh: settings.token(),
                        refused: token,
                        answer,
                        again,
                        settings,
                    });
                }
                StateMut::Renewing { fresh, .. } => {
                    let fresh = ready!(Pin::new(fresh).poll(context));
                    let Owned::Renewing { refused, answer, mut again, settings, .. } = state.as_mut().take()
                    else {
                        continue;
                    };
                    match fresh {
                        Err(error) => return Poll::Ready(Ok(with_extension(answer, error))),
                        Ok(fresh) if fresh.expose_secret() == refused.expose_secret() => {
                            return Poll::Ready(Ok(answer));
                        }
                        Ok(fresh) => settings.authorize(&mut again.request, &fresh),
                    }
                    // Dropped first, so that its connection may serve the second request.
                    drop(answer);
                    state.set(State::Repeating { again });
                }
                StateMut::Repeating { again } => {
                    ready!(again.inner.poll_ready(context)).map_err(Into::into)?;
                    let Owned::Repeating { again: Again { request, mut inner } } = state.as_mut().take()
                    else {
                        continue;
                    };
                    state.set(State::Last { response: inner.call(request) });
                }
                StateMut::Done => panic!("a response future was polled after its end"),
            }
        }
    }
}

impl<S, T, B> State<S, T, B>
where
    S: Service<Request<B>>,
{
    /// Takes the state by value. A pinned future in it is dropped in place, with what it held of the inner service.
    fn take(self: Pin<&mut Self>) -> Owned<S, T, B> {
        self.project_replace(Self::Done)
    }
}

/// The first answer, with the reason why there is no second one.
fn with_extension<R>(mut answer: Response<R>, error: TokenError) -> Response<R> {
    answer.extensions_mut().insert(error);
    answer
}

impl<S, T, B> fmt::Debug for ResponseFuture<S, T, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
