//! [`Query`]: the parameters in the query of a control request.

use super::error::ControlError;

/// The parameters of a query. Each occurs once, and its route knows it.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Reads a query. `known` are the parameters of the route.
    pub(super) fn read(query: Option<&str>, known: &[&'static str]) -> Result<Self, ControlError> {
        let mut read = Self::default();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = percent_decoded(name);
            let Some(name) = known.iter().find(|known| name.as_deref() == Some(**known)) else {
                return Err(ControlError::invalid(match known {
                    [] => "This path takes no query parameters.".to_owned(),
                    _ => format!("The query has an unknown parameter; known are {}.", known.join(", ")),
                }));
            };
            if read.get(name).is_some() {
                return Err(ControlError::invalid(format!(
                    "The parameter `{name}` is repeated; give it once."
                )));
            }
            let value = percent_decoded(value).filter(|value| !value.is_empty());
            read.0.push((name, value.ok_or_else(|| must_be(name, "text in UTF-8 that is not empty"))?));
        }
        Ok(read)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(its_name, _)| *its_name == name).map(|(_, value)| value.as_str())
    }

    /// A whole number; `None` without the parameter.
    pub(super) fn whole_number(&self, name: &str) -> Result<Option<u64>, ControlError> {
        let number = self.get(name).map(str::parse).transpose();
        number.map_err(|_| must_be(name, "a whole number from 0 to 2^64 - 1"))
    }
}

/// The error for a parameter whose value is not what it must be.
pub(super) fn must_be(name: &str, allowed: &str) -> ControlError {
    ControlError::invalid(format!("The parameter `{name}` must be {allowed}."))
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
        let query = Query::read(Some("user=a%2Bb+c%40x&count=3&"), &["user", "count"]).unwrap();
        assert_eq!((query.get("user"), query.whole_number("count").unwrap()), (Some("a+b+c@x"), Some(3)));
        assert_eq!((query.get("other"), query.whole_number("other").unwrap()), (None, None));
    }

    #[test]
    fn unknown_repeated_empty_and_broken_parameters_are_refused() {
        for query in ["s3cret=1", "a=1&a=1", "a=", "a", "a=%", "a=%4", "a=%zz", "a=%ff", "A=1", "%61=1&a=1"] {
            let error = Query::read(Some(query), &["a"]).unwrap_err();
            assert!(!format!("{error:?}").contains("s3cret"), "{query}");
        }
        for value in ["-1", "1.5", "x", "18446744073709551616"] {
            let query = Query::read(Some(&format!("a={value}")), &["a"]).unwrap();
            query.whole_number("a").unwrap_err();
        }
        Query::read(Some("a=1"), &[]).unwrap_err();
    }
}
