//! [`Recording`]: the body of a request, recorded while it is forwarded, so that it can be forwarded again.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::sleep;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a client's request. Each [`RecordedBody`] of it is one forwarding; a new one ends the one before.
pub(super) struct Recording<S>(Arc<Mutex<State<S>>>);

/// One forwarding of the body: what is recorded already, then the rest as it arrives.
pub(super) struct RecordedBody<S> {
    state: Arc<Mutex<State<S>>>,
    forwarding: u32,
    /// How many of the recorded bytes were forwarded.
    position: usize,
    sent_trailers: bool,
    length: SizeHint,
}

struct State<S> {
    source: S,
    length: SizeHint,
    /// `None` once the body is too long, or need not be forwarded again.
    recorded: Option<Vec<u8>>,
    trailers: Option<HeaderMap>,
    has_ended: bool,
    /// Whether the body broke off or is malformed.
    has_failed: bool,
    /// Whether the client has to send more before the forwarding can go on.
    awaits_client: bool,
    /// Grows with each frame of the client.
    frames: u64,
    forwarding: u32,
    waker: Option<Waker>,
}

impl<S> Recording<S>
where
    S: Body<Data = Bytes> + Unpin,
    S::Error: Into<BoxError>,
{
    pub(super) fn new(source: S) -> Self {
        Self(Arc::new(Mutex::new(State {
            length: source.size_hint(),
            has_ended: source.is_end_stream(),
            recorded: Some(Vec::new()),
            trailers: None,
            has_failed: false,
            awaits_client: false,
            frames: 0,
            forwarding: 0,
            waker: None,
            source,
        })))
    }

    /// Starts a forwarding, from the first byte on. `None` if the beginning is no longer recorded.
    pub(super) fn forward(&self) -> Option<RecordedBody<S>> {
        let mut state = lock(&self.0);
        state.recorded.as_ref()?;
        state.forwarding += 1;
        // The forwarding before this one learns that it has ended, so that its connection is closed.
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        Some(RecordedBody {
            state: Arc::clone(&self.0),
            forwarding: state.forwarding,
            position: 0,
            sent_trailers: false,
            length: state.length,
        })
    }

    /// Whether the body can be forwarded from its beginning.
    pub(super) fn can_be_repeated(&self) -> bool {
        lock(&self.0).recorded.is_some()
    }

    /// Whether the client did not complete the body.
    pub(super) fn has_failed(&self) -> bool {
        lock(&self.0).has_failed
    }

    /// Waits until the client has sent nothing for `limit`.
    pub(super) async fn stalled(&self, limit: Duration) -> Stalled {
        loop {
            let before = lock(&self.0).frames;
            sleep(limit).await;
            let state = lock(&self.0);
            if state.frames == before {
                return if state.awaits_client { Stalled::Client } else { Stalled::Upstream };
            }
        }
    }
}

impl<S> Drop for Recording<S> {
    /// The answer has begun, so the body is not forwarded again.
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        // A forwarding that still repeats recorded bytes needs them.
        if state.forwarding <= 1 {
            state.recorded = None;
        }
    }
}

/// Which side has to act before a request makes progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stalled {
    /// The rest of the body is missing.
    Client,
    /// The body was sent, or the upstream does not read it.
    Upstream,
}

impl<S> State<S>
where
    S: Body<Data = Bytes> + Unpin,
    S::Error: Into<BoxError>,
{
    /// The next frame of the client.
    fn poll_client(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut self.source).poll_frame(cx);
        self.awaits_client = polled.is_pending();
        let Poll::Ready(frame) = polled else {
            self.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        self.frames += 1;
        match &frame {
            None => self.has_ended = true,
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.trailers = Some(trailers.clone());
                }
                self.record(frame.data_ref().map_or(&[], |data| data));
                self.has_ended = frame.is_trailers() || self.source.is_end_stream();
            }
            Some(Err(_)) => (self.recorded, self.has_failed) = (None, true),
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn record(&mut self, data: &[u8]) {
        match &mut self.recorded {
            Some(recorded) if recorded.len() + data.len() <= LONGEST_RECORDED => recorded.extend(data),
            recorded => *recorded = None,
        }
    }
}

impl<S> Body for RecordedBody<S>
where
    S: Body<Data = Bytes> + Unpin,
    S::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let mut state = lock(&this.state);
        if state.forwarding != this.forwarding {
            return Poll::Ready(Some(Err("the request is sent again on another connection".into())));
        }
        if let Some(rest) = state.recorded.as_ref().and_then(|recorded| recorded.get(this.position..))
            && !rest.is_empty()
        {
            this.position += rest.len();
            return Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(rest)))));
        }
        if state.has_ended {
            let trailers = state.trailers.clone().filter(|_| !this.sent_trailers);
            this.sent_trailers = true;
            return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
        }
        let polled = state.poll_client(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            this.position += frame.data_ref().map_or(0, Bytes::len);
            this.sent_trailers |= frame.is_trailers();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        let state = lock(&self.state);
        let is_forwarded = state.recorded.as_ref().is_none_or(|recorded| recorded.len() <= self.position);
        state.has_ended && is_forwarded && (state.trailers.is_none() || self.sent_trailers)
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        let rest = |length: u64| length.saturating_sub(self.position as u64);
        match self.length.exact() {
            Some(length) => hint.set_exact(rest(length)),
            None => hint.set_lower(rest(self.length.lower())),
        }
        hint
    }
}

/// A panic of another thread leaves no half-made change behind.
fn lock<S>(state: &Mutex<State<S>>) -> MutexGuard<'_, State<S>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The longest body that is forwarded again. A longer one passes through unrecorded.
pub(super) const LONGEST_RECORDED: usize = 64 * 1024;

#[cfg(test)]
mod tests;
