//! What a hit of a pool costs: `for_user`, and the cached token of its provider. The floor is a sharded map, an
//! `ArcSwap` and a coarse clock.

#![allow(missing_docs, clippy::unwrap_used)] // a bench may panic

use std::{hint::black_box, sync::Arc};

use cg_auth_benches::{
    interleaved::Contest,
    pool_floor::PoolFloor,
    subjects::{TOKEN, pool, provider, ready, users},
};
use cg_auth_core::{TokenPool, TokenProvider, UserPrincipalName};
use tokio::runtime::{Builder, Runtime};

fn main() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let provider = provider();
    for count in [1, 1000] {
        let users: Arc<[_]> = users(count).into();
        let floor = Arc::new(PoolFloor::new(users.iter().map(UserPrincipalName::as_str), TOKEN));
        let pool = pool(&users);
        one_thread(&users, &floor, &pool, &provider);
        for tasks in [2, 64] {
            many_tasks(&runtime, tasks, &users, &floor, &pool);
        }
    }
}

fn one_thread(users: &[UserPrincipalName], floor: &PoolFloor, pool: &TokenPool, provider: &TokenProvider) {
    let mut contest = Contest::new();
    contest.add("floor: sharded map, ArcSwap, coarse clock", || {
        for user in users.iter().cycle().take(HITS) {
            black_box(ready(floor.token(user.as_str())).unwrap().text.len());
        }
    });
    contest.add("for_user() and token()", || {
        for user in users.iter().cycle().take(HITS) {
            black_box(ready(pool.for_user(user).token()).unwrap().expose_secret().len());
        }
    });
    contest.add("for_user() and with_token()", || {
        for user in users.iter().cycle().take(HITS) {
            let token = pool.for_user(user);
            black_box(ready(token.with_token(|token| token.expose_secret().len())).unwrap());
        }
    });
    contest.add("for_user()", || {
        for user in users.iter().cycle().take(HITS) {
            drop(black_box(pool.for_user(user)));
        }
    });
    contest.add("a provider without a pool: token()", || {
        for _ in 0..HITS {
            black_box(ready(provider.token()).unwrap().expose_secret().len());
        }
    });
    contest.run(&format!("a hit of a pool, {} users, one thread", users.len()), ROUNDS);
}

fn many_tasks(
    runtime: &Runtime,
    tasks: usize,
    users: &Arc<[UserPrincipalName]>,
    floor: &Arc<PoolFloor>,
    pool: &TokenPool,
) {
    /// Spawns `tasks` tasks, each of which makes its share of the hits and begins with a user of its own.
    macro_rules! contested {
        (|$user:ident, $own:ident = $subject:ident| $hit:expr) => {
            || {
                let spawn = |task: usize| {
                    let ($own, users) = ($subject.clone(), Arc::clone(users));
                    runtime.spawn(async move {
                        let begin = task * users.len() / tasks;
                        for $user in users.iter().cycle().skip(begin).take(HITS_OF_ALL_TASKS / tasks) {
                            black_box($hit);
                        }
                    })
                };
                let spawned: Vec<_> = (0..tasks).map(spawn).collect();
                spawned.into_iter().for_each(|task| runtime.block_on(task).unwrap());
            }
        };
    }
    let mut contest = Contest::new();
    contest.add(
        "floor: sharded map, ArcSwap, coarse clock",
        contested!(|user, own = floor| own.token(user.as_str()).await.unwrap().text.len()),
    );
    contest.add(
        "for_user() and token()",
        contested!(|user, own = pool| own.for_user(user).token().await.unwrap().expose_secret().len()),
    );
    contest.add(
        "for_user() and with_token()",
        contested!(|user, own = pool| {
            let provider = own.for_user(user);
            provider.with_token(|token| token.expose_secret().len()).await.unwrap()
        }),
    );
    contest.run(&format!("a hit of a pool, {} users, {tasks} tasks on 2 workers", users.len()), ROUNDS);
}

const ROUNDS: usize = 501;
/// Few, so that other programs interrupt few turns.
const HITS: usize = 4_000;
const HITS_OF_ALL_TASKS: usize = 32_000;
