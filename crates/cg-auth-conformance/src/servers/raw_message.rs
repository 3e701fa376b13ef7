//! [`RawMessage`]: a message of HTTP/1.1, byte for byte.

/// A request or an answer as it was on the wire.
#[derive(Debug)]
pub struct RawMessage {
    head: Vec<u8>,
    /// The bytes after the head, as many as `content-length` says. Of a chunked body, the data of its chunks.
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
        if message.values("transfer-encoding") == [b"chunked"] {
            let body = data_of_chunks(&message.body)?;
            return Some(Self { body, ..message });
        }
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

/// `None` until `chunks` hold the last one. No client of the suite sends trailers.
fn data_of_chunks(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n")?;
        let size = str::from_utf8(&chunks[..end]).unwrap().split(';').next().unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let rest = &chunks[end + 2..];
        if size == 0 {
            return rest.starts_with(b"\r\n").then_some(data);
        }
        data.extend(rest.get(..size)?);
        chunks = rest.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_message_ends_with_its_last_chunk() {
        let whole = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nA;x=1\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n";
        for end in 0..whole.len() {
            assert!(RawMessage::parse(&whole[..end]).is_none(), "{end}");
        }
        assert_eq!(RawMessage::parse(whole).unwrap().body, b"0123456789x");
    }
}
