use super::*;
use crate::endpoint::redaction::Redaction;

fn prose(text: &str) -> String {
    Redaction::default().apply(text, TextKind::Prose, 512)
}

fn identifier(text: &str) -> String {
    Redaction::default().apply(text, TextKind::Identifier, 512)
}

#[test]
fn a_code_of_one_word_is_shown_and_the_same_word_in_prose_is_not() {
    for code in ["InvalidToken", "InvalidToken2", "invalid_token-v2"] {
        assert_eq!(identifier(code), code);
    }
    assert_eq!(prose("InvalidToken2"), "[redacted]");
    assert_eq!(identifier("token T-CANARY"), "token [redacted]");
}

#[test]
fn an_identifier_is_shown_up_to_64_characters() {
    let id = |length: usize| format!("{}7", "a".repeat(length - 1));
    assert_eq!(identifier(&id(64)), id(64));
    assert_eq!(identifier(&id(65)), "[redacted]");
    assert_eq!(identifier(&id(66)), "[redacted]");
    assert_eq!(identifier(&"a".repeat(100)), "a".repeat(100), "no token is without a digit");
}

#[test]
fn an_error_code_is_shown_if_it_starts_the_text_and_a_colon_follows() {
    for code in ["AADSTS7000215", "AB12", "ABCDEFGH1234567", "AB12345678"] {
        assert_eq!(prose(&format!("{code}: the token is wrong")), format!("{code}: the token is wrong"));
        assert_eq!(prose(&format!("see {code}: the token is wrong")), "see [redacted]: the token is wrong");
        assert_eq!(prose(&format!("{code} the token is wrong")), "[redacted] the token is wrong");
        assert_eq!(prose(&format!("{code}:the token is wrong")), "[redacted]:the token is wrong");
    }
    for code in ["A1234", "ABCDEFGHI1", "AB123456789", "ABC1d", "Abc12", "ABCDEF", "T-CANARY"] {
        assert_eq!(prose(&format!("{code}: the token is wrong")), "[redacted]: the token is wrong", "{code}");
    }
}

#[test]
fn near_the_name_of_a_secret_a_word_that_no_language_has_is_replaced() {
    for word in [
        "a1b2",
        "1234",
        "ABCDEF",
        "caNary",
        "ab_cd",
        "ab+cd",
        "ab~cd",
        "token1x",
        "SECRET-CANARY",
        "secret+canary",
    ] {
        assert_eq!(prose(&format!("{word} is no token")), "[redacted] is no token", "{word}");
    }
    assert_eq!(prose("a1b2 is no user"), "a1b2 is no user");
    for word in [
        "abcd",
        "a1b",
        "HTTP",
        "ABCDE",
        "Canary",
        "access_token",
        "Client-Secret",
        "InvalidToken",
        "INVALID_TOKEN",
        "error_description",
    ] {
        assert_eq!(prose(&format!("{word} is no token")), format!("{word} is no token"));
    }
}

#[test]
fn a_plain_name_after_a_name_is_not_the_value() {
    assert_eq!(prose("secret access_token canary"), "secret access_token [redacted]");
    assert_eq!(prose("token secret_token canary"), "token secret_token [redacted]");
    assert_eq!(prose("token tokens canary"), "token tokens [redacted]");
    assert_eq!(prose("token canary_token was refused"), "token [redacted] was refused");
}

#[test]
fn only_a_whole_tag_assigns_a_value() {
    for text in ["no <token given>", "no token> given", "no <token given"] {
        assert_eq!(prose(text), text);
    }
    assert_eq!(prose("no <token>given"), "[redacted]");
}

#[test]
fn a_name_has_at_most_48_letters() {
    let a = |count: usize| "a".repeat(count);
    assert!(names_a_secret(&(a(43) + "token")) && names_the_value(&(a(43) + "token")));
    assert!(names_a_secret(&("token".to_owned() + &a(43))));
    for long in ["token".to_owned() + &a(44), a(43) + "tokenx", a(42) + "tokenxx", a(44) + "token"] {
        assert!(!names_a_secret(&long) && !names_the_value(&long), "{long}");
    }
}

#[test]
fn a_name_that_ends_with_a_secret_is_that_of_a_value() {
    for name in ["token", "Tokens", "access_token", "ClientSecret", "x-api-key"] {
        assert!(names_the_value(name) && names_a_secret(name), "{name}");
    }
    for name in ["token_type", "secretary"] {
        assert!(!names_the_value(name) && names_a_secret(name), "{name}");
    }
    for name in ["", "user", "tok", "types"] {
        assert!(!names_the_value(name) && !names_a_secret(name), "{name}");
    }
}

#[test]
fn a_body_that_may_itself_be_a_token_is_not_shown() {
    let shown = |body: &str| Redaction::default().apply_to_body(body.as_bytes());
    for body in ["T-CANARY", " T-CANARY\n", "\"abc123\"", "caNary7"] {
        assert_eq!(shown(body), None, "{body}");
    }
    for body in ["NotFound", "Unavailable", "404", "T-CANARY was here"] {
        assert_eq!(shown(body).as_deref(), Some(body));
    }
}

#[test]
fn the_value_of_a_token_in_prose_is_a_word_of_at_least_four_characters() {
    assert_eq!(token_values("the token canary could not be cached"), ["canary"]);
    assert_eq!(token_values("the token abcd was lost, the token abc too"), ["abcd"]);
    assert_eq!(token_values("tokens canary-a and canary-b"), ["canary-a", "canary-b"]);
}
