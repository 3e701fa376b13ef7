//! The floor: what a program writes by hand for one user.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use http::HeaderValue;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::{
    cache::{Cache, Phase, Refused, bearer},
    service::{HOUR, Service, Shape},
    subject::Subject,
};

/// An `ArcSwap` for the hits, and a tokio mutex for one request at a time.
pub struct Floor {
    entry: ArcSwapOption<Entry>,
    flight: Mutex<()>,
    service: Arc<Service>,
}

struct Entry {
    token: Arc<Token>,
    expires_at: Instant,
}

pub struct Token {
    text: String,
    authorization: HeaderValue,
}

impl Floor {
    /// A cache whose token another task replaces once a second, so that a hit is an `ArcSwap` and a clock.
    pub async fn replaced(service: Arc<Service>) -> Arc<Self> {
        let floor = Arc::new(Self::open(service, Phase::Fresh).await);
        let replaced = Arc::downgrade(&floor);
        tokio::spawn(async move {
            while let Some(floor) = replaced.upgrade() {
                floor.acquire().await.unwrap();
                drop(floor);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        floor
    }

    fn peek(&self) -> Option<Arc<Token>> {
        let entry = self.entry.load_full()?;
        (Instant::now() < entry.expires_at).then(|| Arc::clone(&entry.token))
    }

    async fn current(&self) -> Result<Arc<Token>, Refused> {
        if let Some(token) = self.peek() {
            return Ok(token);
        }
        let _flight = self.flight.lock().await;
        if let Some(token) = self.peek() {
            return Ok(token);
        }
        self.acquire().await
    }

    async fn acquire(&self) -> Result<Arc<Token>, Refused> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            expires_in: u64,
        }
        let answer = self.service.answer(Shape::OAuth).await;
        if !answer.status().is_success() {
            return Err(answer.status().as_str().into());
        }
        let answer: Answer = serde_json::from_slice(answer.body())?;
        let authorization = bearer(&answer.access_token)?;
        let token = Arc::new(Token { text: answer.access_token, authorization });
        let expires_at = Instant::now() + Duration::from_secs(answer.expires_in);
        self.entry.store(Some(Arc::new(Entry { token: Arc::clone(&token), expires_at })));
        Ok(token)
    }
}

impl Cache for Floor {
    const SUBJECT: Subject = Subject::Floor;
    const TURNOVER: u64 = 1;

    async fn open(service: Arc<Service>, phase: Phase) -> Self {
        service.set_lifetime(if phase == Phase::Expired { 0 } else { HOUR });
        let floor = Self { entry: ArcSwapOption::empty(), flight: Mutex::new(()), service };
        floor.acquire().await.unwrap();
        floor.service.set_lifetime(HOUR);
        floor
    }

    async fn token(&self) -> Result<usize, Refused> {
        Ok(self.current().await?.text.len())
    }

    async fn header(&self) -> Result<HeaderValue, Refused> {
        Ok(self.current().await?.authorization.clone())
    }
}
