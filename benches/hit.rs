//! What reading a cached token costs, through each method of the provider. The floor is an `ArcSwap` load and
//! a clock reading.

#![allow(missing_docs, clippy::unwrap_used)] // a bench may panic

use std::{hint::black_box, sync::Arc};

use cg_auth_benches::{interleaved::Contest, lifecycle_floor::HitFloor};
use cg_auth_core::{TokenProvider, TokenSource};
use cg_auth_ureq::BlockingTokenProvider;
use tokio::runtime::{Builder, Runtime};

use cg_auth_benches::subjects::{TOKEN, provider, ready, sharing_provider};

fn main() {
    let (floor, provider) = (Arc::new(HitFloor::new(TOKEN)), provider());
    one_thread(&floor, &provider);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    for tasks in [2, 8, 64] {
        many_tasks(&runtime, tasks, &floor, &provider);
    }
}

fn one_thread(floor: &Arc<HitFloor>, provider: &TokenProvider) {
    let source: &dyn TokenSource = provider;
    let blocking = BlockingTokenProvider::from(provider.clone());
    let sharing = sharing_provider();
    let mut contest = Contest::new();
    contest.add("floor: load_full, Instant::now, Arc clone", || {
        repeat(|| ready(floor.token()).map(|token| black_box(token.text.len())));
    });
    contest.add("token()", || {
        repeat(|| ready(provider.token()).map(|token| black_box(token.expose_secret().len())));
    });
    contest.add("token() with a store", || {
        repeat(|| ready(sharing.token()).map(|token| black_box(token.expose_secret().len())));
    });
    contest.add("peek()", || {
        repeat(|| provider.peek().map(|token| black_box(token.expose_secret().len())));
    });
    contest.add("with_token()", || {
        repeat(|| ready(provider.with_token(|token| black_box(token.expose_secret().len()))));
    });
    contest.add("token() of a dyn TokenSource", || {
        repeat(|| ready(source.token()).map(|token| black_box(token.expose_secret().len())));
    });
    contest.add("token() of a BlockingTokenProvider", || {
        repeat(|| blocking.token().map(|token| black_box(token.expose_secret().len())));
    });
    contest.add("with_token() of a BlockingTokenProvider", || {
        repeat(|| blocking.with_token(|token| black_box(token.expose_secret().len())));
    });
    contest.run("a hit, one thread", ROUNDS);

    with_and_without_a_store(provider, &sharing);

    let mut contest = Contest::new();
    contest.add("floor, and HeaderValue clone", || {
        repeat(|| ready(floor.authorization()).map(|value| black_box(value.len())));
    });
    contest.add("authorization()", || {
        repeat(|| ready(provider.authorization()).map(|value| black_box(value.len())));
    });
    contest.add("authorization() of a BlockingTokenProvider", || {
        repeat(|| blocking.authorization().map(|value| black_box(value.len())));
    });
    contest.run("a header, one thread", ROUNDS);
}

/// The turns are short, so that other load of the machine meets few of them.
fn with_and_without_a_store(provider: &TokenProvider, sharing: &TokenProvider) {
    fn turn(provider: &TokenProvider) {
        for _ in 0..HITS_OF_A_SHORT_TURN {
            black_box(ready(provider.token()).map(|token| black_box(token.expose_secret().len()))).unwrap();
        }
    }
    let mut contest = Contest::new();
    contest.add("token() without a store", || turn(provider));
    contest.add("token() with a store", || turn(sharing));
    contest.add("token() without a store, again", || turn(provider));
    contest.run("a hit with and without a store", SHORT_ROUNDS);
}

fn many_tasks(runtime: &Runtime, tasks: usize, floor: &Arc<HitFloor>, provider: &TokenProvider) {
    /// Spawns `tasks` tasks, each of which makes its share of the hits.
    macro_rules! contested {
        ($subject:expr, |$own:ident| $hit:expr) => {
            || {
                let spawned: Vec<_> = (0..tasks)
                    .map(|_| {
                        let $own = $subject.clone();
                        runtime.spawn(async move {
                            for _ in 0..HITS_OF_ALL_TASKS / tasks {
                                black_box($hit);
                            }
                        })
                    })
                    .collect();
                spawned.into_iter().for_each(|task| runtime.block_on(task).unwrap());
            }
        };
    }
    let source: Arc<dyn TokenSource> = Arc::new(provider.clone());
    let mut contest = Contest::new();
    contest.add(
        "floor: load_full, Instant::now, Arc clone",
        contested!(floor, |own| own.token().await.unwrap().text.len()),
    );
    contest.add("token()", contested!(provider, |own| own.token().await.unwrap().expose_secret().len()));
    contest.add("peek()", contested!(provider, |own| own.peek().unwrap().expose_secret().len()));
    contest.add(
        "with_token()",
        contested!(provider, |own| own.with_token(|token| token.expose_secret().len()).await.unwrap()),
    );
    contest.add(
        "token() of a dyn TokenSource",
        contested!(source, |own| own.token().await.unwrap().expose_secret().len()),
    );
    contest.run(&format!("a hit, {tasks} tasks on 2 workers"), ROUNDS);

    let mut contest = Contest::new();
    contest.add(
        "floor, and HeaderValue clone",
        contested!(floor, |own| own.authorization().await.unwrap().len()),
    );
    contest.add("authorization()", contested!(provider, |own| own.authorization().await.unwrap().len()));
    contest.run(&format!("a header, {tasks} tasks on 2 workers"), ROUNDS);
}

fn repeat<T>(mut hit: impl FnMut() -> T) {
    for _ in 0..HITS {
        black_box(hit());
    }
}

const ROUNDS: usize = 101;
const HITS: usize = 100_000;
const SHORT_ROUNDS: usize = 10_001;
const HITS_OF_A_SHORT_TURN: usize = 500;
const HITS_OF_ALL_TASKS: usize = 256_000;
