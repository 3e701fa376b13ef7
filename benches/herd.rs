//! Ten thousand concurrent callers of an empty provider, which makes one acquisition for all of them. The
//! floor is a tokio mutex around the same call.

#![allow(missing_docs, clippy::unwrap_used)] // a bench may panic

use std::{hint::black_box, sync::Arc};

use cg_auth_benches::{interleaved::Contest, lifecycle_floor::HerdFloor};
use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName};
use tokio::runtime::Builder;

use cg_auth_benches::subjects::{client, empty_provider, provider};

fn main() {
    black_box(provider());
    for workers in [1, 2] {
        let runtime = Builder::new_multi_thread().worker_threads(workers).enable_time().build().unwrap();
        let mut contest = Contest::new();
        contest.add("floor: tokio::sync::Mutex", || {
            let credential = ApiCredential::new(
                ClientSecret::new("c2VjcmV0").unwrap(),
                UserPrincipalName::new("someone@example.com").unwrap(),
            );
            let floor = Arc::new(HerdFloor::new(client(), credential));
            runtime.block_on(async {
                let herd: Vec<_> = (0..HERD)
                    .map(|_| {
                        let floor = Arc::clone(&floor);
                        tokio::spawn(async move { floor.token().await.unwrap().len() })
                    })
                    .collect();
                for caller in herd {
                    black_box(caller.await.unwrap());
                }
            });
        });
        contest.add("token()", || {
            let provider = empty_provider();
            runtime.block_on(async {
                let herd: Vec<_> = (0..HERD)
                    .map(|_| {
                        let provider = provider.clone();
                        tokio::spawn(async move { provider.token().await.unwrap().expose_secret().len() })
                    })
                    .collect();
                for caller in herd {
                    black_box(caller.await.unwrap());
                }
            });
        });
        contest.run(&format!("a herd of {HERD}, {workers} workers"), ROUNDS);
    }
}

const HERD: usize = 10_000;
const ROUNDS: usize = 51;
