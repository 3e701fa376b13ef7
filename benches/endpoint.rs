//! What the sans-I/O core costs on top of `http` and `serde`: building the delegate request and reading a
//! token answer.

#![allow(missing_docs, clippy::unwrap_used)] // criterion's macros are undocumented; a bench may panic

use std::hint::black_box;

use cg_auth_benches::endpoint_floor::{Credential, delegate_request, read_token};
use cg_auth_core::{
    ApiCredential, BaseUrl, ClientSecret, UserPrincipalName,
    body::Body,
    endpoint::{Endpoint, GetDelegateAccessToken, RequestOptions},
};
use criterion::{Criterion, criterion_group, criterion_main};
use http::Response;

const BASE_URL: &str = "https://example.com/governance";
const SECRET: &str = "dGVzdC1vbmx5LXNlY3JldA==";
const USER: &str = "someone@example.com";

fn build_request(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("build the delegate request");
    let floor = Credential { client_secret: SECRET, user_principal_name: USER };
    group.bench_function("floor", |bencher| {
        bencher.iter(|| delegate_request(black_box(BASE_URL), black_box(&floor)).unwrap());
    });

    let (base, options, endpoint) = (BaseUrl::parse(BASE_URL).unwrap(), RequestOptions::new(), endpoint());
    group.bench_function("cg-auth-core", |bencher| {
        bencher.iter(|| black_box(&endpoint).to_request(black_box(&base), &options).unwrap());
    });
    group.finish();
}

fn read_answer(criterion: &mut Criterion) {
    // As long as a JWT with a handful of claims.
    let token = "eyJhbGciOiJIUzI1NiJ9".repeat(40);
    let json = format!(
        r#"{{"value":{{"access_token":"{token}","refresh_token":"rt-0002","duration":3600}},"isSuccess":true,"errorMsg":null}}"#
    );
    let mut group = criterion.benchmark_group("read a token answer");
    let response = Response::new(json.clone().into());
    group.bench_function("floor", |bencher| bencher.iter(|| read_token(black_box(&response)).unwrap()));

    let (endpoint, body) = (endpoint(), Body::from(json));
    group.bench_function("cg-auth-core", |bencher| {
        bencher.iter(|| black_box(&endpoint).read(Response::new(black_box(&body).clone())).unwrap());
    });
    group.finish();
}

fn endpoint() -> GetDelegateAccessToken {
    let secret = ClientSecret::new(SECRET).unwrap();
    GetDelegateAccessToken::new(ApiCredential::new(secret, UserPrincipalName::new(USER).unwrap()))
}

criterion_group!(benches, build_request, read_answer);
criterion_main!(benches);
