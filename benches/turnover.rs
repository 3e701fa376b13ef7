//! The slowest hits while another thread replaces the token all the time: of a thousand, all but one are faster than
//! the figure. The floor is an `ArcSwap`, its peer the `RwLock` of tokio.

#![allow(missing_docs, clippy::unwrap_used)] // a bench may panic
#![allow(clippy::print_stdout, clippy::disallowed_methods)] // a benchmark times and prints

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use cg_auth_benches::{
    lifecycle_floor::HitFloor,
    pool_floor::PoolFloor,
    subjects::{TOKEN, pool, provider, ready, seed, users},
};
use cg_auth_core::UserPrincipalName;
use tokio::sync::RwLock;

/// A name, one hit, and one replacement of the token.
type Subject<'a> = (&'a str, &'a dyn Fn(), &'a (dyn Fn() + Sync));

fn main() {
    let (hour, users) = (Duration::from_secs(3600), users(1000));
    let (floor, lock) = (HitFloor::new(TOKEN), RwLock::new(Arc::new(TOKEN.to_owned())));
    let pool_floor = PoolFloor::new(users.iter().map(UserPrincipalName::as_str), TOKEN);
    let (provider, pool, user) = (provider(), pool(&users), &users[0]);
    let subjects: [Subject<'_>; 5] = [
        ("floor: ArcSwap, Instant::now, Arc clone", &|| drop(black_box(floor.peek())), &|| {
            floor.replace(TOKEN);
        }),
        ("a tokio RwLock, without a clock", &|| drop(black_box(read(&lock))), &|| {
            *lock.blocking_write() = Arc::new(TOKEN.to_owned());
        }),
        ("token()", &|| drop(black_box(ready(provider.token()).unwrap())), &|| {
            seed(&provider, hour, Duration::ZERO);
        }),
        ("sharded map, ArcSwap, coarse clock", &|| drop(black_box(pool_floor.peek(user.as_str()))), &|| {
            pool_floor.replace(user.as_str(), TOKEN);
        }),
        ("for_user() and token()", &|| drop(black_box(ready(pool.for_user(user).token()).unwrap())), &|| {
            seed(&pool.for_user(user), hour, Duration::ZERO);
        }),
    ];
    let mut slowest: Vec<Vec<Duration>> = vec![Vec::new(); subjects.len()];
    for _ in 0..ROUNDS {
        for ((_, hit, replace), slowest) in subjects.iter().zip(&mut slowest) {
            slowest.push(slowest_hit(hit, replace));
        }
    }
    println!("\na hit under turnover, {ROUNDS} rounds of {HITS} hits: the 99.9th percentile");
    for ((name, ..), own) in subjects.iter().zip(&slowest) {
        let shares = own.iter().zip(&slowest[0]).map(|(own, floor)| own.as_secs_f64() / floor.as_secs_f64());
        let (share, time) = (median(shares.collect(), f64::total_cmp), median(own.clone(), Ord::cmp));
        println!("  {name:<44} {time:>9.0?}, {share:.2} of the floor");
    }
}

/// The 99.9th percentile of hits that are timed one by one.
fn slowest_hit(hit: &dyn Fn(), replace: &(dyn Fn() + Sync)) -> Duration {
    let has_ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !has_ended.load(Relaxed) {
                replace();
                thread::sleep(PAUSE);
            }
        });
        let mut times: Vec<_> = (0..HITS)
            .map(|_| {
                let begun = Instant::now();
                hit();
                begun.elapsed()
            })
            .collect();
        has_ended.store(true, Relaxed);
        times.sort();
        times[HITS * 999 / 1000]
    })
}

/// The lock may be taken, so a hit may have to wait.
fn read(lock: &RwLock<Arc<String>>) -> Arc<String> {
    match lock.try_read() {
        Ok(token) => Arc::clone(&token),
        Err(_) => Arc::clone(&lock.blocking_read()),
    }
}

fn median<T: Copy>(mut values: Vec<T>, order: impl FnMut(&T, &T) -> std::cmp::Ordering) -> T {
    values.sort_by(order);
    values[values.len() / 2]
}

const ROUNDS: usize = 101;
const HITS: usize = 50_000;
/// Between two replacements.
const PAUSE: Duration = Duration::from_micros(20);
