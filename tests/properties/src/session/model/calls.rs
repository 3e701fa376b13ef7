//! The acquisitions of a session: which call it makes next, and what follows from the answer.

use std::time::{Duration, UNIX_EPOCH};

use cg_auth_core::{
    BaseUrl, CallError, ClientSecret, IssuedToken, TokenError,
    body::Body,
    endpoint::{Answer, RequestOptions},
    model::DelegatedAccessToken,
    token::{
        Grant,
        session::{Call, Next},
    },
    transport::TransportError,
};
use http::{
    HeaderValue, Response,
    header::{DATE, RETRY_AFTER},
};

use super::{Acquisition, Held, Model, Sent};
use crate::{
    exchange,
    session::given::{Ambiguity, Ending, Given, Later, Refusal, TokenKind, issued, jwt},
};

impl Model {
    pub(super) fn begin(&mut self, secret: Option<&str>) {
        let Some(acquisition) = self.current.take() else { return };
        let given =
            secret.map(|text| ClientSecret::new(text).unwrap()).ok_or_else(|| TokenError::secret("none"));
        let next = self.session.begin(acquisition.id, given, self.now());
        if acquisition.call.is_some() {
            assert!(matches!(next, Next::Superseded), "an acquisition begins twice");
            self.current = Some(acquisition);
            return;
        }
        match next {
            Next::Call(call) => self.send(acquisition, call),
            Next::Done(Err(error)) => {
                self.pause(&error, None, false);
                self.ended.push(acquisition);
            }
            next => panic!("{next:?} before the first call"),
        }
    }

    pub(super) fn finish(&mut self, ending: &Ending) {
        let Some(mut acquisition) = self.current.take() else { return };
        let Some(sent) = acquisition.call.take() else {
            let next = self.session.finish(acquisition.id, unsent(), self.now());
            assert!(matches!(next, Next::Superseded), "an answer without a call");
            self.current = Some(acquisition);
            return;
        };
        self.count += 1;
        let answer = self.answer(&sent, ending);
        let is_valid = self.is_surely_valid();
        let next = self.session.finish(acquisition.id, answer, self.now());
        self.keep_refresh_token(&sent, ending);
        match next {
            Next::Call(call) => {
                assert!(sent.refresh_token.is_some(), "the credential is sent twice");
                assert_eq!(call.grant(), Grant::Credential, "the refresh token is sent twice");
                let may_fall_back = matches!(ending, Ending::Refused(_) | Ending::Ambiguous(_))
                    || (matches!(ending, Ending::Later(..)) && !is_valid);
                assert!(may_fall_back, "no use of the credential after {ending:?}");
                self.send(acquisition, call);
                return;
            }
            Next::Done(Ok(token)) => self.hold(token, &sent, ending),
            Next::Done(Err(error)) => {
                let is_later = matches!(ending, Ending::Later(..));
                let named = if let Ending::Later(_, named) = ending { *named } else { None };
                self.pause(&error, named, is_later && sent.refresh_token.is_some());
            }
            Next::Superseded => panic!("an answer to no acquisition in flight"),
        }
        acquisition.call = Some(sent);
        self.ended.push(acquisition);
    }

    pub(super) fn abandon(&mut self) {
        if let Some(acquisition) = &self.current {
            self.session.abandon(acquisition.id, self.now());
            self.end_without_result();
        }
    }

    pub(super) fn panic(&mut self) {
        let Some(acquisition) = &self.current else { return };
        match self.session.panicked(acquisition.id, self.now()) {
            Next::Done(Err(error)) => self.pause(&error, None, false),
            next => panic!("{next:?} after a panic"),
        }
        self.end_without_result();
    }

    /// The result of the call in flight is not known, so its refresh token may have been consumed.
    pub(super) fn end_without_result(&mut self) {
        let Some(acquisition) = self.current.take() else { return };
        if let Some(token) = acquisition.call.as_ref().and_then(|sent| sent.refresh_token.clone()) {
            self.spend(token);
        }
        self.ended.push(acquisition);
    }

    /// A result for which the session waits no more changes nothing.
    pub(super) fn come_late(&mut self) {
        let Some(Acquisition { id, call }) = self.ended.last() else { return };
        let (id, now) = (*id, self.now());
        let late = |call: &Option<Sent>| match call {
            Some(sent) => {
                read(&sent.call, exchange::answer(200, issued("CANARY-late", Some("CANARY-late"), 99)))
            }
            None => unsent(),
        };
        let answer = late(call);
        let secret = ClientSecret::new("CANARY-late").unwrap();
        assert!(matches!(self.session.begin(id, Ok(secret), now), Next::Superseded));
        assert!(matches!(self.session.finish(id, answer, now), Next::Superseded));
        assert!(matches!(self.session.panicked(id, now), Next::Superseded));
        self.session.abandon(id, now);
    }

    fn send(&mut self, mut acquisition: Acquisition, call: Call) {
        let base = BaseUrl::parse("https://example.com").unwrap();
        let request = call.endpoint().to_request(&base, &RequestOptions::new()).unwrap();
        let refresh_token =
            request.headers().get("refresh_token").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(refresh_token.is_some(), call.grant() == Grant::RefreshToken);
        if let Some(token) = &refresh_token {
            assert_eq!(Some(token), self.refresh_token.as_ref(), "an old refresh token is sent");
            assert!(!self.spent.contains(token), "a refresh token is sent after it may have been consumed");
        }
        let (at, elapsed, longest, wall_sets) = (self.now(), self.elapsed, self.longest, self.wall_sets);
        acquisition.call = Some(Sent { call, at, elapsed, longest, wall_sets, refresh_token });
        self.current = Some(acquisition);
    }

