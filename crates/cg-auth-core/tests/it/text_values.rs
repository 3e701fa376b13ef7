//! The values that are made from a checked text, read from text and from JSON.

use std::{fmt::Debug, str::FromStr};

use cg_auth_core::{
    BaseUrl, ConfigError, UserPrincipalName,
    model::{Environment, Origin},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, from_str, from_value};

/// Reads `text` in every way, and checks that all agree.
fn read<T>(text: &str) -> Result<T, ConfigError>
where
    T: FromStr<Err = ConfigError> + TryFrom<String, Error = ConfigError> + DeserializeOwned,
    T: for<'a> TryFrom<&'a str, Error = ConfigError> + Clone + PartialEq + Debug,
{
    let value = text.parse::<T>();
    assert_eq!(T::try_from(text), value);
    assert_eq!(T::try_from(text.to_owned()), value);
    let json = serde_json::to_string(text).unwrap();
    // An escape keeps the reader from borrowing the text.
    let escaped = json.replace('a', "\\u0061");
    for json in [&json, &escaped] {
        match (&value, from_str::<T>(json)) {
            (Ok(value), Ok(read)) => assert_eq!(*value, read),
            (Err(error), Err(read)) => assert!(read.to_string().starts_with(&error.to_string()), "{read}"),
            (value, read) => panic!("{text:?} is {value:?}, and {read:?} in JSON"),
        }
    }
    assert_eq!(from_value::<T>(Value::from(text)).ok(), value.clone().ok());
    value
}

#[test]
fn a_value_is_read_alike_from_text_and_from_json() {
    assert_eq!(read::<BaseUrl>("https://example.com/a/").unwrap().as_str(), "https://example.com/a");
    assert_eq!(read::<UserPrincipalName>("a@example.com").unwrap().as_str(), "a@example.com");
    assert_eq!(read::<Origin>("https://Example.com/").unwrap().to_string(), "https://example.com");
    for environment in Environment::ALL {
        assert_eq!(read::<Environment>(environment.name()), Ok(environment));
    }
    assert_eq!(read::<Environment>("US-Government"), Ok(Environment::UsGovernment));
}

#[test]
fn a_text_that_is_refused_is_refused_in_every_way_and_not_quoted() {
    for text in ["", "canary", "http://canary.example.com", "https://u:canary@a.example", "https://canary/?a"]
    {
        let error = read::<BaseUrl>(text).unwrap_err();
        assert_eq!(error.setting(), "the base URL");
        let json = from_str::<BaseUrl>(&serde_json::to_string(text).unwrap()).unwrap_err();
        assert!(!format!("{error} {error:?} {json} {json:?}").contains("canary"));
    }
    for text in ["", "canary", "https://u:canary@a.example", "https://a.example/canary"] {
        assert_eq!(read::<Origin>(text).unwrap_err().setting(), "the origin");
    }
    for text in ["", " canary", "canary\n", "can\u{e9}ary"] {
        let error = read::<UserPrincipalName>(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("can"));
    }
    for text in ["", "canary", "commercial "] {
        assert_eq!(read::<Environment>(text).unwrap_err().setting(), "the environment");
    }
}

#[test]
fn another_json_type_is_an_error_that_says_what_is_expected() {
    #[derive(Debug, Deserialize)]
    struct Configuration {
        #[allow(dead_code)] // the test reads errors only
        base_url: BaseUrl,
        #[allow(dead_code)]
        user: UserPrincipalName,
    }
    for (json, problem) in [
        (r#"{"base_url":5,"user":"a@b"}"#, "expected a base URL such as https://example.com, as text"),
        (r#"{"base_url":["https://a.b"],"user":"a@b"}"#, "expected a base URL"),
        (r#"{"base_url":"https://a.b","user":null}"#, "expected a user principal name, as text"),
        (r#"{"base_url":"https://a.b"}"#, "missing field `user`"),
        (r#"{"base_url":"a.b","user":"a@b"}"#, "the base URL must start with https://"),
    ] {
        let error = from_str::<Configuration>(json).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}
