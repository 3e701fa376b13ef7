//! The redaction of errors: neither a secret that was sent nor a token of the answer is in any output, whatever
//! the encoding and the text around it.

use arbitrary::{Arbitrary, Unstructured};
use cg_auth_core::{
    endpoint::{Endpoint, EndpointError, GetDelegateAccessToken, RefreshUserAccessToken, RequestOptions},
    model::RefreshToken,
};
use http::{HeaderValue, header::AUTHORIZATION};
use serde_json::json;

use crate::{
    encoding::{Encoding, letters},
    exchange::{self, credential, given_out},
};

/// The input says which secret is sent, which token is issued, and how the answer repeats both.
pub fn check(input: &[u8]) {
    let Ok(given) = Given::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let echo = given.echo();
    let error = given.failed(&echo);
    for text in given_out(&error) {
        given.assert_hides(&text, &echo);
    }
}

#[derive(Debug, Arbitrary)]
struct Given {
    secret: [u8; 16],
    token: [u8; 12],
    sent_as: SentAs,
    place: Place,
    status: Status,
    has_token: bool,
    pieces: Vec<Piece>,
}

/// How the request carries the secret.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum SentAs {
    ClientSecret,
    RefreshToken,
    Bearer,
}

/// Where the answer repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Place {
    Messages,
    Code,
    RequestId,
    Refusal,
    CutOff,
    Prose,
    Header,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Status {
    BadRequest,
    Broken,
    Redirect,
}

#[derive(Debug, Arbitrary)]
enum Piece {
    Secret(Encoding),
    Token(Encoding),
    Text(u8),
}

impl Given {
    /// Visible ASCII that does not occur by chance.
    fn secret(&self) -> String {
        self.secret.iter().map(|byte| char::from(b'!' + byte % 94)).chain("K7".chars()).collect()
    }

    fn token(&self) -> String {
        "T9".chars().chain(self.token.iter().map(|byte| char::from(b'!' + byte % 94))).collect()
    }

    fn echo(&self) -> String {
        let write = |piece: &Piece| match piece {
            Piece::Secret(encoding) => encoding.write(&self.secret()),
            Piece::Token(encoding) if self.names_the_token() => encoding.write(&self.token()),
            Piece::Token(_) => String::new(),
            Piece::Text(number) => AROUND[usize::from(*number) % AROUND.len()].to_owned(),
        };
        self.pieces.iter().take(12).map(write).collect()
    }

    fn failed(&self, echo: &str) -> EndpointError {
        let status = match (self.place, self.status) {
            (Place::Refusal, _) => 200,
            (_, Status::BadRequest) => 400,
            (_, Status::Broken) => 500,
            (_, Status::Redirect) => 302,
        };
        let token = self.has_token.then(|| self.token());
        let body = match self.place {
            Place::Messages => {
                json!({"message": ["first", echo], "value": {"access_token": token}}).to_string()
            }
            Place::Code => json!({"access_token": token, "code": echo}).to_string(),
            Place::RequestId => json!({"requestId": echo, "date": echo, "refresh_token": token}).to_string(),
            Place::Refusal => {
                json!({"isSuccess": false, "errorMsg": echo, "value": {"access_token": token}}).to_string()
            }
            Place::CutOff => {
                let whole = json!({"access_token": token, "message": echo, "z": "cut off"}).to_string();
                whole[..whole.len() - 4].to_owned()
            }
            Place::Prose => echo.to_owned(),
            Place::Header => json!({"access_token": token}).to_string(),
        };
        let mut response = exchange::answer(status, body);
        if let (Place::Header, Ok(value)) = (self.place, HeaderValue::from_str(echo)) {
            for name in ["x-request-id", "www-authenticate", "server"] {
                response.headers_mut().insert(name, value.clone());
            }
        }
        let secret = self.secret();
        match self.sent_as {
            SentAs::ClientSecret => {
                GetDelegateAccessToken::new(credential(&secret)).read(response).map(drop).unwrap_err()
            }
            SentAs::RefreshToken => {
                let token = RefreshToken::new(secret).unwrap();
                let call = RefreshUserAccessToken::new(credential("x-other-s3cret"), token);
                call.read(response).map(drop).unwrap_err()
            }
            SentAs::Bearer => {
                let value = HeaderValue::from_str(&format!("Bearer {secret}")).unwrap();
                let options = RequestOptions::new().with_header(AUTHORIZATION, value).unwrap();
                let call = GetDelegateAccessToken::new(credential("x-other-s3cret"));
                call.read_with(response, &options).map(drop).unwrap_err()
            }
        }
    }

    /// No eight letters of a form in which a piece repeats a secret are left, unless the text around has them.
    fn assert_hides(&self, shown: &str, echo: &str) {
        let left = letters(&shown.replace("[redacted]", ""));
        let around: Vec<_> = AROUND.iter().map(|text| letters(text)).collect();
        for piece in &self.pieces {
            let form = match piece {
                Piece::Secret(encoding) => encoding.letters(&self.secret()),
                Piece::Token(encoding) if self.names_the_token() => encoding.letters(&self.token()),
                Piece::Token(_) | Piece::Text(_) => continue,
            };
            let windows = form.as_bytes().windows(WINDOW).map(|window| str::from_utf8(window).unwrap());
            for window in windows.filter(|window| !around.iter().any(|text| text.contains(window))) {
                assert!(!left.contains(window), "{window:?} of {piece:?} is left in {shown:?} of {echo:?}");
            }
        }
        for secret in
            [Some(self.secret()), self.names_the_token().then(|| self.token())].into_iter().flatten()
        {
            assert!(!shown.contains(&secret), "{secret:?} is in {shown:?}");
        }
    }

    /// Whether the answer itself tells that the token is one.
    fn names_the_token(&self) -> bool {
        self.has_token && self.place != Place::Prose
    }
}

const WINDOW: usize = 8;

/// What stands around the secrets. None of it holds eight letters of a random one.
const AROUND: &[&str] = &[
    " ",
    "\n",
    "\0",
    "\"",
    "\\",
    "\\\\",
    "%",
    "%2",
    "%25",
    "&",
    "&#",
    "&#x",
    ";",
    "&amp;",
    "\\u00",
    "\\x",
    "=",
    "==",
    "+",
    "/",
    ".",
    ",",
    ":",
    "<",
    ">",
    "<p>",
    "<br>",
    "</b>",
    "{",
    "}",
    "[",
    "]",
    "'",
    "é",
    "日本",
    "\u{200b}",
    "the ",
    " was refused. ",
    "token ",
    "token: ",
    "secret=",
    "Bearer ",
    "\"access_token\":\"",
    "access_token=",
    "<access_token>",
    "AADSTS7000215: ",
    "https://example.com/?a=",
    "a",
    "0",
    "Z",
    "eyJ",
    "x-",
];
