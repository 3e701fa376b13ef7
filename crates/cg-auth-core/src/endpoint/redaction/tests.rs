use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::*;

const SECRET: &str = "w/Dec+q\"9&<\\==k";

fn redacted(secret: &str, text: &str) -> String {
    Redaction::of([secret.as_bytes()].into_iter()).apply(text, TextKind::Identifier, 512)
}

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn hexadecimal(text: &str, separator: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator)
}

fn between(text: &str, separator: &str) -> String {
    text.chars().map(String::from).collect::<Vec<_>>().join(separator)
}

#[test]
fn a_secret_is_found_in_every_encoding() {
    let html: String = SECRET.bytes().map(|byte| format!("&#x{byte:X};")).collect();
    let unicode: String = SECRET.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    for echo in [
        SECRET.to_owned(),
        SECRET.to_uppercase(),
        SECRET.to_lowercase(),
        json(SECRET),
        json(&json(SECRET)),
        json(&json(&json(SECRET))),
        json(&json(&unicode)),
        "w\\/Dec\\u002Bq\\\"9\\u0026\\u003C\\\\==k".to_owned(),
        "w/Dec+q&quot;9&amp;&lt;\\==k".to_owned(),
        "w/Dec+q&amp;quot;9&amp;amp;&amp;lt;&bsol;==k".to_owned(),
        "w%2FDec%2Bq%229%26%3C%5C%3D%3Dk".to_owned(),
        "w%252FDec%252Bq%22%39%26%253C%5C==k".to_owned(),
        percent(SECRET),
        percent(&percent(&percent(SECRET))),
        html,
        unicode,
        "w/Dec\\x2Bq&#0000000034;9&<\\\\==k".to_owned(),
        between(SECRET, "\0"),
        between(SECRET, "\r\n"),
        between(SECRET, "\\n"),
        between(SECRET, "\\\\u0000"),
        between(SECRET, "&nbsp;"),
        between(SECRET, "<br />\n"),
        between(SECRET, "<br\\/>"),
        between(SECRET, "\u{200b}"),
        hexadecimal(SECRET, ""),
        hexadecimal(SECRET, "").to_uppercase(),
        hexadecimal(SECRET, "-"),
        hexadecimal(SECRET, ":"),
        hexadecimal(SECRET, " "),
        hexadecimal(&between(SECRET, "\0"), ""),
        STANDARD.encode(SECRET),
        URL_SAFE.encode(SECRET).to_uppercase(),
        percent(&STANDARD.encode(SECRET)),
    ] {
        let shown = redacted(SECRET, &format!("<{echo}>")).replace('=', "");
        assert_eq!(shown, "<[redacted]>", "{echo:?}");
    }
}

#[test]
fn a_secret_with_many_letters_is_found_whatever_stands_between_them() {
    for separator in ["-", ".", ", ", " | ", "%2D", "\\\\"] {
        assert_eq!(
            redacted("canary-0123", &format!("<{}>", between("canary0123", separator))),
            "<[redacted]>"
        );
    }
    assert_eq!(redacted("a-b-c-d", "abcd, a b c d"), "abcd, a b c d");
}

#[test]
fn backslashes_around_a_secret_are_replaced_with_it() {
    assert_eq!(redacted("canary", "is \\\\canary\\\\ here"), "is [redacted] here");
    assert_eq!(redacted("canary", "\\canary\\"), "[redacted]");
}

#[test]
fn a_secret_inside_base64_is_found_at_any_offset() {
    for before in ["", "a", "ab", "abc", "someone@example.com:"] {
        for after in ["", ":", "::", ":::"] {
            for wide in [false, true] {
                let text = format!("{before}{SECRET}{after}");
                let bytes = if wide { between(&text, "\0") + "\0" } else { text };
                for (echo, columns) in [(STANDARD.encode(&bytes), 76), (URL_SAFE.encode(&bytes), 5)] {
                    let lines: Vec<_> =
                        echo.as_bytes().chunks(columns).map(String::from_utf8_lossy).collect();
                    let shown = redacted(SECRET, &lines.join("\r\n"));
                    assert!(shown.contains("[redacted]"), "{before:?} {after:?} {shown}");
                    // Of the secret's 20 or 40 letters at most the one that it shares on each side is left.
                    let around = (before.len() + after.len()) * if wide { 2 } else { 1 } * 4 / 3;
                    let left =
                        shown.replace("[redacted]", "").chars().filter(char::is_ascii_alphanumeric).count();
                    assert!(left <= around + 4, "{before:?} {after:?} {shown}");
                }
            }
        }
    }
}

