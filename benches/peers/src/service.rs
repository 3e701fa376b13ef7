//! [`Service`]: the token endpoint of every subject, with a count of its requests.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Response, StatusCode};

/// In which form an answer holds its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The envelope of Cloud Governance.
    Envelope,
    /// RFC 6749, section 5.1.
    OAuth,
}

impl Shape {
    /// The answer to the request for `path`, as the subjects ask.
    pub fn of_path(path: &str) -> Self {
        if path.contains("/auth/token/") { Self::Envelope } else { Self::OAuth }
    }

    /// An answer of 1.6 KB, whose token lives for `seconds`.
    pub fn body(self, seconds: u64) -> String {
        let (access, refresh) = (token(), "cmVmcmVzaC10b2tlbg==".repeat(24));
        match self {
            Self::Envelope => format!(
                r#"{{"value":{{"access_token":"{access}","refresh_token":"{refresh}","duration":{seconds}}},"isSuccess":true,"errorMsg":null}}"#
            ),
            Self::OAuth => format!(
                r#"{{"access_token":"{access}","refresh_token":"{refresh}","expires_in":{seconds},"token_type":"Bearer"}}"#
            ),
        }
    }
}

/// As long as a JWT with a handful of claims.
pub fn token() -> String {
    "eyJhbGciOiJIUzI1NiJ9".repeat(50)
}

/// A token endpoint in this process.
#[derive(Debug)]
pub struct Service {
    requests: AtomicUsize,
    answers: Mutex<[Bytes; 2]>,
    time_of_an_answer: AtomicU64,
    is_down: AtomicBool,
}

impl Service {
    /// An endpoint that answers at once with tokens for an hour.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            requests: AtomicUsize::new(0),
            answers: Mutex::new(answers(HOUR)),
            time_of_an_answer: AtomicU64::new(0),
            is_down: AtomicBool::new(false),
        })
    }

    pub fn set_lifetime(&self, seconds: u64) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = answers(seconds);
    }

    /// How long each answer takes.
    pub fn set_time_of_an_answer(&self, time: Duration) {
        self.time_of_an_answer.store(u64::try_from(time.as_micros()).unwrap(), Relaxed);
    }

    /// Answers every request with 503 from now on.
    pub fn set_down(&self) {
        self.is_down.store(true, Relaxed);
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Relaxed)
    }

    pub async fn answer(&self, shape: Shape) -> Response<Bytes> {
        self.requests.fetch_add(1, Relaxed);
        match self.time_of_an_answer.load(Relaxed) {
            0 => {}
            micros => tokio::time::sleep(Duration::from_micros(micros)).await,
        }
        let mut response = Response::new(Bytes::from_static(b"{}"));
        if self.is_down.load(Relaxed) {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        } else {
            let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            *response.body_mut() = answers[shape as usize].clone();
        }
        response.headers_mut().insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json; charset=utf-8"),
        );
        response
    }
}

fn answers(seconds: u64) -> [Bytes; 2] {
    [Shape::Envelope, Shape::OAuth].map(|shape| shape.body(seconds).into())
}

pub const HOUR: u64 = 3600;
