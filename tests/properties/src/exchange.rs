//! One exchange with the service: the calls, an answer written as text, and all that an error gives out.

use cg_auth_core::{
    ApiCredential, ClientSecret, UserPrincipalName,
    body::Body,
    causes::causes,
    endpoint::{DeleteTokenCache, EndpointError, GetDelegateAccessToken, RefreshUserAccessToken},
    model::RefreshToken,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};

pub(crate) const SECRET: &str = "cl1ent-s3cret";
pub(crate) const REFRESH_TOKEN: &str = "sent-refresh-t0ken";

pub(crate) fn credential(secret: &str) -> ApiCredential {
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    ApiCredential::new(ClientSecret::new(secret).unwrap(), user)
}

pub(crate) fn delegate() -> GetDelegateAccessToken {
    GetDelegateAccessToken::new(credential(SECRET))
}

pub(crate) fn refresh() -> RefreshUserAccessToken {
    RefreshUserAccessToken::new(credential(SECRET), RefreshToken::new(REFRESH_TOKEN).unwrap())
}

pub(crate) fn delete() -> DeleteTokenCache {
    DeleteTokenCache::new(credential(SECRET))
}

/// An answer with the service's own `body`.
pub(crate) fn answer(status: u16, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// The first line of `input`, and the answer that the rest holds: lines of headers, an empty line, the body. The
/// status is the number at the end of the first line. What is no header is left out.
pub(crate) fn read(input: &[u8]) -> (&[u8], Response<Body>) {
    let (first, mut rest) = split_line(input);
    let digits = first.iter().rev().take(3).filter(|byte| byte.is_ascii_digit()).count();
    let status = StatusCode::from_bytes(&first[first.len() - digits..]).unwrap_or(StatusCode::OK);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    loop {
        let (line, after) = split_line(rest);
        rest = after;
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    *response.body_mut() = rest.to_vec().into();
    (first, response)
}

/// The first line of `text`, without its line feed, and what follows.
pub(crate) fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b'\n');
    end.map_or((text, &[]), |end| (&text[..end], &text[end + 1..]))
}

/// The next line of `lines` as text, which is empty after the last one.
pub(crate) fn next_line<'a>(lines: &mut &'a str) -> &'a str {
    let (line, rest) = lines.split_once('\n').unwrap_or((lines, ""));
    *lines = rest;
    line
}

/// Everything that an error gives out, one text a line.
pub(crate) fn given_out(error: &EndpointError) -> Vec<String> {
    let mut texts: Vec<_> = causes(error).map(|error| format!("{error}\n{error:?}")).collect();
    texts.extend(error.messages().iter().cloned());
    let members = [error.code(), error.request_id(), error.date(), error.text()];
    texts.extend(members.into_iter().flatten().map(str::to_owned));
    let values = error.headers().into_iter().flat_map(|headers| headers.values());
    texts.extend(values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()));
    texts
}
