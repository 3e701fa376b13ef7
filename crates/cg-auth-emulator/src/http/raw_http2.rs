//! Hand-written HTTP/2, for peers that read more slowly than any client library.

/// The connection preface, with an initial window of `window` bytes for each answer.
pub(crate) fn preface(window: u32) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let setting = [&[0, 4][..], &window.to_be_bytes()].concat();
    bytes.extend(frame(4, 0, 0, &setting));
    bytes
}

/// `GET /x` on the first stream, or `HEAD /x` if `is_head`.
pub(crate) fn request(is_head: bool) -> Vec<u8> {
    let method: &[u8] = if is_head { b"\x02\x04HEAD" } else { b"\x82" };
    frame(1, 5, 1, &[method, b"\x86\x04\x02/x\x01\x09localhost"].concat())
}

/// `GET /x` on a stream.
pub(crate) fn request_on(stream: u32) -> Vec<u8> {
    frame(1, 5, stream, b"\x82\x86\x04\x02/x\x01\x09localhost")
}

/// The frames of one stream.
pub(crate) fn frames_of(mut received: &[u8], stream: u32) -> Vec<u8> {
    let mut frames = Vec::new();
    while let [a, b, c, _, _, s, t, u, v, ..] = received {
        let size = 9 + u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (frame, rest) = received.split_at(size.min(received.len()));
        if u32::from_be_bytes([*s, *t, *u, *v]) == stream {
            frames.extend(frame);
        }
        received = rest;
    }
    frames
}

/// Widens the first stream's window by `more` bytes.
pub(crate) fn window_update(more: u32) -> Vec<u8> {
    frame(8, 0, 1, &more.to_be_bytes())
}

/// How many bytes of an answer's body were received, and whether its stream has ended.
pub(crate) fn body_length(mut received: &[u8]) -> (usize, bool) {
    let (mut length, mut ended) = (0, false);
    while let [a, b, c, kind, flags, _, _, _, _, rest @ ..] = received {
        let size = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        length += if *kind == 0 { size } else { 0 };
        ended |= *kind <= 1 && flags & 1 == 1;
        received = rest.get(size..).unwrap_or_default();
    }
    (length, ended)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
