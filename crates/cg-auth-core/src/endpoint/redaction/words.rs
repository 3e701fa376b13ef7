//! Unknown words that may be a token: in prose, after a word such as `token`.
//!
//! A service may quote a token that it never sent otherwise, and prose does not mark it. These rules replace
//! rather too much. [`ApiError`](crate::model::ApiError)'s members and the status remain for diagnosis.

use std::ops::Range;

use zeroize::Zeroizing;

/// What a text is. It decides how long a word without meaning may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::endpoint) enum TextKind {
    /// Text for people.
    Prose,
    /// A code, an id, a date or the value of a header.
    Identifier,
}

/// The ranges of the words of `text` that may be a token. `None` if the text assigns a quoted value to a name
/// such as `access_token`: it is not known where such a value ends, so none of the text is shown.
///
/// - A word is replaced if it starts as a JWT does, or if it is long and not a word of a language.
/// - The word after `token`, `secret`, `password` and the like is replaced, unless [`COMMON`] lists it.
/// - In a text with such a word, every word is replaced that has digits, or capitals after its first letter.
pub(super) fn hidden_words(text: &str, kind: TextKind) -> Option<Vec<Range<usize>>> {
    let mut hidden: Vec<_> = runs(text).filter(|run| is_like_a_token(&text[run.clone()], kind)).collect();
    let words = words(text);
    // A code such as `InvalidToken` is a word for programs.
    let is_a_code = kind == TextKind::Identifier && words.len() == 1;
    if is_a_code || !words.iter().any(|word| names_a_secret(&text[word.clone()])) {
        return Some(hidden);
    }
    if words.iter().any(|word| assigns_a_quoted_value(text, word)) {
        return None;
    }
    let is_coded = |(at, word): (usize, &Range<usize>)| {
        is_coded(&text[word.clone()]) && !(at == 0 && is_error_code(text, word))
    };
    hidden.extend(words.iter().enumerate().filter(|word| is_coded(*word)).map(|(_, word)| word.clone()));
    hidden.extend(whole_runs(text, words_after_a_name(text, &words)));
    Some(hidden)
}

/// The words of `text` that stand where the value of a token stands. A short one occurs by chance.
pub(in crate::endpoint) fn token_values(text: &str) -> Vec<&str> {
    let words = words(text);
    let values = words_after_a_name(text, &words).map(|word| &text[word]);
    values.filter(|word| word.len() >= SHORTEST_CODED).collect()
}

/// The quoted values that `text` assigns to names such as `access_token`, with their quotes. The last one may
/// be cut off.
pub(in crate::endpoint) fn quoted_values(text: &str) -> impl Iterator<Item = &str> {
    let assigned = words(text).into_iter().filter_map(|word| assigned_value(text, &word));
    assigned.filter(|value| value.starts_with('"')).map(|value| {
        let mut is_escaped = false;
        let end = value.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        });
        end.map_or(value, |end| &value[..end + 2])
    })
}

/// Whether `text` is no word of a language.
pub(in crate::endpoint) fn is_like_a_value(text: &str) -> bool {
    is_coded(text) || text.len() >= LONG
}

/// Whether `name` is the name of something secret, such as `access_token` or `ClientSecret`.
pub(in crate::endpoint) fn names_a_secret(name: &str) -> bool {
    let letters = letters_of(name);
    letters.len() <= LONGEST_NAME && SECRETS.iter().any(|secret| letters.contains(secret))
}

/// Whether `text` is one word that no language has, and so perhaps a token.
pub(super) fn is_one_value(text: &str) -> bool {
    let text = text.trim().trim_matches('"');
    !text.contains(char::is_whitespace)
        && is_coded(text)
        && !text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether a value with this name is itself secret. `token_type` only says something about one.
pub(in crate::endpoint) fn names_the_value(name: &str) -> bool {
    let letters = letters_of(name);
    let singular = letters.strip_suffix('s').unwrap_or(&letters);
    letters.len() <= LONGEST_NAME && SECRETS.iter().any(|secret| singular.ends_with(secret))
}

/// The words that stand where the value of a token stands: after its name, and after `and` or `or` between
/// two values.
fn words_after_a_name<'a>(
    text: &'a str,
    words: &'a [Range<usize>],
) -> impl Iterator<Item = Range<usize>> + 'a {
    let (mut expects, mut follows, mut end) = (false, false, 0);
    words.iter().filter_map(move |range| {
        let word = &text[range.clone()];
        let ends_sentence = text[end..range.start].contains(['.', ',', ';', '!', '?', '\n']);
        end = range.end;
        let lower = Zeroizing::new(word.to_ascii_lowercase());
        let is_expected = expects && (!ends_sentence || is_coded(word));
        if names_a_secret(word) && (!is_expected || is_plain_name(&lower)) {
            (expects, follows) = (true, false);
            return None;
        }
        if is_expected && !COMMON.contains(&lower.as_str()) {
            (expects, follows) = (false, true);
            return Some(range.clone());
        }
        expects = (is_expected && LINKS.contains(&lower.as_str()))
            || (follows && matches!(lower.as_str(), "and" | "or"));
        follows = false;
        None
    })
}