    fn answer(&self, sent: &Sent, ending: &Ending) -> Result<Answer<DelegatedAccessToken>, CallError> {
        const PAGE: &str = "<html><title>Blocked</title></html>";
        let mut response = match ending {
            Ending::Issued { kind, lifetime, .. } => {
                let mark = format!("CANARY-t{}", self.count);
                let (text, duration) = match kind {
                    TokenKind::Jwt => (jwt(&mark, BASE + sent.elapsed.as_secs(), *lifetime), *lifetime),
                    TokenKind::Opaque => (mark, *lifetime),
                    TokenKind::Unknown => (mark, 0),
                };
                exchange::answer(
                    200,
                    issued(&text, self.new_refresh_token(sent, ending).as_deref(), duration),
                )
            }
            Ending::Refused(Refusal::BadRequest) => exchange::answer(400, r#"{"code":"Invalid"}"#),
            Ending::Refused(Refusal::Unauthorized) => exchange::answer(401, ""),
            Ending::Refused(Refusal::Rejected) => exchange::answer(200, r#"{"isSuccess":false}"#),
            Ending::Later(Later::TooMany, _) => exchange::answer(429, r#"{"code":"Busy"}"#),
            Ending::Later(Later::Unavailable, _) => exchange::answer(503, r#"{"code":"Busy"}"#),
            Ending::Later(Later::Timeout, _) => exchange::answer(408, ""),
            Ending::Ambiguous(Ambiguity::Broken) => exchange::answer(500, r#"{"code":"Broken"}"#),
            Ending::Ambiguous(Ambiguity::Unreadable) => exchange::answer(200, "{"),
            Ending::Ambiguous(Ambiguity::FirewallPage) => exchange::answer(403, PAGE),
            Ending::Ambiguous(Ambiguity::Lost) => return Err(TransportError::closed("x").into()),
            Ending::Redirect => exchange::answer(302, ""),
            Ending::Unsent => return unsent(),
        };
        if let Ending::Later(_, Some(seconds)) = ending {
            response.headers_mut().insert(RETRY_AFTER, (*seconds).into());
        }
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(BASE) + self.elapsed);
        response.headers_mut().insert(DATE, HeaderValue::from_str(&date).unwrap());
        read(&sent.call, response).map(|answer| answer.sent_at(sent.at))
    }

    /// The refresh token in an answer.
    fn new_refresh_token(&self, sent: &Sent, ending: &Ending) -> Option<String> {
        let Ending::Issued { refresh_token, .. } = ending else { return None };
        match (refresh_token, &sent.refresh_token) {
            (Given::None, _) => None,
            (Given::Same, Some(token)) => Some(token.clone()),
            (Given::Same, None) | (Given::Another, _) => Some(format!("CANARY-r{}", self.count)),
        }
    }

    fn keep_refresh_token(&mut self, sent: &Sent, ending: &Ending) {
        match (ending, &sent.refresh_token) {
            (Ending::Issued { .. }, used) => {
                // An answer to a refresh that names none gives the same one again.
                self.refresh_token = self.new_refresh_token(sent, ending).or_else(|| used.clone());
                if let Some(token) = &self.refresh_token {
                    self.spent.remove(token);
                }
            }
            (Ending::Refused(_) | Ending::Ambiguous(_), Some(token)) => self.spend(token.clone()),
            _ => {}
        }
    }

    fn spend(&mut self, token: String) {
        if self.refresh_token.as_ref() == Some(&token) {
            self.refresh_token = None;
        }
        self.spent.insert(token);
    }

    fn hold(&mut self, token: IssuedToken, sent: &Sent, ending: &Ending) {
        let Ending::Issued { kind, lifetime, .. } = ending else { panic!("a token after {ending:?}") };
        assert!(token.expose_secret().contains(&format!("CANARY-t{}", self.count)));
        let whole = Duration::from_secs((*lifetime).into());
        let took = self.elapsed - sent.elapsed;
        let ends = Duration::from_secs(sent.elapsed.as_secs()) + whole;
        let mut held = Held::new(token.clone(), sent.at, sent.longest, sent.wall_sets);
        match kind {
            // A `Date` past `exp` is not believed. Then the local clock alone says when that is.
            TokenKind::Jwt if self.elapsed < ends || self.wall_sets == 0 => {
                (held.lifetime, held.ends) = (Some(whole), Some(ends));
                // `iat`, `exp` and `Date` are whole seconds, and the time until the answer counts twice.
                held.at_least = Some(whole.saturating_sub(took).saturating_sub(Duration::from_secs(3)));
            }
            TokenKind::Jwt => held.at_least = Some(Duration::ZERO),
            TokenKind::Opaque if !whole.is_zero() => {
                (held.lifetime, held.at_least) = (Some(whole), Some(whole));
            }
            TokenKind::Opaque | TokenKind::Unknown => {}
        }
        held.observe(self.now());
        self.tokens.push(token);
        self.held = Some(held);
        self.pause = None;
    }
}

fn read(call: &Call, response: Response<Body>) -> Result<Answer<DelegatedAccessToken>, CallError> {
    Ok(call.endpoint().read(response)?)
}

fn unsent<T>() -> Result<T, CallError> {
    Err(TransportError::connect("x").into())
}

/// The time of the service, and of the clocks, at the start: 2030-01-01.
const BASE: u64 = 1_893_456_000;
