//! [`KeyHeaderPolicy`], and the user whose credential a request carries.

use cg_auth_core::ApiCredential;
use http::HeaderMap;

use crate::{
    refusal::Refusal,
    users::{User, Users},
};

/// Where delegate and delete must carry the credential.
///
/// The vendor's clients send it twice, in the headers `clientSecret` and `userPrincipalName` and in the
/// body; which of the two the service reads is unknown (SPEC section 2). The default is therefore a guess,
/// and the strictest one. Refresh has no body, so it always goes by the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KeyHeaderPolicy {
    /// In the headers and in the body.
    #[default]
    Both,
    /// In one of the two; if the other holds anything, it must be right too.
    Either,
    /// In the body; the headers are not looked at.
    BodyOnly,
}

impl KeyHeaderPolicy {
    /// The user that a request comes from which carries a credential in headers, in its body, or in both.
    pub(crate) fn check<'a>(
        self,
        in_headers: Carried<'a>,
        in_body: Carried<'a>,
    ) -> Result<&'a User, Refusal> {
        use Carried::{By, Nothing};
        match (self, in_headers, in_body) {
            (Self::Both | Self::Either, By(one), By(other)) if one == other => Ok(one),
            (Self::Either, By(user), Nothing) | (Self::Either, Nothing, By(user)) => Ok(user),
            (Self::BodyOnly, _, By(user)) => Ok(user),
            _ => Err(Refusal::INVALID_CREDENTIAL),
        }
    }
}

/// What one place of a request holds of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carried<'a> {
    /// Nothing at all.
    Nothing,
    /// Half of one, or one that nobody has.
    Wrong,
    /// This user's, byte for byte.
    By(&'a User),
}

impl<'a> Carried<'a> {
    /// What the two key headers hold. A header that comes twice is wrong: servers disagree which one counts.
    pub(crate) fn in_headers(headers: &HeaderMap, users: &'a Users) -> Self {
        let header = |name| {
            let mut values = headers.get_all(name).iter();
            let first = values.next().map(http::HeaderValue::as_bytes);
            if values.next().is_some() { Some(&[][..]) } else { first }
        };
        match (header("clientsecret"), header("userprincipalname")) {
            (None, None) => Self::Nothing,
            (Some(secret), Some(name)) => users.find(secret, name).map_or(Self::Wrong, Self::By),
            _ => Self::Wrong,
        }
    }

    /// What a JSON body holds, in either contract's spelling. A null is wrong, like an empty string.
    pub(crate) fn in_body(body: &[u8], users: &'a Users) -> Result<Self, Refusal> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        if body.is_empty() {
            return Ok(Self::Nothing);
        }
        match serde_json::from_slice::<ApiCredential>(body) {
            Ok(credential) => {
                let secret = credential.client_secret().expose_secret().as_bytes();
                let name = credential.user_principal_name().as_str().as_bytes();
                Ok(users.find(secret, name).map_or(Self::Wrong, Self::By))
            }
            Err(error) if error.is_data() => Ok(Self::Wrong),
            Err(_) => Err(Refusal::MALFORMED_BODY),
        }
    }
}

#[cfg(test)]
mod tests {
    use cg_auth_core::{ClientSecret, UserPrincipalName};
    use http::HeaderValue;

    use super::*;

    #[test]
    fn each_policy_accepts_what_its_description_says() {
        use Carried::{By, Nothing, Wrong};
        use KeyHeaderPolicy::{BodyOnly, Both, Either};
        let (a, b) = (user("u@x"), user("v@x"));
        for (in_headers, in_body, accepting) in [
            (By(&a), By(&a), &[Both, Either, BodyOnly][..]),
            (By(&b), By(&a), &[BodyOnly]),
            (By(&a), Nothing, &[Either]),
            (By(&a), Wrong, &[]),
            (Nothing, By(&a), &[Either, BodyOnly]),
            (Nothing, Nothing, &[]),
            (Nothing, Wrong, &[]),
            (Wrong, By(&a), &[BodyOnly]),
            (Wrong, Nothing, &[]),
            (Wrong, Wrong, &[]),
        ] {
            for policy in [Both, Either, BodyOnly] {
                let accepted = policy.check(in_headers, in_body);
                assert_eq!(
                    accepted.is_ok(),
                    accepting.contains(&policy),
                    "{policy:?} {in_headers:?} {in_body:?}"
                );
                assert!(accepted.is_err() || accepted == Ok(&a));
            }
        }
    }

    #[test]
    fn headers_are_right_when_both_are_there_once() {
        let users = users();
        let right = Carried::By(users.nth(0).unwrap());
        for (headers, carried) in [
            (&[][..], Carried::Nothing),
            (&[("clientsecret", "s"), ("userprincipalname", "u@x")], right),
            (&[("clientsecret", "s")], Carried::Wrong),
            (&[("clientsecret", "S"), ("userprincipalname", "u@x")], Carried::Wrong),
            (&[("clientsecret", ""), ("userprincipalname", "")], Carried::Wrong),
            (&[("clientsecret", "s"), ("clientsecret", "s"), ("userprincipalname", "u@x")], Carried::Wrong),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(Carried::in_headers(&map, &users), carried, "{headers:?}");
        }
    }

    #[test]
    fn a_body_is_read_in_either_spelling() {
        let users = users();
        let right = Carried::By(users.nth(0).unwrap());
        for (body, carried) in [
            (r#"{"clientSecret":"s","userPrincipalName":"u@x"}"#, Ok(right)),
            (r#"{ "ClientSecret": "s", "UserPrincipalName": "u@x" }"#, Ok(right)),
            ("\u{feff}{\"clientSecret\":\"s\",\"userPrincipalName\":\"u@x\"}", Ok(right)),
            (r#"{"clientSecret":"other","userPrincipalName":"u@x"}"#, Ok(Carried::Wrong)),
            (r#"{"clientSecret":null,"userPrincipalName":null}"#, Ok(Carried::Wrong)),
            (r#"{"clientSecret":["s"],"userPrincipalName":"u@x"}"#, Ok(Carried::Wrong)),
            ("{}", Ok(Carried::Wrong)),
            ("null", Ok(Carried::Wrong)),
            ("", Ok(Carried::Nothing)),
            ("{", Err(Refusal::MALFORMED_BODY)),
            ("clientSecret=s", Err(Refusal::MALFORMED_BODY)),
            (r#"{"clientSecret":"s","userPrincipalName":"u@x"}}"#, Err(Refusal::MALFORMED_BODY)),
        ] {
            assert_eq!(Carried::in_body(body.as_bytes(), &users), carried, "{body}");
        }
    }

    #[test]
    fn users_that_share_a_secret_are_told_apart_by_name() {
        let users = Users::new(vec![user("u@x"), user("v@x")]);
        let body = br#"{"clientSecret":"s","userPrincipalName":"v@x"}"#;
        assert_eq!(Carried::in_body(body, &users), Ok(Carried::By(users.nth(1).unwrap())));
    }

    fn users() -> Users {
        Users::new(vec![user("u@x")])
    }

    fn user(name: &str) -> User {
        let name = UserPrincipalName::new(name).unwrap();
        User::new(ApiCredential::new(ClientSecret::new("s").unwrap(), name))
    }
}
