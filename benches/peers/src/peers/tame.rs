//! tame-oauth: `get_token` gives a token or a request, the program sends the request, and `parse_token_response` keeps
//! the answer (its README). The credentials of an end user need no signature, as those of cg-auth.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use tame_oauth::{
    Token,
    gcp::{
        TokenOrRequest, TokenProvider,
        end_user::{EndUserCredentials, EndUserCredentialsInfo, EndUserCredentialsInner},
    },
};

use crate::{
    cache::{Cache, Phase, Refused},
    connectors::LoopbackClient,
    service::{HOUR, Service, Shape},
    subject::Subject,
};

pub struct Tame {
    provider: EndUserCredentials,
    service: Arc<Service>,
}

impl Tame {
    async fn current(&self) -> Result<Token, Refused> {
        match self.provider.get_token(&SCOPES)? {
            TokenOrRequest::Token(token) => Ok(token),
            TokenOrRequest::Request { scope_hash, .. } => {
                let answer = self.service.answer(Shape::OAuth).await;
                Ok(self.provider.parse_token_response(scope_hash, answer)?)
            }
        }
    }
}

impl Cache for Tame {
    const SUBJECT: Subject = Subject::Tame;
    const TURNOVER: u64 = 1;

    async fn open(service: Arc<Service>, phase: Phase) -> Self {
        service.set_lifetime(if phase == Phase::Expired { 0 } else { HOUR });
        let tame = Self { provider: EndUserCredentials::new(info()), service };
        tame.current().await.unwrap();
        tame.service.set_lifetime(HOUR);
        tame
    }

    async fn token(&self) -> Result<usize, Refused> {
        Ok(self.current().await?.access_token.len())
    }

    async fn header(&self) -> Result<HeaderValue, Refused> {
        Ok(self.current().await?.try_into()?)
    }
}

/// Its requests and answers as values, without a cache.
pub struct Wire(EndUserCredentialsInner);

impl Wire {
    pub fn new() -> Self {
        Self(EndUserCredentialsInner::new(info()))
    }

    pub fn build(&self) -> Request<Vec<u8>> {
        match self.0.get_token(&SCOPES).unwrap() {
            TokenOrRequest::Request { request, .. } => request,
            TokenOrRequest::Token(_) => unreachable!("it has no cache"),
        }
    }

    pub fn read(&self, answer: Bytes) -> usize {
        self.0.parse_token_response(0, Response::new(answer)).unwrap().access_token.len()
    }

    pub async fn call(&self, client: &LoopbackClient) -> usize {
        let answer = client.request(self.build().map(|body| Full::new(body.into()))).await.unwrap();
        let (parts, body) = answer.into_parts();
        let answer = Response::from_parts(parts, body.collect().await.unwrap().to_bytes());
        self.0.parse_token_response(0, answer).unwrap().access_token.len()
    }
}

fn info() -> EndUserCredentialsInfo {
    EndUserCredentialsInfo {
        client_id: "client-id".into(),
        client_secret: "dGVzdC1vbmx5LXNlY3JldA==".into(),
        refresh_token: "cmVmcmVzaC10b2tlbg==".into(),
        client_type: "authorized_user".into(),
    }
}

const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/cloud-platform"];
