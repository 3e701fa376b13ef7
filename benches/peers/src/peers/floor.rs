//! The floors: what a program writes by hand, with the least that anybody could do.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use http::HeaderValue;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::{
    cache::{Cache, Phase, Refused, bearer},
    lifecycle_floor::HitFloor,
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
    /// A cache whose token somebody else replaces once a second, so that a hit is an `ArcSwap` and a clock.
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

/// The cached tokens of many users: a map in shards, and in it what a hit of one user costs.
pub struct PoolFloor {
    shards: Vec<RwLock<HashMap<String, Arc<HitFloor>>>>,
    hasher: RandomState,
}

impl PoolFloor {
    pub fn new(users: &[String], token: &str) -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        let pool = Self { shards, hasher: RandomState::new() };
        for user in users {
            let entry = Arc::new(HitFloor::new(token));
            pool.shard(user).write().unwrap().insert(user.clone(), entry);
        }
        pool
    }

    pub fn token(&self, user: &str) -> usize {
        let shard = self.shard(user).read().unwrap();
        shard[user].peek().unwrap().text.len()
    }

    fn shard(&self, user: &str) -> &RwLock<HashMap<String, Arc<HitFloor>>> {
        &self.shards[self.hasher.hash_one(user) as usize % SHARDS]
    }
}

const SHARDS: usize = 16;
