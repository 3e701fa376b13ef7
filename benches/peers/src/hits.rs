//! Hits: a valid token and its header from the cache, on one thread and by many tasks; and the pool of many users.

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use tokio::runtime::Runtime;

use crate::{
    cache::{Cache, Phase, for_each_cache},
    counting_allocator::allocations_in,
    effort::Effort,
    interleaved::Contest,
    peers::{cg_auth, smithy::Smithy},
    pool_floor::PoolFloor,
    service::{self, Service},
    subject::Subject,
    table::Row,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    Token,
    Header,
}

pub fn measure(runtime: &Runtime, effort: Effort) -> Vec<Row> {
    let mut rows = Vec::new();
    for (read, key, tasks_key, allocations_key, what) in [
        (Read::Token, "hit", "hit, 64 tasks", "hit, allocations", "a hit"),
        (Read::Header, "header", "header, 64 tasks", "header, allocations", "a header"),
    ] {
        let mut contest = Contest::new();
        for_each_cache!(add_one_thread(&mut contest, runtime, read));
        rows.push(Row::of_shares(
            key,
            "cache",
            format!("{what}, one thread"),
            contest.shares(effort.rounds(21)),
        ));
        for (tasks, key) in [(2, ""), (8, ""), (64, tasks_key)] {
            let mut contest = Contest::new();
            for_each_cache!(add_tasks(&mut contest, runtime, read, tasks));
            let what = format!("{what}, {tasks} tasks");
            rows.push(Row::of_shares(key, "cache", what, contest.shares(effort.rounds(11))));
        }
        let mut row = Row::new(allocations_key, "cache", format!("{what}, allocations"));
        for_each_cache!(count_allocations(&mut row, runtime, read));
        rows.push(row);
    }
    rows.extend(pool(runtime, effort));
    rows
}

fn add_one_thread<'a, C: Cache>(contest: &mut Contest<'a>, runtime: &'a Runtime, read: Read) {
    let cache = runtime.block_on(C::open(Service::new(), Phase::Fresh));
    contest.add(C::SUBJECT.name(), move || {
        let _entered = runtime.enter();
        match read {
            Read::Token => repeat(HITS, || ready(cache.token()).unwrap()),
            Read::Header => repeat(HITS, || ready(cache.header()).unwrap().len()),
        }
    });
}

fn add_tasks<'a, C: Cache>(contest: &mut Contest<'a>, runtime: &'a Runtime, read: Read, tasks: usize) {
    let cache = Arc::new(runtime.block_on(C::open(Service::new(), Phase::Fresh)));
    contest.add(C::SUBJECT.name(), move || {
        let spawned: Vec<_> = (0..tasks)
            .map(|_| {
                let cache = Arc::clone(&cache);
                runtime.spawn(async move {
                    for _ in 0..HITS_OF_ALL_TASKS / tasks {
                        match read {
                            Read::Token => black_box(cache.token().await.unwrap()),
                            Read::Header => black_box(cache.header().await.unwrap().len()),
                        };
                    }
                })
            })
            .collect();
        spawned.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    });
}

fn count_allocations<C: Cache>(row: &mut Row, runtime: &Runtime, read: Read) {
    let cache = runtime.block_on(C::open(Service::new(), Phase::Fresh));
    let _entered = runtime.enter();
    let count = count(|| {
        match read {
            Read::Token => black_box(ready(cache.token()).unwrap()),
            Read::Header => black_box(ready(cache.header()).unwrap().len()),
        };
    });
    row.set(C::SUBJECT, count, format!("{count:.0}"));
}

fn pool(runtime: &Runtime, effort: Effort) -> Vec<Row> {
    let names: Vec<String> = (0..USERS).map(|user| format!("user{user}@example.com")).collect();
    let users: Vec<_> = names.iter().map(|name| cg_auth::user(name)).collect();
    let floor = PoolFloor::new(names.iter().map(String::as_str), &service::token());
    let pool = runtime.block_on(cg_auth::pool(Service::new(), &users));
    let smithy = Smithy::new(&Service::new(), USERS);
    for user in 0..USERS {
        runtime.block_on(smithy.token_of(user)).unwrap();
    }

    let hit_of_floor = |user: usize| ready(floor.token(&names[user])).unwrap().text.len();
    let hit_of_pool = |user: usize| ready(pool.for_user(&users[user]).token()).unwrap().expose_secret().len();
    let hit_of_smithy = |user: usize| ready(smithy.token_of(user)).unwrap();
    let subjects: [(Subject, &(dyn Fn(usize) -> usize + Sync)); 3] =
        [(Subject::Floor, &hit_of_floor), (Subject::CgAuth, &hit_of_pool), (Subject::Smithy, &hit_of_smithy)];
    let what = format!("a hit of one of {USERS} users");
    let mut rows = Vec::new();
    for (key, threads) in [("pool", 1), ("pool, 2 threads", 2)] {
        let mut contest = Contest::new();
        for (subject, hit) in subjects {
            contest.add(subject.name(), move || {
                std::thread::scope(|scope| {
                    for thread in 0..threads {
                        scope.spawn(move || {
                            let _entered = runtime.enter();
                            let mut user = thread * USERS / 2;
                            repeat(HITS, || {
                                user = (user + 1) % USERS;
                                hit(user)
                            });
                        });
                    }
                });
            });
        }
        let what = format!("{what}, {threads} thread{}", if threads == 1 { "" } else { "s" });
        rows.push(Row::of_shares(key, "pool", what, contest.shares(effort.rounds(21))));
    }
    let _entered = runtime.enter();
    let mut row = Row::new("pool, allocations", "pool", format!("{what}, allocations"));
    for (subject, hit) in subjects {
        let count = count(|| sink(hit(7)));
        row.set(subject, count, format!("{count:.0}"));
    }
    rows.push(row);
    rows
}

/// The allocations of one run, once all thread-locals and lazy values exist.
pub fn count(mut run: impl FnMut()) -> f64 {
    (0..10).for_each(|_| run());
    let runs = 100;
    allocations_in(|| (0..runs).for_each(|_| run())) as f64 / f64::from(runs)
}

pub fn repeat<T>(times: usize, mut run: impl FnMut() -> T) {
    for _ in 0..times {
        black_box(run());
    }
}

/// Keeps the compiler from leaving out what made `value`.
pub fn sink<T>(value: T) {
    black_box(value);
}

/// The result of a future that is ready at its first poll.
#[inline]
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the cache holds no valid token"),
    }
}

const HITS: usize = 20_000;
const HITS_OF_ALL_TASKS: usize = 25_600;
const USERS: usize = 1000;
