//! Message bodies: [`Body`] holds the bytes, [`BodyCollector`] reads them within a limit.

use std::{fmt, mem};

use bytes::Bytes;
use zeroize::{Zeroize, Zeroizing};

/// The bytes of a request or a response.
///
/// A body may hold a secret or a token, so `Debug` shows its length only. A body that is made from a `Vec` or
/// a `String` zeroes that memory when its last clone is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(Bytes);

impl Body {
    /// The default limit of the transports on the body of an answer: 1 MiB.
    pub const DEFAULT_LIMIT: usize = 1024 * 1024;

    /// An empty body.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Bytes::new())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as [`Bytes`], without a copy, for an HTTP library that takes them.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the body is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Zeroizing<Vec<u8>>> for Body {
    fn from(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        Zeroed(mem::take(&mut *bytes)).into()
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Zeroizing::new(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }
}

/// Collects the body of an answer piece by piece, up to a limit.
///
/// A transport pushes each piece that it reads. [`BodyTooLarge`] converts into a
/// [`TransportError`](crate::transport::TransportError), so `?` is enough. The collector zeroes its memory
/// when it grows into a larger buffer and when it is dropped.
///
/// ```
/// use cg_auth_core::body::BodyCollector;
///
/// let mut body = BodyCollector::new(8);
/// body.push(b"four")?;
/// assert!(body.push(b"and five").is_err());
/// assert_eq!(body.finish().as_bytes(), b"four");
/// # Ok::<(), cg_auth_core::body::BodyTooLarge>(())
/// ```
#[derive(Debug)]
pub struct BodyCollector {
    bytes: Zeroed,
    limit: usize,
}

impl BodyCollector {
    /// A collector that accepts at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { bytes: Zeroed::default(), limit }
    }

    /// Checks the length that `Content-Length` announces, before the first byte is read.
    ///
    /// # Errors
    /// [`BodyTooLarge`] if the announced length exceeds the limit, so that the transport need not read the
    /// body.
    pub fn expect(&mut self, length: u64) -> Result<(), BodyTooLarge> {
        match usize::try_from(length) {
            Ok(length) if length <= self.limit => {
                self.bytes.reserve(length.min(ANNOUNCED_CAPACITY));
                Ok(())
            }
            _ => Err(BodyTooLarge { limit: self.limit }),
        }
    }

    /// Appends the next piece.
    ///
    /// # Errors
    /// [`BodyTooLarge`] if the body would exceed the limit. The collector then keeps nothing of `piece`.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), BodyTooLarge> {
        if piece.len() > self.limit - self.bytes.0.len() {
            return Err(BodyTooLarge { limit: self.limit });
        }
        self.bytes.reserve(piece.len());
        self.bytes.0.extend_from_slice(piece);
        Ok(())
    }

    /// The body, from all pieces so far.
    #[must_use]
    pub fn finish(self) -> Body {
        self.bytes.into()
    }
}

/// A body is longer than the limit of the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyTooLarge {
    /// The limit, in bytes.
    pub limit: usize,
}

impl fmt::Display for BodyTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body is longer than the limit of {} bytes", self.limit)
    }
}

impl std::error::Error for BodyTooLarge {}

/// A vector that zeroes its memory when it grows and when it is dropped. `Zeroizing<Vec<u8>>` does not when it
/// grows, and zeroes byte by byte.
#[derive(Default)]
struct Zeroed(Vec<u8>);

impl Zeroed {
    fn reserve(&mut self, more: usize) {
        let needed = self.0.len().saturating_add(more);
        if needed > self.0.capacity() {
            let mut grown = Self(Vec::with_capacity(needed.max(self.0.capacity() * 2)));
            grown.0.extend_from_slice(&self.0);
            *self = grown;
        }
    }
}

impl Drop for Zeroed {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
        self.0.spare_capacity_mut().zeroize();
    }
}

impl AsRef<[u8]> for Zeroed {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Zeroed> for Body {
    fn from(bytes: Zeroed) -> Self {
        if bytes.0.is_empty() { Self::empty() } else { Self(Bytes::from_owner(bytes)) }
    }
}

impl fmt::Debug for Zeroed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// The most that is allocated for an announced length, because a server may announce more than it sends.
const ANNOUNCED_CAPACITY: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_only() {
        assert_eq!(format!("{:?}", Body::from("secret")), "Body(6 bytes)");
        let mut collector = BodyCollector::new(10);
        collector.push(b"secret").unwrap();
        assert!(!format!("{collector:?}").contains("secret"));
    }

    #[test]
    fn an_announced_length_beyond_the_limit_is_refused_before_reading() {
        let mut collector = BodyCollector::new(10);
        assert!(collector.expect(10).is_ok());
        assert!(collector.expect(11).is_err());
        assert!(collector.expect(u64::MAX).is_err());
    }

    #[test]
    fn a_body_of_exactly_the_limit_is_accepted() {
        let mut collector = BodyCollector::new(4);
        for piece in [b"a", b"b", b"c", b"d"] {
            collector.push(piece).unwrap();
        }
        assert_eq!(collector.push(b"e"), Err(BodyTooLarge { limit: 4 }));
        assert_eq!(collector.finish().as_bytes(), b"abcd");
    }
}
