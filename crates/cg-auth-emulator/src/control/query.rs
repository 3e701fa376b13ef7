//! Reads the query of a control request.

use crate::input::{InputError, Members};

/// The parameters of a query. Each occurs once, and is among `known`, the parameters of the route.
pub(super) fn read(query: Option<&str>, known: &[&str]) -> Result<Members, InputError> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    Members::of_query(pairs.map(|(name, value)| (percent_decoded(name), percent_decoded(value))), known)
}

/// The text with each `%XX` replaced by its byte; `None` for an incomplete one or what is not UTF-8.
///
/// A plus sign stays one, because user names may hold it and no value holds a space.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digit = |at: usize| char::from(digits[at]).to_digit(16).and_then(|it| u8::try_from(it).ok());
        bytes.push(digit(0)? << 4 | digit(1)?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_with_percent_encoding_and_a_plain_plus() {
        let mut query = read(Some("user=a%2Bb+c%40x&count=3&"), &["user", "count"]).unwrap();
        assert_eq!(query.name("user").unwrap().as_deref(), Some("a+b+c@x"));
        assert_eq!(query.whole("count", 0..=9).unwrap(), Some(3));
        assert_eq!((query.name("other").unwrap(), query.whole("limit", 0..=9).unwrap()), (None, None));
    }

    #[test]
    fn unknown_repeated_and_broken_parameters_are_refused() {
        for query in
            ["s3cret=1", "a=1&a=1", "a=%", "a=%4", "a=%zz", "a=%ff", "A=1", "%61=1&a=1", "=1", "%ff=1"]
        {
            let error = read(Some(query), &["a"]).unwrap_err();
            assert!(!format!("{error:?}").contains("s3cret"), "{query}");
        }
        for value in ["-1", "1.5", "x", "18446744073709551616", "", "+1", "01", "1%20", "true", "null"] {
            let mut query = read(Some(&format!("a={value}")), &["a"]).unwrap();
            query.whole("a", 0..=u64::MAX).unwrap_err();
        }
        read(Some("a=1"), &[]).unwrap_err();
    }
}
