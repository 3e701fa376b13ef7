//! Changes a request as a defect does, before it is sent.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
};

use bytes::Bytes;
use cg_auth_core::body::Body;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, Uri,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, COOKIE, EXPECT, REFERER, SET_COOKIE},
};
use hyper::body::Frame;

use crate::defect::Defect;

/// Changes requests, and keeps the last cookie for one of the defects.
#[derive(Default)]
pub(crate) struct Jar(Mutex<Option<HeaderValue>>);

impl Jar {
    pub(crate) fn keep<B>(&self, answer: &Response<B>) {
        if let Some(cookie) = answer.headers().get(SET_COOKIE) {
            *self.0.lock().unwrap() = Some(cookie.clone());
        }
    }

    pub(crate) fn alter(&self, defect: Option<Defect>, mut request: Request<Body>) -> Request<Body> {
        let Some(defect) = defect else { return request };
        if let Some(target) = altered_target(defect, request.uri()) {
            let uri = request.uri();
            let absolute = format!("{}://{}{target}", uri.scheme_str().unwrap(), uri.authority().unwrap());
            *request.uri_mut() = absolute.parse().unwrap();
        }
        match defect {
            Defect::ReplacesTheMethod if request.method() == Method::DELETE => {
                *request.method_mut() = Method::POST;
            }
            Defect::DropsTheBodyOfADelete if request.method() == Method::DELETE => {
                set_body(&mut request, Bytes::new());
            }
            Defect::AddsToTheBody if !request.body().is_empty() => {
                let body = [request.body().as_bytes(), b"\n"].concat();
                set_body(&mut request, body.into());
            }
            _ => {}
        }
        alter_headers(defect, request.headers_mut(), self.0.lock().unwrap().as_ref());
        request
    }
}

fn set_body(request: &mut Request<Body>, body: Bytes) {
    request.headers_mut().insert(CONTENT_LENGTH, body.len().into());
    *request.body_mut() = body.into();
}

fn alter_headers(defect: Defect, headers: &mut HeaderMap, cookie: Option<&HeaderValue>) {
    let added = match defect {
        Defect::AddsAcceptEncoding => Some((ACCEPT_ENCODING, HeaderValue::from_static("gzip"))),
        Defect::AddsAReferer => Some((REFERER, HeaderValue::from_static("http://localhost/"))),
        Defect::AddsExpect => Some((EXPECT, HeaderValue::from_static("100-continue"))),
        Defect::KeepsCookies => cookie.map(|cookie| (COOKIE, cookie.clone())),
        _ => None,
    };
    headers.extend(added);
    let alter: fn(&[u8]) -> Vec<u8> = match defect {
        Defect::LowerCasesAValue => <[u8]>::to_ascii_lowercase,
        Defect::CollapsesSpaces => |value| {
            let mut value = value.to_vec();
            value.dedup_by(|one, other| (*one, *other) == (b' ', b' '));
            value
        },
        Defect::ReplacesBytesBeyondAscii => {
            |value| value.iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' }).collect()
        }
        Defect::DropsAHeader => {
            *headers = std::mem::take(headers)
                .into_iter()
                .filter_map(|(name, value)| Some((name?, value)))
                .filter(|(name, _)| !name.as_str().contains('_'))
                .collect();
            return;
        }
        Defect::DropsTheSecondValue => {
            *headers = headers.keys().map(|name| (name.clone(), headers[name].clone())).collect();
            return;
        }
        _ => return,
    };
    for value in headers.values_mut() {
        let mut altered = HeaderValue::from_bytes(&alter(value.as_bytes())).unwrap();
        altered.set_sensitive(value.is_sensitive());
        *value = altered;
    }
}

/// The target that the defect makes of the one of `uri`; `None` if it leaves that alone.
fn altered_target(defect: Defect, uri: &Uri) -> Option<String> {
    let target = uri.path_and_query()?.as_str();
    Some(match defect {
        Defect::NormalisesDots => without_dots(target),
        Defect::MergesSlashes => target.replace("//", "/"),
        Defect::DecodesTheTarget => target.replace("%7e", "~"),
        Defect::EncodesTheTarget => target.replace('\'', "%27").replace('{', "%7B").replace('}', "%7D"),
        Defect::DropsAnEmptyQuery => target.trim_end_matches('?').to_owned(),
        Defect::DropsTheQuery => uri.path().to_owned(),
        _ => return None,
    })
}

/// Resolves dot segments (RFC 3986 section 5.2.4).
fn without_dots(target: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in target.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// A body whose length hyper does not know, so that it sends chunks.
pub(crate) struct OfUnknownLength(pub(crate) Option<Bytes>);

impl hyper::body::Body for OfUnknownLength {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|piece| Ok(Frame::data(piece))))
    }
}
