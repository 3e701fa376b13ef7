//! [`HeaderText`]: a text that requests carry in a header.

use std::{fmt, ops::Deref, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// A text and its header value, which share one buffer, so that neither a request nor a clone copies it.
///
/// The buffer is zeroed when the last of them is dropped. `Debug` is redacted.
#[derive(Clone)]
pub(crate) struct HeaderText {
    text: Shared,
    header: HeaderValue,
}

impl HeaderText {
    /// A text without control characters. The caller leaves no unzeroed copy of it.
    #[allow(clippy::expect_used)] // see above
    pub(crate) fn new(text: Box<str>) -> Self {
        let text = Shared(Arc::new(Zeroizing::new(text)));
        let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(text.clone()))
            .expect("text without control characters is a header value");
        header.set_sensitive(true);
        Self { text, header }
    }

    /// The value of a header, which `Debug` redacts and HPACK does not index.
    pub(crate) const fn header(&self) -> &HeaderValue {
        &self.header
    }
}

impl Deref for HeaderText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text.0
    }
}

/// `==` is for tests and look-ups: it does not run in constant time.
impl PartialEq for HeaderText {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for HeaderText {}

impl fmt::Debug for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeaderText(redacted)")
    }
}

#[derive(Clone)]
struct Shared(Arc<Zeroizing<Box<str>>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_clones_and_header_share_a_buffer_and_show_nothing() {
        let text = HeaderText::new("canary".into());
        let copy = text.clone();
        assert_eq!((&*text, text.header().as_bytes()), ("canary", b"canary".as_slice()));
        assert_eq!(text.header().as_bytes().as_ptr(), text.as_ptr());
        assert_eq!(copy.header().clone().as_bytes().as_ptr(), text.as_ptr());
        assert!(text.header().is_sensitive() && text == copy && text != HeaderText::new("Canary".into()));
        let shown = format!("{text:?} {:?}", text.header());
        assert!(!shown.contains("canary"), "{shown}");
    }
}
