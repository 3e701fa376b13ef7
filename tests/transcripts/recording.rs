//! [`Recording`]: one recorded exchange, read with the types of this workspace.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use cg_auth_core::{ApiCredential, body::Body, model::JsonContract};
use http::{Response, header::TRANSFER_ENCODING};
use serde_json::Value;

pub(super) struct Recording {
    /// The file's name without its extension, for instance `ts_delegate_success`.
    pub(super) name: String,
    json: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Delegate,
    Refresh,
    Delete,
}

impl Recording {
    /// All recordings, sorted by name.
    pub(super) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let recordings = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let mut all: Vec<_> = recordings.map(|path| Self::read(&path)).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        assert!(!all.is_empty());
        all
    }

    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Self { json: serde_json::from_slice(&fs::read(path).unwrap()).expect(&name), name }
    }

    pub(super) fn operation(&self) -> Operation {
        match self.name.split('_').nth(1) {
            Some("delegate") => Operation::Delegate,
            Some("refresh") => Operation::Refresh,
            Some("delete") => Operation::Delete,
            _ => panic!("{} names no operation", self.name),
        }
    }

    /// The JSON contract that the recorded client requests.
    pub(super) fn json_contract(&self) -> JsonContract {
        if self.name.starts_with("ps_") { JsonContract::PascalCase } else { JsonContract::CamelCase }
    }

    pub(super) fn base_url(&self) -> &str {
        text(&self.json["client_input"]["base_url"])
    }

    /// The headers that the client was configured to send with every request.
    pub(super) fn default_headers(&self) -> Vec<(&str, &str)> {
        let headers = self.json["client_input"]["default_headers"].as_object().unwrap();
        headers.iter().map(|(name, value)| (name.as_str(), text(value))).collect()
    }

    /// The first request; `None` if the client sent nothing.
    pub(super) fn request(&self) -> Option<RecordedRequest<'_>> {
        (!self.json["request"].is_null()).then(|| RecordedRequest(&self.json["request"]))
    }

    /// All requests, also those after a redirect.
    pub(super) fn requests(&self) -> Vec<RecordedRequest<'_>> {
        match self.json["exchanges"].as_array() {
            Some(exchanges) => {
                exchanges.iter().map(|exchange| RecordedRequest(&exchange["request"])).collect()
            }
            None => self.request().into_iter().collect(),
        }
    }

    /// The answer as a transport returns it, without the framing.
    pub(super) fn response(&self) -> Option<Response<Body>> {
        let recorded = self.json.get("response").filter(|response| !response.is_null())?;
        let mut body = match recorded.get("body_base64") {
            Some(base64) => STANDARD.decode(text(base64)).unwrap(),
            None => text(&recorded["body"]).as_bytes().to_vec(),
        };
        let mut response = Response::builder().status(u16::try_from(recorded["status"].as_u64()?).unwrap());
        for (name, value) in pairs(&recorded["headers"]) {
            response = response.header(name, value);
        }
        if response.headers_ref()?.get(TRANSFER_ENCODING).is_some_and(|coding| coding == "chunked") {
            body = without_chunks(&body);
        }
        Some(response.body(body.into()).unwrap())
    }
}

pub(super) struct RecordedRequest<'a>(&'a Value);

impl<'a> RecordedRequest<'a> {
    pub(super) fn method(&self) -> &'a str {
        text(&self.0["method"])
    }

    pub(super) fn target(&self) -> &'a str {
        text(&self.0["target"])
    }

    pub(super) fn headers(&self) -> Vec<(&'a str, &'a str)> {
        pairs(&self.0["headers"])
    }

    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers().into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn body(&self) -> &'a str {
        text(&self.0["body"])
    }

    /// The bytes on the wire; `None` if the request was derived from the source of the client.
    pub(super) fn raw(&self) -> Option<Vec<u8>> {
        self.0.get("raw_base64").map(|base64| STANDARD.decode(text(base64)).unwrap())
    }

    /// The credential in its headers, or else in its body; `None` if our types refuse it.
    pub(super) fn credential(&self) -> Option<ApiCredential> {
        let json = match (self.header("clientSecret"), self.header("userPrincipalName")) {
            (Some(secret), Some(name)) => {
                serde_json::json!({ "clientSecret": secret, "userPrincipalName": name })
            }
            _ => serde_json::from_str(self.body()).unwrap_or_default(),
        };
        serde_json::from_value(json).ok()
    }
}

/// The content of a chunked body without extensions and trailers.
fn without_chunks(mut framed: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = framed.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let length = usize::from_str_radix(str::from_utf8(&framed[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return body;
        }
        let chunk = &framed[end + 2..];
        body.extend_from_slice(&chunk[..length]);
        framed = &chunk[length + 2..];
    }
}

fn pairs(headers: &Value) -> Vec<(&str, &str)> {
    headers.as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}