#[test]
fn a_secret_that_is_echoed_often_is_replaced_everywhere() {
    let secret = "0123456789abcdefghij-ABCDEFGHIJ/klmnopqr";
    for (echo, count) in [(secret.to_owned(), 20), (percent(secret), 40), (between(secret, "\0\r\n\0"), 400)]
    {
        for separator in ["", " ", ", and "] {
            let shown = redacted(secret, &vec![echo.as_str(); count].join(separator));
            assert!(!shown.contains("0123") && !shown.contains("%30"), "{shown}");
            assert_eq!(
                shown.replace("[redacted]", "").replace(separator, "").trim_matches(['\0', '\r', '\n']),
                ""
            );
        }
    }
}

#[test]
fn a_secret_at_the_limit_or_cut_off_leaves_no_part_of_itself() {
    let redaction = Redaction::of([SECRET.as_bytes()].into_iter());
    for room in 0..40 {
        let shown = redaction.apply(&format!("{}{SECRET}", "x".repeat(room)), TextKind::Identifier, 30);
        assert!(!shown.contains('w') && shown.len() <= 30, "{shown}");
    }
    for length in 4..SECRET.len() {
        assert_eq!(redacted(SECRET, &format!("is {}", &SECRET[..length])), "is [redacted]");
    }
    assert_eq!(redacted("canary%41x", "is canary%4"), "is [redacted]", "cut inside an escape sequence");
    let fits = redaction.apply(&format!("<{SECRET}>"), TextKind::Identifier, "<[redacted]".len());
    assert_eq!(fits, "<[redacted]");
    let long = "secret-".repeat(WINDOW / 2);
    assert_eq!(redacted(&long, &long), "[redacted]");
}

#[test]
fn a_secret_that_contains_escape_sequences_is_found() {
    for (secret, echo) in [
        ("a%25\\b1", "a%25\\\\b1"),
        ("a%41\"b", "a%41\\\"b"),
        ("a&lt;/b", "a&lt;%2Fb"),
        ("\\\\\\x", "\\\\\\\\\\\\x"),
        ("a\\u0041\"b", "a\\\\u0041\\u0022b"),
        ("ends with %", "ends with %25"),
    ] {
        assert_eq!(redacted(secret, &format!("<{echo}>")), "<[redacted]>", "{echo}");
    }
}

#[test]
fn a_secret_that_contains_escape_sequences_is_found_with_blanks_between_its_characters() {
    for secret in ["OiUH&\\0DNmc", "a%41b%2fc", "a&lt;b&#65;c", "a\\u0041b", "1\\n2"] {
        for separator in [" ", "  ", "\0", "\t", "\r\n", " \n"] {
            let shown = redacted(secret, &format!("<{}>", between(secret, separator)));
            assert_eq!(shown, "<[redacted]>", "{secret} {separator:?}");
        }
    }
}

/// A quadratic search would take hours here. The bound is ten times what an unoptimised build needs.
#[test]
fn a_text_that_almost_matches_everywhere_is_searched_in_linear_time() {
    let (sender, done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for piece in ["a", "\\", "%", "%2", "%25", "&#", "&", ";", "\\u00", "%2541", "\0", "A B", "token "] {
            let text = piece.repeat((1 << 20) / piece.len());
            let secret = text.clone() + "b";
            let redaction = Redaction::of([secret.as_bytes(), b"b"].into_iter());
            assert!(redaction.apply(&text, TextKind::Prose, usize::MAX).len() <= text.len());
        }
        sender.send(()).unwrap();
    });
    done.recv_timeout(std::time::Duration::from_secs(60)).expect("the search ends");
}

