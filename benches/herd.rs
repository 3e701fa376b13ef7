//! Ten thousand concurrent callers, for whom a provider makes one acquisition. The service answers once the last of
//! them has come. The floor is a tokio mutex around the same call, which keeps the failure too.
//!
//! `-- --rounds 400` takes more rounds, `-- --only "an expired token"` one herd, `-- --workers 1` one runtime.

#![allow(missing_docs, clippy::unwrap_used)] // a bench may panic

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use cg_auth_benches::{
    interleaved::Contest,
    lifecycle_floor::HerdFloor,
    subjects::{TOKEN, answer, client_over, refusal, secret, seed, user},
};
use cg_auth_core::{ApiCredential, TokenProvider, body::Body, testing::ScriptedTransport};
use http::Response;
use tokio::runtime::{Builder, Runtime};

fn main() {
    let rounds = argument("--rounds").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let only = argument("--only").unwrap_or_default();
    let workers = argument("--workers").map_or(vec![1, 2], |workers| vec![workers.parse().unwrap()]);
    for workers in workers {
        let runtime = Builder::new_multi_thread().worker_threads(workers).enable_time().build().unwrap();
        for herd in [
            Herd { title: "an expired token", held: None, answer: || answer(3600), wants: true },
            Herd { title: "a token of two seconds", held: None, answer: || answer(2), wants: true },
            Herd { title: "a failure", held: None, answer: refusal, wants: false },
            Herd { title: "the early window", held: Some(EARLY), answer: || answer(3600), wants: true },
        ] {
            if herd.title.contains(&only) {
                herd.run(&runtime, workers, rounds);
            }
        }
    }
}

struct Herd {
    title: &'static str,
    /// Lifetime and age of the token that the callers find.
    held: Option<(Duration, Duration)>,
    answer: fn() -> Response<Body>,
    /// Whether the callers get a token.
    wants: bool,
}

impl Herd {
    fn run(&self, runtime: &Runtime, workers: usize, rounds: usize) {
        let mut contest = Contest::new();
        contest.add("floor: tokio::sync::Mutex", || {
            let script = self.script();
            let held = self.held.map(|_| TOKEN);
            let floor = HerdFloor::new(client_over(script.clone()), credential(), held);
            let call = |floor: Arc<HerdFloor>| async move { floor.token().await.is_ok() };
            self.call_all(runtime, &script, &Arc::new(floor), call);
            assert_eq!(script.requests().len(), usize::from(held.is_none()));
        });
        contest.add("token()", || {
            let script = self.script();
            let provider = TokenProvider::new(client_over(script.clone()), user(), secret());
            if let Some((lifetime, age)) = self.held {
                seed(&provider, lifetime, age);
            }
            let call = |provider: TokenProvider| async move { provider.token().await.is_ok() };
            self.call_all(runtime, &script, &provider, call);
            // The early window's may not be on its way yet.
            let fewest = usize::from(self.held.is_none());
            assert!((fewest..=1).contains(&script.requests().len()));
        });
        contest.run(&format!("a herd of {HERD} meets {}, {workers} workers", self.title), rounds);
    }

    fn script(&self) -> ScriptedTransport {
        ScriptedTransport::new().hold_back((self.answer)())
    }
    fn call_all<S: Clone + Send + 'static, F: Future<Output = bool> + Send + 'static>(
        &self,
        runtime: &Runtime,
        script: &ScriptedTransport,
        subject: &S,
        call: impl Fn(S) -> F,
    ) {
        let arrived = Arc::new(AtomicUsize::new(0));
        runtime.block_on(async {
            let spawn = |_| {
                let (arrived, script, call) = (Arc::clone(&arrived), script.clone(), call(subject.clone()));
                tokio::spawn(async move {
                    if arrived.fetch_add(1, Relaxed) + 1 == HERD {
                        script.release();
                    }
                    call.await
                })
            };
            let herd: Vec<_> = (0..HERD).map(spawn).collect();
            for caller in herd {
                assert_eq!(caller.await.unwrap(), self.wants);
            }
        });
    }
}

fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

fn credential() -> ApiCredential {
    ApiCredential::new(secret(), user())
}

const HERD: usize = 10_000;
const ROUNDS: usize = 101;
/// A token that is due for renewal, and that callers do not wait for.
const EARLY: (Duration, Duration) = (Duration::from_secs(100), Duration::from_secs(85));
