//! Our requests, compared with the recorded requests of the vendor's clients for the same operation.

use std::collections::{BTreeMap, BTreeSet};

use cg_auth_core::{
    ApiCredential, BaseUrl, ClientSecret, UserPrincipalName,
    body::Body,
    endpoint::{DeleteTokenCache, Endpoint, GetDelegateAccessToken, RefreshUserAccessToken, RequestOptions},
    model::RefreshToken,
};
use http::{HeaderName, Request};
use serde_json::Value;

use super::recording::{Operation, RecordedRequest, Recording};

/// An allowed difference of our request.
struct Difference {
    /// The text that [`differences`] writes.
    what: &'static str,
    /// Beginnings of the names of the files that show it.
    files: &'static [&'static str],
    why: &'static str,
}

#[rustfmt::skip]
const DIFFERENCES: &[Difference] = &[
    Difference { what: "accept: */* -> application/json", files: &["ts_"],
        why: "fetch's default; of the two declared media types the other clients ask for this one" },
    Difference { what: "accept-encoding: gzip, deflate -> none", files: &["ts_", "cs_", "ps_"],
        why: "compression is not offered, which removes decompression bombs" },
    Difference { what: "accept-language: * -> none", files: &["ts_"],
        why: "added by fetch" },
    Difference { what: "sec-fetch-mode: cors -> none", files: &["ts_"],
        why: "added by fetch" },
    Difference { what: "connection: keep-alive -> none", files: &["ts_"],
        why: "the connection is the transport's; HTTP/1.1 keeps it alive unasked" },
    Difference { what: "user-agent: (sdk/typescript/4.9.3) -> ours", files: &["ts_"],
        why: "our own name and version" },
    Difference { what: "user-agent: sdk/csharp-netstandard/5.5.4 -> ours", files: &["cs_"],
        why: "our own name and version" },
    Difference { what: "user-agent: (sdk/powershell/5.5.4) -> ours", files: &["ps_"],
        why: "our own name and version" },
    Difference { what: "content-type: application/json -> none", files: &["cs_refresh_success"],
        why: "there is no body" },
    Difference { what: "content-type: application/x-www-form-urlencoded -> none", files: &["ps_refresh_success"],
        why: "there is no body; Invoke-WebRequest adds it" },
    Difference { what: "target: //auth/token/delegate -> /auth/token/delegate", files: &["ts_delegate_trailing_slash"],
        why: "a trailing slash of the base changes nothing" },
    Difference { what: "base URL: refused", files: &["ts_delegate_base_query"],
        why: "a path cannot be joined to a query" },
    Difference { what: "redirect: followed -> an error", files: &["ts_delegate_302_same_origin", "ts_delegate_307_cross_origin"],
        why: "the secret would go wherever the answer points" },
    Difference { what: "credential: refused", files: &["ts_delegate_body_nulls", "ts_refresh_no_api_key"],
        why: "no credential at all, which no service can accept" },
    Difference { what: "credential: refused", files: &["ts_delegate_body_unicode", "ts_delegate_header_latin1"],
        why: "a user principal name beyond visible ASCII cannot travel in a header unchanged" },
    Difference { what: "body: another credential", files: &["ts_delegate_api_key_single_string"],
        why: "a trap of that client: one text under both header names; our headers and body always agree" },
    Difference { what: "clientsecret: none -> dGVzdC1vbmx5LXNlY3JldA==", files: &["ts_delegate_no_api_key"],
        why: "headers and body both carry it, since it is not documented which one the service reads" },
    Difference { what: "userprincipalname: none -> someone@example.com", files: &["ts_delegate_no_api_key"],
        why: "headers and body both carry it, since it is not documented which one the service reads" },
    Difference { what: "default header accept: refused", files: &["ts_delegate_default_headers"],
        why: "decided by the request" },
    Difference { what: "default header clientsecret: refused", files: &["ts_delegate_default_headers"],
        why: "nothing overrides the credential; that client sends the credential's too" },
    Difference { what: "default header user-agent: refused", files: &["ts_delegate_default_headers"],
        why: "has an option of its own; that client lets its own win" },
    Difference { what: "default header x-cloud-governance-jsoncontract: refused", files: &["ts_delegate_default_headers"],
        why: "has an option of its own, which decides the spelling of the body too" },
    Difference { what: "x-cloud-governance-jsoncontract: PascalCase -> none", files: &["ts_delegate_default_headers"],
        why: "has an option of its own, which decides the spelling of the body too" },
];

/// The files whose client sent nothing, each with the value that we refuse.
const NOTHING_SENT: [(&str, WeRefuse); 4] = [
    ("ts_delegate_credential_missing", || serde_json::from_str::<ApiCredential>("null").is_err()),
    ("ts_delegate_header_beyond_latin1", || UserPrincipalName::new("ユーザ@example.com").is_err()),
    ("ts_delegate_header_newline", || ClientSecret::new("abc\ndef").is_err()),
    ("ts_refresh_token_null", || RefreshToken::new("").is_err()),
];