/// Whether `word` is the name in an assignment such as `"access_token": "` or `<access_token>`.
fn assigns_a_quoted_value(text: &str, word: &Range<usize>) -> bool {
    let is_element = text[..word.start].ends_with('<') && text[word.end..].starts_with('>');
    (is_element && names_the_value(&text[word.clone()])) || assigned_value(text, word).is_some()
}

/// What follows `word`, from the quote or bracket on, if `word` is the name in an assignment.
fn assigned_value<'a>(text: &'a str, word: &Range<usize>) -> Option<&'a str> {
    let blank = |letter: char| letter.is_whitespace() || letter == '\\';
    let quotes = ['"', '\'', '`', ']', ')'];
    let after = text[word.end..].trim_start_matches(|letter| blank(letter) || quotes.contains(&letter));
    let value = after.strip_prefix([':', '=', '>'])?.trim_start_matches(['>', '=']).trim_start_matches(blank);
    let is_quoted = value.starts_with(['"', '\'', '`', '[', '{']);
    (is_quoted && names_the_value(&text[word.clone()])).then_some(value)
}

/// Whether `word` has a form that the words of a language do not have.
fn is_coded(word: &str) -> bool {
    let is_short_acronym = word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    word.len() >= SHORTEST_CODED
        && !is_short_acronym
        && !is_a_spelled_name(word)
        && !COMMON.contains(&word)
        && (word.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'+' | b'~'))
            || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()))
}

/// A name such as `access_token`, `InvalidToken` or `INVALID_TOKEN`, which says what a value is.
fn is_a_spelled_name(word: &str) -> bool {
    let has_small = word.bytes().any(|byte| byte.is_ascii_lowercase());
    names_a_secret(word)
        && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_' || (byte == b'-' && has_small))
}

/// `token`, `access_token`, `Client-Secret` and the like, in lower case.
fn is_plain_name(lower: &str) -> bool {
    let letters = letters_of(lower);
    let singular = letters.strip_suffix('s').unwrap_or(&letters);
    let rest = SECRETS.iter().find_map(|secret| singular.strip_suffix(secret));
    rest.is_some_and(|rest| rest.is_empty() || OWNERS.contains(&rest) || SECRETS.contains(&rest))
}

/// `AADSTS7000215:` at the start of a text, which names the error.
fn is_error_code(text: &str, word: &Range<usize>) -> bool {
    let code = text[word.clone()].trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let letters = word.len() - code.len();
    let is_numbered = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    is_numbered && (2..=8).contains(&letters) && code.len() <= 8 && text[word.end..].starts_with(": ")
}

fn is_like_a_token(run: &str, kind: TextKind) -> bool {
    let has_digit = run.bytes().any(|byte| byte.is_ascii_digit());
    let starts_as_a_jwt = run.len() >= SHORTEST_JWT && run.contains("eyJ");
    starts_as_a_jwt
        || match kind {
            TextKind::Prose => {
                let is_one_word = run.bytes().all(|byte| byte.is_ascii_alphanumeric());
                !is_guid(run) && ((has_digit && run.len() >= LONG) || (is_one_word && run.len() >= LONGER))
            }
            TextKind::Identifier => has_digit && run.len() > LONGEST_IDENTIFIER,
        }
}

fn is_guid(run: &str) -> bool {
    let lengths = run.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && run.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// The longest stretches of characters that occur in tokens and in their escaped forms.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    stretches(text, is_of_a_run)
}

fn is_of_a_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=%\\".contains(&byte)
}

/// Each of `words`, which are in order, with everything after it that may belong to the same token.
fn whole_runs(text: &str, words: impl Iterator<Item = Range<usize>>) -> impl Iterator<Item = Range<usize>> {
    // Each run is trimmed once, because many words may stand in the same one.
    let ends = runs(text).map(|run| run.start + text[run].trim_end_matches(['.', '\\']).len());
    let mut ends = ends.peekable();
    words.map(move |word| {
        while ends.next_if(|end| *end < word.end).is_some() {}
        word.start..ends.peek().copied().unwrap_or(word.end)
    })
}

