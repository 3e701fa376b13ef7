//! A call frees no memory that holds the client secret or a token, and leaves no copy of them anywhere else.
//!
//! This is a program of its own with one test, because a second thread would keep secrets of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic in a test helper is a test failure

mod watching_allocator;

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use cg_auth_core::{
    ApiCredential, AuthClient, ClientSecret, RetryPolicy, TokenProvider, UserPrincipalName,
    body::Body,
    endpoint::{Endpoint, GetDelegateAccessToken},
    model::RefreshToken,
    testing::{ManualClock, ScriptedTransport},
    token::JwtClaims,
};
use http::Response;
use zeroize::Zeroizing;

/// A text that stands nowhere in the program: it is made anew from its seed whenever it is needed.
fn canary(seed: u8) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(LENGTH));
    for at in 0..LENGTH {
        text.push(letter(seed, at));
    }
    text
}

fn letter(seed: u8, at: usize) -> char {
    let mixed =
        (at as u64 + 1).wrapping_mul(u64::from(seed) + 0x9E37_79B9).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[(mixed >> 40) as usize % 32])
}

/// Whether `block` holds the start, the middle or the end of a canary, in any case.
fn holds_a_part(block: &[u8]) -> bool {
    let parts = [SECRET, ACCESS, REFRESH].map(|seed| PARTS.map(|part| (seed, part)));
    let parts = parts.as_flattened();
    let first = |(seed, part): &(u8, usize)| letter(*seed, *part).to_ascii_lowercase() as u8;
    let firsts: [u8; 9] = std::array::from_fn(|at| first(&parts[at]));
    block.windows(PART.len()).any(|window| {
        let start = window[0].to_ascii_lowercase();
        firsts.contains(&start)
            && parts.iter().any(|(seed, part)| {
                let mut letters = (*part..).map(|at| letter(*seed, at));
                window
                    .iter()
                    .all(|byte| letters.next().is_some_and(|it| it.eq_ignore_ascii_case(&char::from(*byte))))
            })
    })
}

/// Where a part of a canary begins that is as long as [`PART`].
const PARTS: [usize; 3] = [0, 40, LENGTH - 24];

const LENGTH: usize = 96;

/// An allocator writes its own bytes to the start of freed memory, so a trace is a part from the middle on.
const PART: std::ops::Range<usize> = 40..64;

/// The number of places in this process's writable memory that hold the middle of a canary of `seeds`.
fn traces(seeds: &[u8]) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    let zeros = vec![0_u8; 1 << 12];
    let mut buffer = Zeroizing::new(zeros.clone());
    let firsts: Vec<_> = seeds.iter().map(|seed| letter(*seed, PART.start) as u8).collect();
    for line in maps.lines().filter(|line| line.contains(" rw-p ") && !line.contains("[stack]")) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        // Nothing zeroes the stack, of which the next calls overwrite another part each time.
        if (start..end).contains(&(std::ptr::from_ref(&found).addr() as u64)) {
            continue;
        }
        let mut at = start;
        while at < end {
            let length = usize::try_from(end - at).unwrap().min(buffer.len());
            memory.seek(SeekFrom::Start(at)).unwrap();
            if memory.read_exact(&mut buffer[..length]).is_err() {
                break;
            }
            let is_of = |seed: u8, bytes: &[u8]| {
                PART.zip(bytes).all(|(at, byte)| letter(seed, at) == char::from(*byte))
            };
            let is_part =
                |bytes: &[u8]| firsts.contains(&bytes[0]) && seeds.iter().any(|seed| is_of(*seed, bytes));
            if buffer[..length] != zeros[..length] {
                let windows = buffer[..length].windows(PART.len());
                found += windows.filter(|bytes| is_part(bytes)).count();
            }
            // The buffer itself is in this memory.
            buffer.fill(0);
            if length < PART.len() {
                break;
            }
            at += (length - PART.len() + 1) as u64;
        }
    }
    found
}

/// An answer that a transport collects piece by piece, as the transports of this workspace do.
fn answer(status: u16, body: &[u8]) -> Response<Body> {
    let mut collector = cg_auth_core::body::BodyCollector::new(Body::DEFAULT_LIMIT);
    for piece in body.chunks(7) {
        collector.push(piece).unwrap();
    }
    let mut response = Response::new(collector.finish());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}

