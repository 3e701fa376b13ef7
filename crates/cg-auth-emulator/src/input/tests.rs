//! Documents, members and the words of their errors.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::{RefreshRotation, Refusals};

#[test]
fn a_document_that_is_not_an_object_of_json_is_refused_with_its_place() {
    let deep = "[".repeat(200);
    for (document, error) in [
        ("", document("is empty; it must be an object")),
        (" \r\n", document("is empty; it must be an object")),
        ("\u{feff}", document("is empty; it must be an object")),
        ("null", document("is null; it must be an object")),
        ("true", document("is a boolean; it must be an object")),
        ("[]", document("is an empty array; it must be an object")),
        ("-1", document("is a negative number; it must be an object")),
        ("\"{}\"", document("is a string; it must be an object")),
        ("{", InputError::Syntax { line: 1, column: 1 }),
        ("{}\n{}", InputError::Syntax { line: 2, column: 1 }),
        ("{\"a\":NaN}", InputError::Syntax { line: 1, column: 6 }),
        ("{\"a\":1e999}", InputError::Syntax { line: 1, column: 10 }),
        ("{\"a\":\"\u{1}\"}", InputError::Syntax { line: 1, column: 7 }),
        (&deep, document("is nested too deeply; 100 levels are enough")),
    ] {
        assert_eq!(Members::parse(document.as_bytes()).unwrap_err(), error, "{document}");
    }
    assert!(matches!(Members::parse(b"{\"a\":\"\xff\"}"), Err(InputError::Syntax { .. })));
    assert!(Members::parse(b"\xEF\xBB\xBF{\"a\":[1,-2,3.5,null,true,\"x\"]}").is_ok());
    assert_eq!(
        parse(br#"{"a":[1,-2,3.5,null,true,"x",{}]}"#),
        Ok(json!({ "a": [1, -2, 3.5, null, true, "x", {}] }))
    );
}

#[test]
fn a_repeated_member_is_refused_at_any_depth_and_named_by_its_path() {
    for (document, path) in [
        (r#"{"a":1,"b":2,"a":1}"#, "a"),
        (r#"{"a":{"b":1,"b":2}}"#, "a.b"),
        (r#"{"a":[0,{"b":[[{"c":1,"c":1}]]}]}"#, "a[1].b[0][0].c"),
        (r#"{"s3cret":{"b":1,"b":2}}"#, "?.b"),
        (r#"{"a":{"s3cret":1,"s3cret":2}}"#, "a.?"),
        (r#"{"\u0061":1,"a":2}"#, "a"),
    ] {
        let error =
            InputError::Member { path: path.to_owned(), problem: "is repeated; give it once".to_owned() };
        assert_eq!(parse(document.as_bytes()), Err(error), "{document}");
    }
    assert!(parse(br#"{"a":{"b":1},"c":{"b":1},"d":[{"b":1},{"b":1}]}"#).is_ok());
}

#[test]
fn an_error_names_the_member_the_type_that_was_seen_and_what_is_allowed() {
    let one =
        |value: serde_json::Value| Members::of(json!({ "outer": { "it": value } })).unwrap().object("outer");
    for (value, seen) in [
        (json!(null), "null"),
        (json!(-1), "a negative number"),
        (json!(1.5), "a number with a fraction"),
        (json!(1), "a number"),
        (json!("x"), "a string"),
        (json!(""), "an empty string"),
        (json!([1]), "an array"),
        (json!([]), "an empty array"),
        (json!({}), "an object"),
    ] {
        let error = one(value).unwrap().unwrap().flag("it").unwrap_err();
        assert_eq!(error, member("outer.it", &format!("is {seen}; it must be a boolean")));
    }
    let whole = |value| one(value).unwrap().unwrap().whole("it", 1..=9);
    for (value, problem) in [
        (json!(10), "is a number that is not allowed; it must be a whole number from 1 to 9"),
        (json!(-1), "is a negative number; it must be a whole number from 1 to 9"),
        (json!(1.5), "is a number with a fraction; it must be a whole number from 1 to 9"),
        (json!(1e300), "is a number that is not allowed; it must be a whole number from 1 to 9"),
        (json!(true), "is a boolean; it must be a whole number from 1 to 9"),
        (json!("1"), "is a string; it must be a whole number from 1 to 9"),
    ] {
        assert_eq!(whole(value), Err(member("outer.it", problem)));
    }
    assert_eq!(
        (whole(json!(2)), whole(json!(2.0)), whole(json!(9))),
        (Ok(Some(2)), Ok(Some(2)), Ok(Some(9)))
    );
    let choice = |text| one(json!(text)).unwrap().unwrap().choice::<RefreshRotation>("it");
    let problem = "is a string that is not allowed; it must be a string, rotate or keep";
    assert_eq!(choice("s3cret"), Err(member("outer.it", problem)));
    assert_eq!(choice("Rotate"), Err(member("outer.it", &format!("{problem}; did you mean `rotate`?"))));
    assert_eq!(choice("keep"), Ok(Some(RefreshRotation::Keep)));
}

#[test]
fn unknown_members_are_named_with_those_that_are_allowed_and_the_nearest_one() {
    let unknown = |name: &str| {
        let mut members = Members::of(json!({ name: 1 })).unwrap();
        members.flag("frozen").unwrap();
        members.seconds("advance_seconds", Duration::MAX).unwrap();
        members.done().unwrap_err()
    };
    let allowed = "allowed are frozen, advance_seconds";
    let nearest = "; did you mean `advance_seconds`?";
    assert_eq!(
        unknown("advanceSeconds"),
        member("advanceSeconds", &format!("is unknown; {allowed}{nearest}"))
    );
    assert_eq!(unknown("colour"), member("colour", &format!("is unknown; {allowed}")));
    for name in ["s3cret", "Zm9vYmFy=", "two words", "", "x1234", &"x".repeat(60)] {
        let hidden = "is unknown (its name may be a secret, so it is not shown)";
        assert_eq!(unknown(name), member("?", &format!("{hidden}; {allowed}")));
    }
}

#[test]
fn the_parameters_of_a_query_are_texts_and_their_numbers_are_numbers() {
    let query =
        |value: &str| Members::of_query([(Some("it".to_owned()), Some(value.to_owned()))], &["it"]).unwrap();
    let parameter =
        |problem: &str| InputError::Parameter { name: "it".to_owned(), problem: problem.to_owned() };
    let allowed = "it must be a whole number from 0 to 9";
    for (value, seen) in [
        ("10", "a number that is not allowed"),
        ("-1", "a negative number"),
        ("0.5", "a number with a fraction"),
        ("", "an empty string"),
        ("x", "a string"),
        ("true", "a string"),
        ("1 ", "a string"),
    ] {
        assert_eq!(
            query(value).whole("it", 0..=9),
            Err(parameter(&format!("is {seen}; {allowed}"))),
            "{value}"
        );
    }
    assert_eq!(query("7").whole("it", 0..=9), Ok(Some(7)));
    assert_eq!(query("7").name("it"), Ok(Some("7".to_owned())));
    assert_eq!(query("0.5").seconds("it", Duration::from_secs(1)), Ok(Some(Duration::from_millis(500))));
    let problem = "is an empty string; it must be a string that is not empty";
    assert_eq!(query("").name("it"), Err(parameter(problem)));
    let problem = "is a string that is not allowed; it must be a string, bad_request or is_success_false; \
                   did you mean `bad_request`?";
    assert_eq!(query("bad-request").choice::<Refusals>("it"), Err(parameter(problem)));
}

fn document(problem: &str) -> InputError {
    InputError::Document { problem: problem.to_owned() }
}

fn member(path: &str, problem: &str) -> InputError {
    InputError::Member { path: path.to_owned(), problem: problem.to_owned() }
}
