//! [`RequestMatch`]: which requests for an operation a script applies to.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, header::AUTHORIZATION};
use serde_json::Value;

use super::headers::{self, WantedHeader};
use crate::{
    input::{InputError, Members},
    operation::Operation,
};

/// The user and the headers that a request must name. `Debug` shows no header value.
#[derive(Clone, Default)]
pub(crate) struct RequestMatch {
    /// Compared without regard to ASCII case.
    pub(super) user: Option<String>,
    pub(super) headers: Vec<WantedHeader>,
}

impl RequestMatch {
    /// Reads the `match` of a script's JSON.
    pub(super) fn read(mut wanted: Members) -> Result<Self, InputError> {
        let user = wanted.name("user")?;
        let headers = headers::read_wanted(&mut wanted)?;
        wanted.done()?;
        Ok(Self { user, headers })
    }

    pub(super) fn accepts(&self, asked: &Asked<'_>) -> bool {
        let has = |(name, value): &WantedHeader| match value {
            None => asked.headers.contains_key(name),
            Some(value) => asked.headers.get_all(name).iter().any(|it| it.as_bytes() == value),
        };
        self.headers.iter().all(has)
            && self
                .user
                .as_ref()
                .is_none_or(|user| asked.user().is_some_and(|it| it.eq_ignore_ascii_case(user)))
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    pub(crate) fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| name.as_str())
    }
}

impl fmt::Debug for RequestMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.header_names().collect();
        f.debug_struct("RequestMatch").field("user", &self.user).field("headers", &headers).finish()
    }
}

/// A request, as far as scripts look at it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) operation: Operation,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

impl Asked<'_> {
    /// The user that the request names, whether or not it may: in the key header, else in the body, else in
    /// the access token, whose signature is not checked.
    fn user(&self) -> Option<String> {
        if let Some(name) = self.headers.get("userprincipalname") {
            return name.to_str().ok().map(ToOwned::to_owned);
        }
        let body = self.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(self.body);
        let in_body = serde_json::from_slice(body).ok().and_then(|body| member(body, "userprincipalname"));
        in_body.or_else(|| {
            let (scheme, token) = self.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
            let claims =
                token.trim_start().split('.').nth(1).filter(|_| scheme.eq_ignore_ascii_case("Bearer"))?;
            let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
            member(serde_json::from_slice(&claims).ok()?, "upn")
        })
    }
}

/// The text of an object's member, whose name is compared without regard to case and underscores.
fn member(object: Value, name: &str) -> Option<String> {
    let Value::Object(members) = object else { return None };
    members.into_iter().find_map(|(key, value)| match value {
        Value::String(text) if key.replace('_', "").eq_ignore_ascii_case(name) => Some(text),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    #[test]
    fn the_user_is_found_in_the_header_the_body_or_the_token() {
        let wanted = RequestMatch { user: Some("U@x".to_owned()), headers: Vec::new() };
        let token = format!("bearer h.{}.s", BASE64_URL_SAFE_NO_PAD.encode(r#"{"upn":"u@X"}"#));
        for (name, value, body, accepted) in [
            ("userPrincipalName", "u@x", "", true),
            ("userPrincipalName", "v@x", r#"{"userPrincipalName":"u@x"}"#, false),
            ("x-a", "", r#"{"UserPrincipalName":"u@x"}"#, true),
            ("x-a", "", "\u{feff}{\"user_principal_name\":\"u@x\"}", true),
            ("x-a", "", "[]", false),
            ("authorization", &token, "", true),
            ("authorization", "Basic a.b.c", "", false),
            ("x-a", "", "", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
            let asked = Asked { operation: Operation::Other, headers: &headers, body: body.as_bytes() };
            assert_eq!(wanted.accepts(&asked), accepted, "{name} {value} {body}");
        }
    }

    #[test]
    fn a_header_matches_by_name_or_by_any_of_its_values() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", "one".parse().unwrap());
        headers.append("x-a", "two".parse().unwrap());
        let asked = Asked { operation: Operation::Other, headers: &headers, body: b"" };
        for (name, value, accepted) in [
            ("x-a", None, true),
            ("x-a", Some("two"), true),
            ("x-a", Some("TWO"), false),
            ("x-b", None, false),
        ] {
            let name = HeaderName::from_static(name);
            let wanted =
                RequestMatch { user: None, headers: vec![(name, value.map(|it| it.as_bytes().to_vec()))] };
            assert_eq!(wanted.accepts(&asked), accepted);
            assert!(!format!("{wanted:?}").contains("wo"));
        }
    }
}
