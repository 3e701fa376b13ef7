//! [`RawMessage`]: HTTP/1.1 to the byte.

/// A request or an answer as it was on the wire.
#[derive(Debug)]
pub struct RawMessage {
    head: Vec<u8>,
    /// The bytes after the head, as many as `content-length` says.
    pub body: Vec<u8>,
}

impl RawMessage {
    /// The first line.
    #[must_use]
    pub fn line(&self) -> &str {
        str::from_utf8(self.lines().next().unwrap_or_default()).unwrap()
    }

    /// The values of every header of that name, in order.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        let headers = self.lines().skip(1).filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        });
        headers
            .filter(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
            .collect()
    }

    /// `None` until `bytes` hold a whole message.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let message = Self { head: bytes[..end].to_vec(), body: bytes[end + 4..].to_vec() };
        let length = match message.values("content-length").as_slice() {
            [length, ..] => str::from_utf8(length).unwrap().parse().unwrap(),
            [] => 0,
        };
        assert!(message.body.len() <= length, "more came than was announced");
        (message.body.len() == length).then_some(message)
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }
}
