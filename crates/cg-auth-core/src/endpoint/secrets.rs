//! [`Secrets`]: the secrets of one request and its answer, which no error may show.

use base64::alphabet::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::{
    headers::USER_PRINCIPAL_NAME,
    issued::Issued,
    redaction::{Redaction, TextKind, names_a_secret},
};
use crate::{body::Body, model::decode_base64};

/// The secrets of one exchange: those in the headers of the request, and the tokens in the body of the
/// answer.
pub(super) struct Secrets {
    sent: Vec<Zeroizing<Vec<u8>>>,
    issued: Issued,
}

impl Secrets {
    /// The secrets of a request with the headers `sent` and of the body of its answer.
    pub(super) fn new(sent: &HeaderMap, answer: &Body) -> Self {
        let sent = sent.iter().filter(|(name, value)| is_secret(name, value));
        let sent = sent.flat_map(|(_, value)| parts(value.as_bytes())).collect();
        Self { sent, issued: Issued::read(answer.as_bytes()) }
    }

    /// The redaction of all secrets, for several texts.
    pub(super) fn redaction(&self) -> Redaction {
        if self.issued.are_too_many() { Redaction::of_everything() } else { Redaction::of(self.iter()) }
    }

    /// Replaces every secret in one line.
    pub(super) fn redact_line(&self, line: &str, kind: TextKind) -> String {
        if self.issued.are_too_many() {
            return Redaction::of_everything().apply_to_line(line, kind);
        }
        // No encoding of a secret is shorter than the secret, so a long token needs no search in a short
        // line. The start of one may stand at the line's end, so as much of it is searched for.
        let secrets = self.iter().map(|secret| &secret[..secret.len().min(line.len() + 1)]);
        Redaction::of(secrets).apply_to_line(line, kind)
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.sent.iter().map(|secret| secret.as_slice()).chain(self.issued.iter())
    }
}

/// Whether a header of the request is secret: by its mark, or by its name if the program forgot the mark. The
/// user principal name is marked as sensitive for HPACK, but it is not a secret.
fn is_secret(name: &HeaderName, value: &HeaderValue) -> bool {
    *name != USER_PRINCIPAL_NAME && (value.is_sensitive() || names_a_secret(name.as_str()))
}

/// The value of a header, and the parts that are secret by themselves: what stands behind a scheme such as
/// `Bearer`, the values of parameters and cookies, and the password in a `Basic` login.
fn parts(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut parts = vec![value.to_vec()];
    // A comma or a semicolon may be a part of what stands behind the scheme.
    let scheme = value.iter().position(|byte| *byte == b' ').unwrap_or(0);
    if value[..scheme].iter().all(u8::is_ascii_alphabetic) {
        parts.push(value[scheme..].trim_ascii().to_vec());
    }
    let words = value.split(|byte| b" \t,;".contains(byte));
    let is_scheme = |at: usize, word: &[u8]| at == 0 && word.iter().all(u8::is_ascii_alphabetic);
    let words = words.enumerate().filter(|(at, word)| !is_scheme(*at, word)).map(|(_, word)| word);
    for word in words.chain([value]) {
        let parameter = word.iter().position(|byte| *byte == b'=').map_or(word, |at| &word[at + 1..]);
        let unquoted = parameter.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
        parts.extend([word, parameter, unquoted.unwrap_or_default()].map(<[u8]>::to_vec));
    }
    if value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic ")) {
        let login = decode_base64(&STANDARD, value[6..].trim_ascii()).unwrap_or_default();
        parts.extend(login.iter().position(|byte| *byte == b':').map(|at| login[at + 1..].to_vec()));
        parts.push(login.to_vec());
    }
    let mut parts: Vec<_> = parts.into_iter().map(Zeroizing::new).collect();
    let whole = parts.first().map_or(0, |value| value.len());
    // The whole value, which is the longest, is never left out.
    parts.sort_unstable_by(|one, other| (other.len(), one.as_slice()).cmp(&(one.len(), other)));
    parts.dedup();
    parts.retain(|part| !part.is_empty() && (part.len() == whole || part.len() >= SHORTEST_PART));
    parts.truncate(MOST_PARTS);
    parts
}

/// A shorter part of a header occurs by chance.
const SHORTEST_PART: usize = 4;

/// The most parts of one header that are searched for.
const MOST_PARTS: usize = 32;