fn words(text: &str) -> Vec<Range<usize>> {
    let stretches = stretches(text, |byte| byte.is_ascii_alphanumeric() || b"-._~+".contains(&byte));
    let trimmed = stretches.filter_map(|range| {
        let word = text[range.clone()].trim_start_matches(['-', '.', '~', '+', '_']);
        let start = range.end - word.len();
        let word = word.trim_end_matches(['-', '.', '~', '+', '_']);
        (!word.is_empty()).then(|| start..start + word.len())
    });
    trimmed.collect()
}

fn stretches(text: &str, belongs: impl Fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|byte| belongs(*byte))?;
        at = bytes[start..]
            .iter()
            .position(|byte| !belongs(*byte))
            .map_or(bytes.len(), |length| start + length);
        Some(start..at)
    })
}

/// The letters of `name` in lower case, one more than a name has at most. The name may be a secret.
fn letters_of(name: &str) -> Zeroizing<String> {
    let mut letters = Zeroizing::new(String::with_capacity(LONGEST_NAME + 1));
    let all = name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
    letters.extend(all.take(LONGEST_NAME + 1));
    letters
}

/// From this length on, a word with a digit in prose is replaced.
const LONG: usize = 16;
/// From this length on, any word in prose is replaced.
const LONGER: usize = 40;
/// The longest identifier that is shown. A JWT is longer.
const LONGEST_IDENTIFIER: usize = 64;
const SHORTEST_CODED: usize = 4;
const SHORTEST_JWT: usize = 8;
const LONGEST_NAME: usize = 48;

const SECRETS: [&str; 17] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "bearer",
    "credential",
    "authorization",
    "authorisation",
    "jwt",
    "assertion",
    "cookie",
    "apikey",
    "accesskey",
    "privatekey",
    "signature",
];

/// What stands before `token` or `secret` in a name.
const OWNERS: [&str; 12] = [
    "access",
    "refresh",
    "id",
    "client",
    "bearer",
    "api",
    "auth",
    "user",
    "delegated",
    "proxy",
    "new",
    "set",
];

/// Words between the name of a token and its value.
const LINKS: [&str; 16] = [
    "is", "was", "are", "were", "the", "a", "an", "value", "values", "with", "of", "named", "called",
    "basic", "digest", "this",
];

/// Words that stand after `token` or `secret` and are no value.
#[rustfmt::skip]
const COMMON: [&str; 191] = [
    "a", "about", "above", "acquired", "acquisition", "after", "again", "already", "also", "an", "and", "any",
    "api", "are", "as", "at", "audience", "authentication", "authority", "b", "basic", "be", "because",
    "been", "before", "being", "belongs", "body", "br", "but", "by", "cache", "cached", "caches", "called",
    "can", "cannot", "charset", "check", "claim", "claims", "code", "contains", "could", "count", "denied",
    "did", "digest", "div", "do", "does", "during", "em", "empty", "endpoint", "error", "error_description",
    "error_uri", "exceeded", "exchange", "exists", "expiration", "expire", "expired", "expires", "expiry",
    "failed", "failure", "field", "for", "format", "found", "from", "generation", "given", "grant", "h1",
    "h2", "had", "has", "have", "header", "headers", "html", "https", "if", "in", "inactive", "incorrect",
    "into", "invalid", "is", "issued", "issuer", "it", "its", "just", "key", "lacks", "length", "lifetime",
    "limit", "locked", "malformed", "management", "may", "member", "mismatch", "missing", "must", "name",
    "named", "needs", "never", "no", "not", "null", "of", "on", "only", "or", "out", "p", "parameter", "pre",
    "problem", "profile", "provided", "provider", "realm", "redacted", "refresh", "refused", "rejected",
    "replay", "request", "requested", "requests", "required", "response", "retrieval", "revoked", "rotated",
    "scheme", "scope", "server", "service", "session", "should", "signed", "signing", "span", "store",
    "strong", "supplied", "than", "that", "the", "then", "there", "this", "timeout", "title", "to", "too",
    "type", "unavailable", "unknown", "unsupported", "until", "uri", "usage", "used", "user", "validation",
    "value", "values", "verification", "was", "were", "when", "which", "while", "will", "with", "without",
    "would", "wrong", "you", "your", "delegate",
];

#[cfg(test)]
mod tests;
