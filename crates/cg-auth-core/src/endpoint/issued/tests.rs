use super::*;

/// The tokens that are found in `body`.
fn tokens(body: &str) -> Vec<String> {
    let issued = Issued::read(body.as_bytes());
    assert!(!issued.are_too_many(), "{body}");
    issued.iter().map(|token| String::from_utf8_lossy(token).into_owned()).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn every_text_below_the_name_of_a_secret_is_a_token() {
    assert_eq!(tokens(r#"{"access_token":"canary"}"#), ["canary"]);
    assert_eq!(tokens(r#"{"tokens":["x","canary",{"y":["z"]}]}"#), ["x", "canary", "z"]);
    assert_eq!(tokens(r#"{"tokens":[" ","",null,true,"x","x"]}"#), ["x"]);
    assert_eq!(tokens(r#"{"user":"canary","messages":["canary"]}"#), NONE);
}

#[test]
fn a_large_whole_number_below_the_name_of_a_secret_is_a_token() {
    assert_eq!(tokens(r#"{"tokens":[1,999999,1000000,12345678]}"#), ["1000000", "12345678"]);
    assert_eq!(tokens(r#"{"tokens":[1,-12345678,12345678.5]}"#), NONE);
    assert_eq!(tokens(r#"{"counts":[1,1000000,12345678]}"#), NONE);
}

#[test]
fn what_is_about_a_secret_is_a_token_if_no_language_has_such_a_word() {
    assert_eq!(tokens(r#"{"token_type":["x","T-CANARY"]}"#), ["T-CANARY"]);
    assert_eq!(tokens(r#"{"token_type":["x","abcdefghijklmnop"]}"#), ["abcdefghijklmnop"]);
    assert_eq!(tokens(r#"{"token_type":["x","abcdefghijklmno","canary"]}"#), NONE);
}

#[test]
fn a_text_that_names_a_secret_makes_the_value_beside_it_a_token() {
    for value in ["value", "Val", "content", "data", "text", "#text"] {
        assert_eq!(tokens(&format!(r#"{{"name":"access_token","{value}":"canary"}}"#)), ["canary"]);
        assert_eq!(tokens(&format!(r#"{{"name":"user","{value}":"canary"}}"#)), NONE);
        assert_eq!(tokens(&format!(r#"{{"name":"access_token","n":7,"{value}":"canary"}}"#)), ["canary"]);
    }
    assert_eq!(tokens(r#"{"name":"access_token","other":"canary"}"#), NONE);
    assert_eq!(tokens(r#"["user","access_token","canary","x"]"#), ["canary", "x"]);
}

#[test]
fn the_name_may_follow_the_value() {
    for value in ["value", "Val", "content", "data", "text", "#text"] {
        assert_eq!(tokens(&format!(r#"{{"{value}":"canary","name":"access_token"}}"#)), ["canary"]);
        assert_eq!(tokens(&format!(r#"{{"{value}":"canary","name":"user"}}"#)), NONE);
    }
    let below = r#"{"value":{"a":["x",{"b":"canary"},12345678]},"n":7,"name":"refresh_token"}"#;
    assert_eq!(tokens(below), ["x", "canary", "12345678"]);
    assert_eq!(tokens(r#"[{"value":"user"},{"value":"canary","name":"access_token"}]"#), ["canary"]);
    assert_eq!(tokens(r#"{"a":{"value":"user"},"name":"access_token"}"#), NONE);
    assert_eq!(tokens(r#"{"other":"user","name":"access_token","value":"canary"}"#), ["canary"]);
}

#[test]
fn only_a_text_names_what_stands_beside_it() {
    for other in ["null", "true", "false", "7", "-7", "12345678", "1.5", "[]", "{}", r#"["access_token"]"#] {
        assert_eq!(tokens(&format!(r#"[{other},"canary"]"#)), NONE, "{other}");
        assert_eq!(tokens(&format!(r#"{{"name":{other},"value":"canary"}}"#)), NONE, "{other}");
    }
}

#[test]
fn a_document_in_a_text_is_read_and_a_document_in_that_one_is_not() {
    let quoted = |document: &str| serde_json::to_string(document).unwrap();
    for document in [r#"["access_token","canary"]"#, r#" {"name":"access_token","value":"canary"}"#] {
        assert_eq!(tokens(&format!(r#"{{"error":{}}}"#, quoted(document))), ["canary"]);
        let twice = format!("[{}]", quoted(document));
        assert_eq!(tokens(&format!(r#"{{"error":{}}}"#, quoted(&twice))), NONE);
    }
}

#[test]
fn a_quoted_value_in_a_text_that_is_no_json_is_a_token_with_its_escapes_decoded() {
    for (text, expected) in [
        (r#"said: "access_token":"ab\"cd","x":"y""#, r#"ab"cd"#),
        (r#"said: "access_token":"ab\\","x":"y""#, r"ab\"),
        (r#"said: "access_token":"ab\\\"cd","x":"y""#, r#"ab\"cd"#),
        (r#"said: "access_token":"x\u0062","x":"y""#, "xb"),
        (r#"said: "access_token":"a b c"#, "a b c"),
    ] {
        assert_eq!(tokens(text), [expected], "{text}");
    }
}

#[test]
fn more_than_32_tokens_are_too_many() {
    let body = |count: usize| {
        let tokens: Vec<_> = (0..count).map(|number| format!("canary-{number}")).collect();
        serde_json::json!({ "tokens": tokens }).to_string()
    };
    assert_eq!(tokens(&body(32)).len(), 32);
    assert!(Issued::read(body(33).as_bytes()).are_too_many());
}

#[test]
fn the_first_64_kib_of_a_text_that_is_no_json_are_searched() {
    let after = |bytes: usize| format!("{}token canary", "x ".repeat(bytes / 2));
    assert_eq!(tokens(&after(60_000)), ["canary"]);
    assert_eq!(tokens(&after(64 * 1024)), NONE);
}
