//! After a call, the memory of this process holds no copy of the client secret or of a token.
//!
//! This is a program of its own with one test, because a second thread would keep secrets of its own.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic in a test helper is a test failure

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

use cg_auth_core::{
    ApiCredential, AuthClient, ClientSecret, RetryPolicy, TokenProvider, UserPrincipalName,
    body::Body,
    model::RefreshToken,
    testing::{ManualClock, ScriptedTransport},
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

const LENGTH: usize = 96;

/// An allocator writes its own bytes to the start of freed memory, so a trace is a part from the middle on.
const PART: std::ops::Range<usize> = 40..64;

/// The number of places in this process's writable memory that hold the middle of a canary.
fn traces(seed: u8) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    let mut buffer = Zeroizing::new(vec![0_u8; 1 << 16]);
    for line in maps.lines().filter(|line| line.contains(" rw-p ") && !line.contains("[stack]")) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut at = start;
        while at < end {
            let length = usize::try_from(end - at).unwrap().min(buffer.len());
            memory.seek(SeekFrom::Start(at)).unwrap();
            if memory.read_exact(&mut buffer[..length]).is_err() {
                break;
            }
            let is_part =
                |bytes: &[u8]| PART.zip(bytes).all(|(at, byte)| letter(seed, at) == char::from(*byte));
            found += buffer[..length].windows(PART.len()).filter(|bytes| is_part(bytes)).count();
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
fn answer(status: u16, body: &Zeroizing<String>) -> Response<Body> {
    let mut collector = cg_auth_core::body::BodyCollector::new(Body::DEFAULT_LIMIT);
    for piece in body.as_bytes().chunks(7) {
        collector.push(piece).unwrap();
    }
    let mut response = Response::new(collector.finish());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}

/// A document with the canaries of `seeds` in the places of `#`, written with and without escapes.
fn document(template: &str, seeds: &[u8], escape: bool) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let mut seeds = seeds.iter();
    for letter in template.chars() {
        match (letter, seeds.clone().next()) {
            ('#', Some(seed)) => {
                seeds.next();
                text.push_str(&canary(*seed)[..48]);
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
    assert!(traces(CONTROL) >= 1, "the search finds a text that is there");
    drop(control);
    assert_eq!(traces(CONTROL), 0, "the search finds its own memory");

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for escape in [false, true] {
        let success = r##"{"value":{"access_token":"#","refresh_token":"#","duration":3600},"isSuccess":true,"errorMsg":"for #"}"##;
        let refusal = r##"{"code":"#","message":["no, #","#"],"requestId":"#","detail":"#","value":{"access_token":"#"}}"##;
        let seeds = [ACCESS, REFRESH, ACCESS];
        let transport = ScriptedTransport::new()
            .answer(answer(200, &document(success, &seeds, escape)))
            .answer(answer(200, &document(success, &seeds, escape)))
            .answer(answer(
                500,
                &document(refusal, &[SECRET, SECRET, ACCESS, ACCESS, REFRESH, ACCESS], escape),
            ))
            .answer(answer(200, &document(success, &seeds, escape)))
            .answer(answer(403, &document("secret # and token # ", &[SECRET, ACCESS], escape)))
            .answer(answer(403, &document("secret # and token # ", &[SECRET, ACCESS], escape)))
            .answer(answer(200, &Zeroizing::new("{}".to_owned())));
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
        runtime.block_on(async {
            client.get_delegate_access_token(&credential).await.unwrap();
            client.refresh_user_access_token(&credential, &token).await.unwrap();
            client.get_delegate_access_token(&credential).await.unwrap_err();
            let provider = TokenProvider::new(client.clone(), user, secret);
            let token = provider.token().await.unwrap();
            let header = provider.authorization().await.unwrap();
            provider.invalidate(&token);
            let error = provider.token().await.unwrap_err();
            drop((token, header, provider, format!("{error:?} {error}")));
            client.delete_token_cache(&credential).await.unwrap();
        });
        drop((client, credential, token));
        for (seed, name) in [(SECRET, "secret"), (ACCESS, "access token"), (REFRESH, "refresh token")] {
            assert_eq!(traces(seed), 0, "copies of the {name} are left; escaped: {escape}");
        }
    }
}
