//! Herds: ten thousand callers at once, and how many requests they cause.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    runtime::Runtime,
    time::{sleep, timeout_at},
};

use crate::{
    cache::{Cache, Phase, for_each_cache},
    effort::Effort,
    interleaved::Contest,
    peers::{azure::Azure, cg_auth::CgAuth, floor::Floor, huskarl::Huskarl, smithy::Smithy},
    service::Service,
    table::{Row, median},
};

#[derive(Debug, Clone, Copy)]
enum Case {
    Expired,
    Early,
    ShortLived,
    Failing,
}

struct Outcome {
    answered: usize,
    time: Duration,
}

pub fn measure(runtime: &Runtime, effort: Effort) -> Vec<Row> {
    let mut rows = beside_the_floor(runtime, effort);
    for (case, key, what) in [
        (Case::Expired, "herd, expired", "the token has expired"),
        (Case::Early, "herd, early", "the token is due for renewal and valid"),
        (Case::ShortLived, "herd, short-lived", "the token has expired, and new ones live for 4 s"),
        (Case::Failing, "herd, failing", "the token has expired, and the service answers 503"),
    ] {
        let mut row = Row::new(key, "cache", what);
        for_each_cache!(add(&mut row, runtime, case, effort));
        rows.push(row);
    }
    rows
}

/// The time of a whole herd on an expired token, beside the floor's: of the subjects that make one request for it.
fn beside_the_floor(runtime: &Runtime, effort: Effort) -> Vec<Row> {
    fn add<'a, C: Cache>(contest: &mut Contest<'a>, runtime: &'a Runtime, answer: Duration) {
        contest.add(C::SUBJECT.name(), move || {
            let service = Service::new();
            let cache = runtime.block_on(C::open(Arc::clone(&service), Phase::Expired));
            service.set_time_of_an_answer(answer);
            let outcome = runtime.block_on(herd(cache));
            assert_eq!(outcome.answered, CALLERS, "{}", C::SUBJECT.name());
        });
    }
    [
        ("herd", ANSWER, "whose service takes 20 ms"),
        ("herd at once", Duration::ZERO, "whose service answers at once"),
    ]
    .map(|(key, answer, what)| {
        let mut contest = Contest::new();
        add::<Floor>(&mut contest, runtime, answer);
        add::<CgAuth>(&mut contest, runtime, answer);
        add::<Huskarl>(&mut contest, runtime, answer);
        add::<Azure>(&mut contest, runtime, answer);
        add::<Smithy>(&mut contest, runtime, answer);
        Row::of_shares(key, "herd", format!("a herd {what}"), contest.shares(effort.rounds(21)))
    })
    .into()
}

fn add<C: Cache>(row: &mut Row, runtime: &Runtime, case: Case, effort: Effort) {
    let (mut outcomes, mut requests) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds(5) {
        let service = Service::new();
        let phase = if matches!(case, Case::Early) { Phase::Early } else { Phase::Expired };
        let cache = runtime.block_on(C::open(Arc::clone(&service), phase));
        service.set_time_of_an_answer(ANSWER);
        match case {
            Case::Expired | Case::Early => {}
            Case::ShortLived => service.set_lifetime(4),
            Case::Failing => service.set_down(),
        }
        let before = service.requests();
        let outcome = runtime.block_on(async {
            let outcome = herd(cache).await;
            // A renewal in the background has begun by then.
            sleep(ANSWER / 4).await;
            outcome
        });
        requests.push((service.requests() - before) as f64);
        let was_cut = outcome.answered < CALLERS;
        outcomes.push(outcome);
        if was_cut {
            break;
        }
    }
    let requests = median(requests);
    let answers = median(outcomes.iter().map(|outcome| outcome.time.as_secs_f64() / ANSWER.as_secs_f64()));
    let last = outcomes.last().unwrap();
    let text = if last.answered < CALLERS {
        format!("{requests:.0}; only {} served", last.answered)
    } else {
        format!("{requests:.0}; {answers:.1}")
    };
    row.set(C::SUBJECT, requests, text);
}

async fn herd<C: Cache>(cache: C) -> Outcome {
    let (cache, answered) = (Arc::new(cache), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (cache, answered) = (Arc::clone(&cache), Arc::clone(&answered));
            tokio::spawn(async move {
                // A refusal is an answer too.
                let _ = cache.token().await;
                answered.fetch_add(1, Relaxed);
            })
        })
        .collect();
    for mut caller in callers {
        if timeout_at((begun + LONGEST).into(), &mut caller).await.is_err() {
            caller.abort();
        }
    }
    let time = begun.elapsed();
    let answered = answered.load(Relaxed);
    Outcome { answered, time }
}

pub const CALLERS: usize = 10_000;
pub const ANSWER: Duration = Duration::from_millis(20);
pub const LONGEST: Duration = Duration::from_secs(3);