/// A search that is quadratic in the length of one run would take many minutes here. The bound is ten times what
/// an unoptimised build needs.
#[test]
fn many_names_of_tokens_in_one_run_are_searched_in_linear_time() {
    let (sender, done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for end in ["", ".", "\\"] {
            let text = "token=x/".repeat((1 << 20) / 8) + &end.repeat(1 << 19);
            let hidden = hidden_words(&text, TextKind::Prose).expect("no value is quoted");
            assert_eq!(hidden.len(), (1 << 20) / 8);
            assert!(hidden.iter().all(|range| range.end == 1 << 20));
        }
        sender.send(()).unwrap();
    });
    done.recv_timeout(std::time::Duration::from_secs(60)).expect("the search ends");
}

#[test]
fn a_text_is_shown_up_to_16_kib() {
    let text = "ab ".repeat(10_000);
    let shown = Redaction::default().apply(&text, TextKind::Prose, usize::MAX);
    assert_eq!(shown, text[..16 * 1024]);
}

#[test]
fn other_text_is_unchanged() {
    for text in [
        "100%, \\u00zz &nosuch; &#; é 日本 w/Dec+q %",
        "The user does not have a license.",
        "Correlation ID: 3f2504e0-4f89-11d3-9a0c-0305e82c3301, time 2021-09-15T08:14:18.123+02:00",
        "AADSTS7000215: Invalid client secret provided. Contact your administrator",
        "The access token is missing from the HTTP header",
        "The refresh token has expired or was revoked",
        "invalid_token: the token is not valid for this API",
        "Your secret will expire in 3 days.",
        "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"The access token expired\"",
        "<html><head><title>502 Bad Gateway</title></head><body>nginx/1.25.3</body></html>",
        "Cannot POST /auth/token/delegate",
    ] {
        let redaction = Redaction::of([SECRET.as_bytes(), b""].into_iter());
        assert_eq!(redaction.apply(text, TextKind::Prose, 512), text);
    }
}

#[test]
fn an_unknown_token_in_prose_is_replaced() {
    for (text, expected) in [
        ("token T-CANARY could not be cached", "token [redacted] could not be cached"),
        ("token canary could not be cached", "token [redacted] could not be cached"),
        ("The token 'T-CANARY' is new", "The token '[redacted]' is new"),
        ("token: T-CANARY", "token: [redacted]"),
        ("token=canary", "token=[redacted]"),
        ("refresh_token=canary&x=1", "refresh_token=[redacted]&x=1"),
        ("the access token is T-CANARY.", "the access token is [redacted]."),
        ("the access token\r\nT-CANARY", "the access token\r\n[redacted]"),
        ("tokens canary-a and canary-b", "tokens [redacted] and [redacted]"),
        ("cannot cache T-CANARY, a token", "cannot cache [redacted], a token"),
        ("Authorization: Bearer abc/def+=", "Authorization: Bearer [redacted]"),
        ("authorization: basic dXNlcjpwdw==", "authorization: basic [redacted]"),
        ("password is hunter2", "password is [redacted]"),
        ("token%20T-CAN", "token%[redacted]"),
        ("issued eyJhbGciOi", "issued [redacted]"),
        ("issued 0123456789abcdef", "issued [redacted]"),
        ("issued Aa+/Bb0Aa+/Bb0Aa+/Bb0==", "issued [redacted]"),
        ("https://example.com/auth/token/T-CANARY", "https://example.com/auth/token/[redacted]"),
        ("{\"access_token\":\"a b\"}", "[redacted]"),
        ("{\\\"accessToken\\\" : \\\"a b", "[redacted]"),
        ("<access_token>a b</access_token>", "[redacted]"),
    ] {
        let redaction = Redaction::default();
        assert_eq!(redaction.apply(text, TextKind::Prose, 512), expected);
    }
}
