//! The slow end of a hit under turnover: the cache renews its token about once a second while tasks ask for it on
//! schedule, and the service takes its time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{runtime::Runtime, time::sleep_until};

use crate::{
    cache::{Cache, Phase, for_each_cache},
    effort::Effort,
    herds::ANSWER,
    peers::floor::Floor,
    service::Service,
    subject::Subject,
    table::{Row, median, rounded},
};

pub fn measure(runtime: &Runtime, effort: Effort) -> Vec<Row> {
    let mut row = Row::new("turnover", "cache", "p99.9 of a hit while the token is renewed once a second");
    let rounds = if effort.is_quick { 1 } else { 2 };
    let floor = median((0..rounds).map(|_| runtime.block_on(tail_of_floor()).as_secs_f64()));
    for_each_cache!(add(&mut row, runtime, rounds, floor));
    row.set(Subject::Floor, 1.0, rounded(1.0));
    vec![row]
}

fn add<C: Cache>(row: &mut Row, runtime: &Runtime, rounds: usize, floor: f64) {
    if C::SUBJECT == Subject::Floor {
        return;
    }
    let share = median((0..rounds).map(|_| runtime.block_on(tail_of::<C>()).as_secs_f64())) / floor;
    row.set(C::SUBJECT, share, rounded(share));
}

async fn tail_of_floor() -> Duration {
    let service = Service::new();
    let floor = Floor::replaced(Arc::clone(&service)).await;
    service.set_time_of_an_answer(ANSWER);
    tail(floor).await
}

async fn tail_of<C: Cache>() -> Duration {
    let service = Service::new();
    let cache = Arc::new(C::open(Arc::clone(&service), Phase::Expired).await);
    service.set_lifetime(C::TURNOVER);
    service.set_time_of_an_answer(ANSWER);
    tail(cache).await
}

/// The 99.9th percentile of the time from a call to its token.
async fn tail<C: Cache>(cache: Arc<C>) -> Duration {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(4096);
                let mut next = begun + WARM_UP;
                let _ = cache.token().await;
                while next < begun + WARM_UP + LENGTH {
                    sleep_until(next.into()).await;
                    let asked = Instant::now();
                    cache.token().await.unwrap();
                    let mut time = asked.elapsed();
                    times.push(time);
                    // The calls that this one kept from being made waited too.
                    while time > INTERVAL {
                        time -= INTERVAL;
                        times.push(time);
                    }
                    next = Instant::now().max(next + INTERVAL);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times.sort_unstable();
    times[times.len() - 1 - times.len() / 1000]
}

const TASKS: usize = 8;
const INTERVAL: Duration = Duration::from_millis(2);
const WARM_UP: Duration = Duration::from_millis(200);
const LENGTH: Duration = Duration::from_millis(2500);
