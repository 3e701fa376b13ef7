//! [`KeyHeaderPolicy`] and [`PresentedCredential`]: which user a request's credential belongs to.

use cg_auth_core::ApiCredential;
use http::HeaderMap;

use super::users::Users;
use crate::{names::named, refusal::Refusal, user::User};

/// Where delegate and delete requests must present the credential.
///
/// The vendor's clients send it twice, in the body and in the headers `clientSecret` and `userPrincipalName`.
/// It is unknown which of the two the service reads
/// ([wire protocol, section 2](cg_auth_core::docs::wire#2-request-headers-by-client)), so the default is the
/// strictest guess. A refresh request has no body and always uses the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KeyHeaderPolicy {
    /// In the headers and in the body, with equal values.
    #[default]
    Both,
    /// In the headers or in the body. If both hold one, both must be right and belong to the same user.
    Either,
    /// In the body. The headers are ignored.
    BodyOnly,
}

named!(pub KeyHeaderPolicy: Both = "both", Either = "either", BodyOnly = "body_only");

impl KeyHeaderPolicy {
    /// The user that the credentials of a request's headers and body belong to.
    pub(super) fn check<'a>(
        self,
        in_headers: PresentedCredential<'a>,
        in_body: PresentedCredential<'a>,
    ) -> Result<&'a User, Refusal> {
        use PresentedCredential::{Absent, Of};
        match (self, in_headers, in_body) {
            (Self::Both | Self::Either, Of(one), Of(other)) if one == other => Ok(one),
            (Self::Either, Of(user), Absent) | (Self::Either, Absent, Of(user)) => Ok(user),
            (Self::BodyOnly, _, Of(user)) => Ok(user),
            _ => Err(Refusal::INVALID_CREDENTIAL),
        }
    }
}

/// The credential that a request presents in one place: in its headers or in its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PresentedCredential<'a> {
    /// The place holds nothing.
    Absent,
    /// Half a credential, or one that belongs to no user.
    Wrong,
    /// The credential of this user: the secret byte for byte, the name without regard to ASCII case.
    Of(&'a User),
}

impl<'a> PresentedCredential<'a> {
    /// Reads the two key headers. A repeated header is wrong, because servers disagree which value counts.
    pub(super) fn in_headers(headers: &HeaderMap, users: &'a Users) -> Self {
        let header = |name| {
            let mut values = headers.get_all(name).iter();
            let first = values.next().map(http::HeaderValue::as_bytes);
            if values.next().is_some() { Some(&[][..]) } else { first }
        };
        match (header("clientsecret"), header("userprincipalname")) {
            (None, None) => Self::Absent,
            (Some(secret), Some(name)) => users.find(secret, name).map_or(Self::Wrong, Self::Of),
            _ => Self::Wrong,
        }
    }

    /// Reads a JSON body in either contract's spelling. A null is wrong, like an empty string.
    pub(super) fn in_body(body: &[u8], users: &'a Users) -> Result<Self, Refusal> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        if body.is_empty() {
            return Ok(Self::Absent);
        }
        match serde_json::from_slice::<ApiCredential>(body) {
            Ok(credential) => {
                let secret = credential.client_secret().expose_secret().as_bytes();
                let name = credential.user_principal_name().as_str().as_bytes();
                Ok(users.find(secret, name).map_or(Self::Wrong, Self::Of))
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
    fn each_policy_accepts_the_places_that_it_names() {
        use KeyHeaderPolicy::{BodyOnly, Both, Either};
        use PresentedCredential::{Absent, Of, Wrong};
        let (a, b) = (user("u@x"), user("v@x"));
        for (in_headers, in_body, accepting) in [
            (Of(&a), Of(&a), &[Both, Either, BodyOnly][..]),
            (Of(&b), Of(&a), &[BodyOnly]),
            (Of(&a), Absent, &[Either]),
            (Of(&a), Wrong, &[]),
            (Absent, Of(&a), &[Either, BodyOnly]),
            (Absent, Absent, &[]),
            (Absent, Wrong, &[]),
            (Wrong, Of(&a), &[BodyOnly]),
            (Wrong, Absent, &[]),
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
    fn header_credentials_need_both_headers_exactly_once() {
        let users = users();
        let right = PresentedCredential::Of(users.get(0).unwrap());
        for (headers, expected) in [
            (&[][..], PresentedCredential::Absent),
            (&[("clientsecret", "s"), ("userprincipalname", "u@x")], right),
            (&[("clientsecret", "s")], PresentedCredential::Wrong),
            (&[("clientsecret", "S"), ("userprincipalname", "u@x")], PresentedCredential::Wrong),
            (&[("clientsecret", ""), ("userprincipalname", "")], PresentedCredential::Wrong),
            (
                &[("clientsecret", "s"), ("clientsecret", "s"), ("userprincipalname", "u@x")],
                PresentedCredential::Wrong,
            ),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(PresentedCredential::in_headers(&map, &users), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_body_is_read_in_the_spelling_of_either_contract() {
        let users = users();
        let right = PresentedCredential::Of(users.get(0).unwrap());
        for (body, expected) in [
            (r#"{"clientSecret":"s","userPrincipalName":"u@x"}"#, Ok(right)),
            (r#"{ "ClientSecret": "s", "UserPrincipalName": "u@x" }"#, Ok(right)),
            ("\u{feff}{\"clientSecret\":\"s\",\"userPrincipalName\":\"u@x\"}", Ok(right)),
            (r#"{"clientSecret":"other","userPrincipalName":"u@x"}"#, Ok(PresentedCredential::Wrong)),
            (r#"{"clientSecret":null,"userPrincipalName":null}"#, Ok(PresentedCredential::Wrong)),
            (r#"{"clientSecret":["s"],"userPrincipalName":"u@x"}"#, Ok(PresentedCredential::Wrong)),
            ("{}", Ok(PresentedCredential::Wrong)),
            ("null", Ok(PresentedCredential::Wrong)),
            ("", Ok(PresentedCredential::Absent)),
            ("{", Err(Refusal::MALFORMED_BODY)),
            ("clientSecret=s", Err(Refusal::MALFORMED_BODY)),
            (r#"{"clientSecret":"s","userPrincipalName":"u@x"}}"#, Err(Refusal::MALFORMED_BODY)),
        ] {
            assert_eq!(PresentedCredential::in_body(body.as_bytes(), &users), expected, "{body}");
        }
    }

    #[test]
    fn the_name_distinguishes_users_that_share_a_secret() {
        let users = Users::new([user("u@x"), user("v@x")]).unwrap();
        let body = br#"{"clientSecret":"s","userPrincipalName":"v@x"}"#;
        assert_eq!(
            PresentedCredential::in_body(body, &users),
            Ok(PresentedCredential::Of(users.get(1).unwrap()))
        );
    }

    fn users() -> Users {
        Users::new([user("u@x")]).unwrap()
    }

    fn user(name: &str) -> User {
        let name = UserPrincipalName::new(name).unwrap();
        User::new(ApiCredential::new(ClientSecret::new("s").unwrap(), name))
    }
}
