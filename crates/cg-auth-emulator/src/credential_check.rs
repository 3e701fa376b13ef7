//! [`KeyHeaderPolicy`] and the comparison of what a request carries with the emulator's credential.

use cg_auth_core::ApiCredential;
use http::HeaderMap;

use crate::refusal::Refusal;

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
    /// Judges a request that carries the credential in headers, in its body, or in both.
    pub(crate) fn check(self, in_headers: Carried, in_body: Carried) -> Result<(), Refusal> {
        use Carried::{Nothing, Right};
        let accepted = match self {
            Self::Both => matches!((in_headers, in_body), (Right, Right)),
            Self::Either => {
                matches!((in_headers, in_body), (Right, Right | Nothing) | (Nothing, Right))
            }
            Self::BodyOnly => matches!(in_body, Right),
        };
        if accepted { Ok(()) } else { Err(Refusal::INVALID_CREDENTIAL) }
    }
}

/// What one place of a request holds of the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carried {
    /// Nothing at all.
    Nothing,
    /// Half of it, or another one.
    Wrong,
    /// The emulator's own, byte for byte.
    Right,
}

impl Carried {
    /// What the two key headers hold. A header that comes twice is wrong: servers disagree which one counts.
    pub(crate) fn in_headers(headers: &HeaderMap, expected: &ApiCredential) -> Self {
        let header = |name, expected: &str| {
            let mut values = headers.get_all(name).iter();
            match (values.next(), values.next()) {
                (None, _) => Self::Nothing,
                (Some(value), None) if value.as_bytes() == expected.as_bytes() => Self::Right,
                _ => Self::Wrong,
            }
        };
        let secret = header("clientsecret", expected.client_secret().expose_secret());
        let name = header("userprincipalname", expected.user_principal_name().as_str());
        if secret == name { secret } else { Self::Wrong }
    }

    /// What a JSON body holds, in either contract's spelling. A null is wrong, like an empty string.
    pub(crate) fn in_body(body: &[u8], expected: &ApiCredential) -> Result<Self, Refusal> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        if body.is_empty() {
            return Ok(Self::Nothing);
        }
        match serde_json::from_slice::<ApiCredential>(body) {
            Ok(credential) if credential == *expected => Ok(Self::Right),
            Ok(_) => Ok(Self::Wrong),
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
        use Carried::{Nothing, Right, Wrong};
        use KeyHeaderPolicy::{BodyOnly, Both, Either};
        for (in_headers, in_body, accepting) in [
            (Right, Right, &[Both, Either, BodyOnly][..]),
            (Right, Nothing, &[Either]),
            (Right, Wrong, &[]),
            (Nothing, Right, &[Either, BodyOnly]),
            (Nothing, Nothing, &[]),
            (Nothing, Wrong, &[]),
            (Wrong, Right, &[BodyOnly]),
            (Wrong, Nothing, &[]),
            (Wrong, Wrong, &[]),
        ] {
            for policy in [Both, Either, BodyOnly] {
                let accepted = policy.check(in_headers, in_body).is_ok();
                assert_eq!(accepted, accepting.contains(&policy), "{policy:?} {in_headers:?} {in_body:?}");
            }
        }
    }

    #[test]
    fn headers_are_right_when_both_are_there_once() {
        let credential = credential();
        for (headers, carried) in [
            (&[][..], Carried::Nothing),
            (&[("clientsecret", "s"), ("userprincipalname", "u@x")], Carried::Right),
            (&[("clientsecret", "s")], Carried::Wrong),
            (&[("clientsecret", "S"), ("userprincipalname", "u@x")], Carried::Wrong),
            (&[("clientsecret", ""), ("userprincipalname", "")], Carried::Wrong),
            (&[("clientsecret", "s"), ("clientsecret", "s"), ("userprincipalname", "u@x")], Carried::Wrong),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(Carried::in_headers(&map, &credential), carried, "{headers:?}");
        }
    }

    #[test]
    fn a_body_is_read_in_either_spelling() {
        for (body, carried) in [
            (r#"{"clientSecret":"s","userPrincipalName":"u@x"}"#, Ok(Carried::Right)),
            (r#"{ "ClientSecret": "s", "UserPrincipalName": "u@x" }"#, Ok(Carried::Right)),
            ("\u{feff}{\"clientSecret\":\"s\",\"userPrincipalName\":\"u@x\"}", Ok(Carried::Right)),
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
            assert_eq!(Carried::in_body(body.as_bytes(), &credential()), carried, "{body}");
        }
    }

    fn credential() -> ApiCredential {
        ApiCredential::new(ClientSecret::new("s").unwrap(), UserPrincipalName::new("u@x").unwrap())
    }
}