/// A document with the canaries of `seeds` in the places of `#`, with or without an escape before each.
fn document(template: &str, seeds: &[u8], escape: bool) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let mut seeds = seeds.iter();
    for letter in template.chars() {
        match (letter, seeds.clone().next()) {
            ('#', Some(seed)) => {
                seeds.next();
                text.push_str(&canary(CONTROL)[..48]);
                if escape {
                    text.push_str("\\u002B\\/");
                }
                text.push_str(&canary(*seed));
            }
            _ => text.push(letter),
        }
    }
    assert!(text.capacity() == 4096, "the document did not grow");
    text
}

const SECRET: u8 = 1;
const ACCESS: u8 = 2;
const REFRESH: u8 = 3;
const CONTROL: u8 = 4;

#[test]
fn no_copy_of_a_secret_or_token_is_left_after_a_call() {
    let control = canary(CONTROL);
    assert!(traces(&[CONTROL]) >= 1, "the search finds a text that is there");
    drop(control);
    assert_eq!(traces(&[CONTROL]), 0, "the search finds its own memory");

    watching_allocator::watch(holds_a_part);
    drop(std::mem::take(&mut *canary(SECRET)));
    drop(canary(ACCESS).to_lowercase());
    assert_eq!(watching_allocator::freed_secrets().len(), 2, "the allocator sees a text that is freed");

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for escape in [false, true] {
        runtime.block_on(all_calls(escape));
        assert_no_secret_was_freed(&format!("calls, escaped: {escape}"));
        assert_eq!(traces(&[SECRET, ACCESS, REFRESH]), 0, "copies are left; escaped: {escape}");
        for (status, template) in ANSWERS {
            // An error keeps no part of what was sent, wherever it stands in the answer.
            read(status, &document(template, &[SECRET; 8], escape));
            assert_no_secret_was_freed(&format!("{template}, escaped: {escape}"));
        }
    }
    for end in ["", "!", "=="] {
        let payload = document(r##"{"sub":"#","exp":7}"##, &[ACCESS], false);
        let mut token = Zeroizing::new(String::with_capacity(4096));
        token.push_str("e30.");
        URL_SAFE_NO_PAD.encode_string(&*payload, &mut token);
        token.push_str(end);
        token.push_str(".c2ln");
        let _ = JwtClaims::read(&token);
        drop((payload, token));
        assert_no_secret_was_freed(&format!("claims that end with {end:?}"));
    }
}

fn assert_no_secret_was_freed(what: &str) {
    let freed = watching_allocator::freed_secrets();
    assert!(freed.is_empty(), "{what}: {} blocks\n{}", freed.len(), freed.join("\n"));
}

/// Answers that are refused, or of which a part is not used.
const ANSWERS: [(u16, &str); 22] = [
    (200, r##"{"value":null,"isSuccess":true,"errorMsg":"for #"}"##),
    (200, r##"{"value":[],"isSuccess":true,"errorMsg":"#"}"##),
    (200, r##"{"value":["#"],"errorMsg":["#"],"isSuccess":"#"}"##),
    (200, r##"{"errorMsg":"#","value":{"access_token":"#","refresh_token":7,"duration":"#"}}"##),
    (200, r##"{"errorMsg":"#","value":{"access_token":"#"},"isSuccess":false}"##),
    (200, r##"{"errorMsg":"#","value":{"access_token":"#","refresh_token":"#"##),
    (200, r##"{"errorMsg":"#","value":{"access_token":"#"}},"#""##),
    (200, r##"{"errorMsg":"#","ErrorMsg":"#","errorMsg":"#","error_msg":["#"]}"##),
    (200, r##"{"value":{"access_token":"#","accessToken":"#","access_token":"#"},"isSuccess":true}"##),
    (200, r##"{"value":{"accessToken":"#"},"Value":{"accessToken":"#"},"value":"#","isSuccess":true}"##),
    (200, r##"{"#":"#","value":{"#":1}}"##),
    (200, r##"["#"]"##),
    (200, "#"),
    (302, r##"{"errorMsg":"#"}"##),
    (401, r##"{"code":"#","message":["#",["#"],"#"],"requestId":"#","date":"#"}"##),
    (401, r##"{"code":"#","code":"#","CODE":"#","message":"#","Message":["#"],"message":["#"]}"##),
    (403, r##"{"title":"#","detail":"#","traceId":"#","errorMsg":"#"}"##),
    (403, r##"{"title":"#","detail":"#","traceId":"#","message":"#","requestId":"#","x":["##),
    (404, r##"{"error":{"access_token":"#","tokens":["#"]},"name":"access_token","value":"#"}"##),
    (500, r##"<p>The token "#" and access_token="#", password: #</p>"##),
    (502, "\u{fffd}\u{80} access_token=\"#\" token # client_secret='#'"),
    (503, "Bearer # for #: #=#"),
];

fn read(status: u16, body: &Zeroizing<String>) {
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    let secret = ClientSecret::new(std::mem::take(&mut *canary(SECRET))).unwrap();
    let endpoint = GetDelegateAccessToken::new(ApiCredential::new(secret, user));
    // Bytes that are no UTF-8 grow when they are replaced.
    for invalid in [&[][..], &[0xFF; 20]] {
        let mut bytes = Zeroizing::new(Vec::with_capacity(8192));
        bytes.extend_from_slice(body.as_bytes());
        bytes.extend_from_slice(invalid);
        let mut response = answer(status, &bytes);
        let challenge = Zeroizing::new(["Bearer realm=", &canary(SECRET)].concat());
        response.headers_mut().insert(http::header::WWW_AUTHENTICATE, sensitive(&challenge));
        drop(endpoint.read(response).map(drop).map_err(|error| format!("{error:?} {error}")));
    }
}

/// A header value over memory that is zeroed.
fn sensitive(text: &str) -> http::HeaderValue {
    http::HeaderValue::from_maybe_shared(Body::from(text.to_owned()).into_bytes()).unwrap()
}

async fn all_calls(escape: bool) {
    let success = r##"{"value":{"access_token":"#","refresh_token":"#","duration":3600},"isSuccess":true,"errorMsg":"for #"}"##;
    let refusal =
        r##"{"code":"#","message":["no, #","#"],"requestId":"#","detail":"#","value":{"access_token":"#"}}"##;
    let seeds = [ACCESS, REFRESH, ACCESS];
    let refused = [SECRET, SECRET, ACCESS, ACCESS, REFRESH, ACCESS];
    let text = "secret # and token # ";
    let document = |template, seeds| Zeroizing::new(document(template, seeds, escape).as_bytes().to_vec());
    let transport = ScriptedTransport::new()
        .answer(answer(200, &document(success, &seeds)))
        .answer(answer(200, &document(success, &seeds)))
        .answer(answer(500, &document(refusal, &refused)))
        .answer(answer(200, &document(success, &seeds)))
        .answer(answer(403, &document(text, &[SECRET, ACCESS])))
        .answer(answer(403, &document(text, &[SECRET, ACCESS])))
        .answer(answer(200, b"{}"));
    let client = AuthClient::with_runtime(
        cg_auth_core::BaseUrl::parse("https://example.com").unwrap(),
        transport,
        ManualClock::new(),
    )
    .with_retry_policy(RetryPolicy::none());
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    let secret = ClientSecret::new(std::mem::take(&mut *canary(SECRET))).unwrap();
    let credential = ApiCredential::new(secret.clone(), user.clone());
    let token = RefreshToken::new(std::mem::take(&mut *canary(REFRESH))).unwrap();
    client.get_delegate_access_token(&credential).await.unwrap();
    client.refresh_user_access_token(&credential, &token).await.unwrap();
    client.get_delegate_access_token(&credential).await.unwrap_err();
    let provider = TokenProvider::new(client.clone(), user, secret);
    let issued = provider.token().await.unwrap();
    let header = provider.authorization().await.unwrap();
    provider.invalidate(&issued);
    let error = provider.token().await.unwrap_err();
    drop((issued, header, provider, format!("{error:?} {error}")));
    client.delete_token_cache(&credential).await.unwrap();
}
