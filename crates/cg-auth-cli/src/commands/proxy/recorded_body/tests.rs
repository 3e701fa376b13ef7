use std::{collections::VecDeque, task::Waker};

use http_body_util::BodyExt as _;

use super::*;

/// A client: gives the frames that it has, and then waits or ends.
#[derive(Default)]
struct Client {
    frames: VecDeque<Result<Frame<Bytes>, BoxError>>,
    ends: bool,
    length: Option<u64>,
}

impl Client {
    fn sends<const N: usize>(pieces: [&[u8]; N]) -> Self {
        let frames = pieces.iter().map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
        Self { frames, ends: true, length: None }
    }
}

impl Body for Client {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.frames.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// Like a body of hyper, it knows its end only if it knows its length.
    fn is_end_stream(&self) -> bool {
        self.ends && self.frames.is_empty() && self.length.is_some()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

async fn all(body: RecordedBody<Client>) -> (Bytes, Option<HeaderMap>) {
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned();
    (collected.to_bytes(), trailers)
}

#[tokio::test]
async fn a_body_is_forwarded_again_with_its_trailers() {
    let trailers = HeaderMap::from_iter([(http::header::ETAG, http::HeaderValue::from_static("x"))]);
    let mut client = Client::sends([b"ab", b"", b"c"]);
    client.frames.push_back(Ok(Frame::trailers(trailers.clone())));
    let recording = Recording::new(client);
    for _ in 0..3 {
        let body = recording.forward().unwrap();
        assert_eq!(all(body).await, (Bytes::from("abc"), Some(trailers.clone())));
    }
}

#[tokio::test]
async fn a_forwarding_that_was_interrupted_is_continued_by_the_next() {
    let mut client = Client::sends([b"ab", b"cd"]);
    client.length = Some(4);
    let recording = Recording::new(client);
    let mut first = recording.forward().unwrap();
    assert_eq!(first.size_hint().exact(), Some(4));
    assert_eq!(first.frame().await.unwrap().unwrap().into_data().unwrap(), "ab");
    let second = recording.forward().unwrap();
    assert!(first.frame().await.unwrap().is_err(), "the first forwarding has ended");
    assert_eq!(second.size_hint().exact(), Some(4));
    assert_eq!(all(second).await.0, "abcd");
}

#[tokio::test]
async fn a_body_of_64_kib_is_recorded_and_a_longer_one_is_not() {
    let longest = vec![b'x'; LONGEST_RECORDED];
    let recording = Recording::new(Client::sends([&longest[1..], b"x"]));
    assert_eq!(all(recording.forward().unwrap()).await.0, longest);
    assert!(recording.can_be_repeated());
    assert_eq!(all(recording.forward().unwrap()).await.0, longest);

    let recording = Recording::new(Client::sends([&longest, b"y"]));
    assert_eq!(all(recording.forward().unwrap()).await.0.len(), LONGEST_RECORDED + 1);
    assert!(!recording.can_be_repeated() && recording.forward().is_none());
}

#[tokio::test]
async fn a_body_that_was_cut_off_is_not_forwarded_again() {
    let mut client = Client::sends([b"ab"]);
    client.frames.push_back(Err("cut off".into()));
    let recording = Recording::new(client);
    assert!(recording.forward().unwrap().collect().await.is_err());
    assert!(recording.forward().is_none());
}

#[tokio::test]
async fn an_empty_body_is_known_to_be_empty() {
    let recording = Recording::new(Client { ends: true, length: Some(0), ..Client::default() });
    for _ in 0..2 {
        let body = recording.forward().unwrap();
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stall_names_the_side_that_has_to_act() {
    let recording = Recording::new(Client { ends: false, ..Client::default() });
    assert_eq!(
        recording.stalled(Duration::from_secs(1)).await,
        Stalled::Upstream,
        "the upstream does not read the body"
    );
    let mut body = recording.forward().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut body).poll_frame(&mut context).is_pending());
    assert_eq!(recording.stalled(Duration::from_secs(1)).await, Stalled::Client);

    let recording = Recording::new(Client::sends([b"ab"]));
    drop(all(recording.forward().unwrap()).await);
    assert_eq!(recording.stalled(Duration::from_secs(1)).await, Stalled::Upstream);
}

#[tokio::test]
async fn the_record_is_dropped_once_the_answer_has_begun() {
    let recording = Recording::new(Client::sends([b"ab", b"cd"]));
    let mut body = recording.forward().unwrap();
    let _ = body.frame().await;
    drop(recording);
    assert!(lock(&body.state).recorded.is_none());
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "cd");
    assert!(body.frame().await.is_none());
}