type WeRefuse = fn() -> bool;

#[test]
fn our_requests_differ_from_the_vendors_only_as_the_table_says() {
    let mut unused: BTreeSet<_> =
        DIFFERENCES.iter().flat_map(|known| known.files.iter().map(|file| (known.what, *file))).collect();
    let mut unknown = Vec::new();
    for recording in Recording::all() {
        let Some(recorded) = recording.request() else { continue };
        for found in differences(&recording, &recorded) {
            let covering = DIFFERENCES.iter().filter(|known| known.what == found);
            let files = covering.flat_map(|known| known.files.iter().map(|file| (known.what, *file)));
            match files.into_iter().find(|(_, file)| recording.name.starts_with(file)) {
                Some(entry) => _ = unused.remove(&entry),
                None => unknown.push(format!("{}: {found}", recording.name)),
            }
        }
    }
    assert!(unknown.is_empty(), "not in the table: {unknown:#?}");
    assert!(unused.is_empty(), "in the table, but in no file any more: {unused:#?}");
    assert!(DIFFERENCES.iter().all(|known| !known.why.is_empty()));
}

#[test]
fn a_request_that_the_vendors_client_refuses_to_send_is_refused_here_too() {
    let all = Recording::all();
    let silent: Vec<_> =
        all.iter().filter(|file| file.request().is_none()).map(|file| file.name.as_str()).collect();
    assert_eq!(silent, NOTHING_SENT.map(|(name, _)| name));
    for (name, we_refuse) in NOTHING_SENT {
        assert!(we_refuse(), "{name}");
    }
}

/// The differences between our request for the operation of `recording` and `theirs`.
fn differences(recording: &Recording, theirs: &RecordedRequest<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if recording.requests().len() > 1 {
        found.push("redirect: followed -> an error".to_owned());
    }
    let mut options = RequestOptions::new().with_json_contract(recording.json_contract());
    for (name, value) in recording.default_headers() {
        let name: HeaderName = name.parse().unwrap();
        match options.clone().with_header(name.clone(), value.parse().unwrap()) {
            Ok(extended) => options = extended,
            Err(_) => found.push(format!("default header {name}: refused")),
        }
    }
    let Ok(base) = BaseUrl::parse(recording.base_url()) else {
        found.push("base URL: refused".to_owned());
        return found;
    };
    let Some(credential) = theirs.credential() else {
        found.push("credential: refused".to_owned());
        return found;
    };
    let ours = request(recording.operation(), credential, theirs.header("refresh_token"), &base, &options);
    let mut compare = |what: &str, theirs: &str, ours: &str| {
        if theirs != ours {
            found.push(format!("{what}: {theirs} -> {ours}"));
        }
    };
    compare("method", theirs.method(), ours.method().as_str());
    compare("target", theirs.target(), ours.uri().path_and_query().unwrap().as_str());
    let their_headers = comparable(theirs.headers(), theirs.body().len());
    let our_headers = comparable(headers_on_the_wire(&ours), ours.body().len());
    for name in their_headers.keys().chain(our_headers.keys()).collect::<BTreeSet<_>>() {
        let [theirs, ours] = [&their_headers, &our_headers].map(|headers| headers.get(name).copied());
        compare(name, theirs.unwrap_or("none"), ours.unwrap_or("none"));
    }
    let json = |body: &[u8]| serde_json::from_slice::<Value>(body).ok();
    if json(theirs.body().as_bytes()) != json(ours.body().as_bytes()) {
        found.push("body: another credential".to_owned());
    }
    found
}

fn request(
    operation: Operation,
    credential: ApiCredential,
    refresh_token: Option<&str>,
    base: &BaseUrl,
    options: &RequestOptions,
) -> Request<Body> {
    match operation {
        Operation::Delegate => GetDelegateAccessToken::new(credential).to_request(base, options),
        Operation::Refresh => {
            let refresh_token = RefreshToken::new(refresh_token.unwrap()).unwrap();
            RefreshUserAccessToken::new(credential, refresh_token).to_request(base, options)
        }
        Operation::Delete => DeleteTokenCache::new(credential).to_request(base, options),
    }
    .unwrap()
}

/// The headers of our request, and the `host` that every transport adds.
fn headers_on_the_wire(request: &Request<Body>) -> Vec<(&str, &str)> {
    let host = ("host", request.uri().authority().unwrap().as_str());
    let written = request.headers().iter().map(|(name, value)| match name.as_str() {
        "user-agent" => ("user-agent", "ours"),
        name => (name, value.to_str().unwrap()),
    });
    written.chain([host]).collect()
}

/// Headers by lower-case name. A `content-length` that matches its body compares as `right`.
fn comparable<'a>(headers: Vec<(&'a str, &'a str)>, body_length: usize) -> BTreeMap<String, &'a str> {
    let mut by_name = BTreeMap::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        let value =
            if name == "content-length" && value == body_length.to_string() { "right" } else { value };
        assert!(by_name.insert(name, value).is_none(), "a header occurs twice");
    }
    by_name
}
