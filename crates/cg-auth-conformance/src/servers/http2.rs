//! [`Http2`]: the server's end of an HTTP/2 connection, frame by frame (RFC 9113).

use super::listener::{Connection, Listener};

/// A connection on which the server has sent an empty SETTINGS frame, and answers no ping.
#[derive(Debug)]
pub struct Http2 {
    connection: Connection,
}

impl Http2 {
    /// Accepts the next connection and reads its preface.
    pub async fn accept(listener: &Listener) -> Self {
        let mut connection = listener.accept().await;
        let mut preface = [0; 24];
        assert!(connection.read_exact(&mut preface).await);
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut http2 = Self { connection };
        http2.write(SETTINGS, 0, 0, &[]).await;
        http2
    }

    /// Reads until a request begins. Returns its stream.
    pub async fn request(&mut self) -> u32 {
        self.request_or_end().await.expect("a request")
    }

    /// Reads until a request begins. Returns its stream and its fields as they were written.
    pub async fn request_fields(&mut self) -> (u32, Vec<u8>) {
        loop {
            let frame = self.frame().await.expect("a request");
            if frame.kind == HEADERS {
                return (frame.stream, frame.fields());
            }
        }
    }

    /// Like [`request`](Self::request); `None` if the other end closes first.
    pub async fn request_or_end(&mut self) -> Option<u32> {
        loop {
            let (kind, stream) = self.read().await?;
            if kind == HEADERS {
                return Some(stream);
            }
        }
    }

    /// Answers 200 with `body`.
    pub async fn answer(&mut self, stream: u32, body: &str) {
        self.begin_answer(stream, body).await;
        self.write(DATA, END_STREAM, stream, &[]).await;
    }

    /// Answers 200 with a body that begins with `piece`.
    pub async fn begin_answer(&mut self, stream: u32, piece: &str) {
        // Entry 8 of the static table is `:status: 200` (RFC 7541 appendix A).
        self.write(HEADERS, END_HEADERS, stream, &[0x80 | 8]).await;
        self.write(DATA, 0, stream, piece.as_bytes()).await;
    }

    /// Answers 200 and announces a body of `length` bytes, which begins with `piece`.
    pub async fn begin_answer_of(&mut self, length: usize, stream: u32, piece: &str) {
        let length = length.to_string();
        // Entry 28 is `content-length`; its value follows as it is (RFC 7541 section 6.2.2).
        let mut fields = vec![0x80 | 8, 0x0f, 28 - 15, u8::try_from(length.len()).unwrap()];
        fields.extend(length.as_bytes());
        self.write(HEADERS, END_HEADERS, stream, &fields).await;
        self.write(DATA, 0, stream, piece.as_bytes()).await;
    }

    /// Sends one frame.
    pub async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.connection.write(&frame).await;
    }

    /// The kind and the stream of the next frame; `None` if the other end closes first.
    pub async fn read(&mut self) -> Option<(u8, u32)> {
        self.frame().await.map(|frame| (frame.kind, frame.stream))
    }

    async fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        if !self.connection.read_exact(&mut head).await {
            return None;
        }
        let [length @ .., kind, flags, s0, s1, s2, s3] = head;
        let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let mut payload = vec![0; length];
        if !self.connection.read_exact(&mut payload).await {
            return None;
        }
        Some(Frame { kind, flags, stream: u32::from_be_bytes([s0, s1, s2, s3]), payload })
    }

    /// Reads until the other end closes.
    pub async fn read_to_the_end(&mut self) {
        while self.read().await.is_some() {}
    }

    /// Resets the connection, as a crash does.
    pub fn reset(self) {
        self.connection.reset();
    }
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    /// The fields of a HEADERS frame, without padding and priority. They fit into one frame.
    fn fields(&self) -> Vec<u8> {
        let (mut fields, mut padding) = (self.payload.as_slice(), 0);
        if self.flags & PADDED != 0 {
            padding = usize::from(fields[0]);
            fields = &fields[1..];
        }
        if self.flags & PRIORITY != 0 {
            fields = &fields[5..];
        }
        fields[..fields.len() - padding].to_vec()
    }
}

/// Frame types and flags (RFC 9113 section 6).
pub const DATA: u8 = 0;
/// Carries a field section.
pub const HEADERS: u8 = 1;
/// Ends one stream.
pub const RST_STREAM: u8 = 3;
/// Carries settings; always empty here.
pub const SETTINGS: u8 = 4;
/// Ends the connection.
pub const GOAWAY: u8 = 7;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 32;
