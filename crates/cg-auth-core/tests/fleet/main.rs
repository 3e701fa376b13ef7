//! A deterministic simulation of fleets: real providers over one store, with virtual time and seeded faults.
//!
//! `FLEET_SEED=17 cargo test -p cg-auth-core --test fleet` replays one seed with its trace, and
//! `FLEET_SEEDS=5000` runs so many of them.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss)] // a test may panic
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::print_stdout)]

mod invariants;
mod plan;
mod run;
mod service;
mod store;
mod world;

use std::{
    collections::{BTreeMap, HashSet},
    env,
    time::Duration,
};

use self::{
    invariants::violations,
    plan::{Fault, Plan, seconds},
    run::{Call, Incident, Kind, Record, run},
    service::Caching,
    store::HolderFault,
};

#[test]
fn whatever_fails_a_fleet_keeps_its_invariants() {
    if let Some(seed) = number("FLEET_SEED") {
        let record = run(&Plan::of_seed(seed));
        record.trace.iter().for_each(|line| println!("{line}"));
        println!("{:#?}", record.plan);
        check(&record);
        return;
    }
    let seeds = number("FLEET_SEEDS").unwrap_or(SEEDS);
    let (mut calls, mut issued, mut failing) = (0, 0, Vec::new());
    let mut incidents: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..seeds {
        let record = run(&Plan::of_seed(seed));
        calls += record.calls.len();
        issued += record.issued.len();
        for incident in &record.incidents {
            *incidents.entry(format!("{:?}", incident.kind)).or_default() += 1;
        }
        let broken = violations(&record);
        if !broken.is_empty() {
            println!("seed {seed}: {}\n{:?}", broken[0], record.plan.faults);
            if failing.is_empty() {
                tail(&record);
            }
            failing.push(seed);
        }
    }
    println!("{seeds} seeds, {calls} calls, {issued} acquisitions, {incidents:?}, failing: {failing:?}");
    assert!(failing.is_empty(), "FLEET_SEED={} replays the first of {}", failing[0], failing.len());
}

#[test]
fn a_run_can_be_repeated() {
    let traces = [(); 2].map(|()| run(&Plan::of_seed(42)).trace);
    assert!(!traces[0].is_empty());
    assert_eq!(traces[0], traces[1]);
}

#[test]
fn processes_that_start_at_once_make_one_acquisition_and_few_operations_each() {
    for hosts in [100, 200] {
        let plan = Plan { length: seconds(20.0), ..Plan::healthy(7, hosts) };
        let record = run(&plan);
        check(&record);
        let (most, all) = (record.operations.iter().max().unwrap(), record.operations.iter().sum::<usize>());
        println!("cold start of {hosts}: at most {most} operations of one process, {all} in all");
        assert_eq!(record.issued.len(), 1);
        assert!(*most <= 5, "{most} operations");
    }
}

#[test]
fn a_holder_that_crashes_at_the_start_costs_the_others_one_lease_and_one_acquisition() {
    for seed in 0..10 {
        let plan = Plan {
            latency: seconds(10.0),
            length: seconds(60.0),
            faults: vec![(Duration::ZERO, Fault::Holder(HolderFault::Crash))],
            ..Plan::healthy(seed, 50)
        };
        let record = run(&plan);
        check(&record);
        let is_crash = |incident: &&Incident| incident.kind == Kind::Holder;
        assert_eq!(record.incidents.iter().filter(is_crash).count(), 1);
        assert!(record.issued.len() <= 2, "{}", record.issued.len());
        let served: HashSet<_> = record.calls.iter().map(|call| call.host).collect();
        assert_eq!(served.len(), 49, "all but the one that has crashed");
    }
}

#[test]
fn processes_that_wait_ask_the_store_at_different_times() {
    let plan = Plan {
        latency: seconds(10.0),
        store_latency: Some(seconds(0.001)),
        length: seconds(30.0),
        ..Plan::healthy(10, 100)
    };
    let record = run(&plan);
    check(&record);
    let mut times = record.operation_times;
    // The processes start at once, so they ask at once for the first time.
    times.retain(|at| *at > seconds(0.1));
    times.sort_unstable();
    let within = |from: usize| times[from..].partition_point(|at| *at < times[from] + seconds(0.01));
    let most = (0..times.len()).map(within).max().unwrap();
    println!("{} operations, at most {most} within 10 ms", times.len());
    assert!(times.len() > 200 && most < 40, "{most} of {}", times.len());
}

#[test]
fn an_expiry_costs_a_fleet_one_acquisition_and_each_process_a_few_operations() {
    let plan = Plan { length: seconds(3000.0), ..Plan::healthy(8, 50) };
    let record = run(&plan);
    check(&record);
    let expiries = record.issued.len();
    let operations = record.operations.iter().sum::<usize>() as f64 / 50.0 / expiries as f64;
    println!(
        "{expiries} acquisitions in 3000 s with tokens of 300 s, {operations:.2} operations per process"
    );
    // The early window begins after 70 % to 80 % of the lifetime, and the first of fifty renews the token.
    assert!((10..=15).contains(&expiries), "{expiries}");
    assert!(operations <= 5.0, "{operations}");
}

#[test]
fn an_outage_of_the_service_costs_a_fleet_what_it_costs_one_process() {
    let outage = vec![(seconds(10.0), Fault::ServiceDown(seconds(300.0)))];
    let requests = |hosts, shares| {
        let plan = Plan {
            shares,
            lifetime: seconds(40.0),
            length: seconds(500.0),
            gap: seconds(1.0),
            faults: outage.clone(),
            ..Plan::healthy(9, hosts)
        };
        let record = run(&plan);
        check(&record);
        let during = |at: &&Duration| (seconds(10.0)..seconds(310.0)).contains(*at);
        record.requests.iter().filter(during).count()
    };
    let (one, fleet) = (requests(1, false), requests(100, true));
    println!("requests in five minutes of outage: {one} of one process, {fleet} of a hundred");
    assert!(fleet <= one, "{fleet} requests, one process makes {one}");
}

/// If the store runs late claims, no process ends their leases, and the next process waits for them.
#[test]
fn a_claim_that_comes_late_delays_no_other_process() {
    for seed in 0..20 {
        let first_wait = |keeps_deadlines| {
            let plan = Plan {
                starts: vec![seconds(0.1), seconds(1.6)],
                length: seconds(20.0),
                faults: vec![(Duration::ZERO, Fault::LateClaims(1, seconds(1.0)))],
                keeps_deadlines,
                ..Plan::healthy(seed, 2)
            };
            let record = run(&plan);
            check(&record);
            let call = record.calls.iter().find(|call| call.host == 1).unwrap();
            call.ended - call.began
        };
        // An acquisition, and two operations before and after it.
        let wait = first_wait(true);
        assert!(wait < seconds(1.2), "seed {seed}: {wait:?}");
        assert!(first_wait(false) > seconds(4.0), "seed {seed}: the fault is none");
    }
}

/// Where late publications happen, they offer tokens that have expired.
#[test]
fn a_publication_that_comes_late_offers_no_token_for_longer_than_it_lives() {
    let plan = |seed, keeps_deadlines| Plan {
        lifetime: seconds(40.0),
        gap: seconds(0.5),
        length: seconds(200.0),
        faults: (0..8).map(|number| (seconds(f64::from(number) * 25.0), LATE)).collect(),
        keeps_deadlines,
        ..Plan::healthy(seed, 8)
    };
    const LATE: Fault = Fault::LatePublications(1, Duration::from_secs(35));
    let seeds = 0..20;
    seeds.clone().for_each(|seed| check(&run(&plan(seed, true))));
    let broken = seeds.filter(|seed| !violations(&run(&plan(*seed, false))).is_empty()).count();
    println!("{broken} of 20 runs break an invariant if late publications happen");
    assert!(broken > 0);
}

/// Such a service issues the next token when the last one has ended by its clock, and no call is served in between. The
/// processes learn that clock from whole seconds, so they wait for more than a second at first, and for less later.
#[test]
fn calls_wait_for_little_more_than_an_acquisition_where_the_service_caches_tokens_to_their_end() {
    // The unseen second, what an answer usually takes, an acquisition, and the poll of a process that asks again.
    let allowed = seconds(1.0 + 0.5 + 0.2 + 0.375 + 0.16);
    let mut waits_later = Vec::new();
    for seed in 0..8 {
        let plan = Plan {
            lifetime: seconds(4.0),
            latency: seconds(0.1),
            gap: seconds(0.02),
            caching: Caching::ToTheEnd,
            length: seconds(90.0),
            ..Plan::healthy(seed, 8)
        };
        let record = run(&plan);
        check(&record);
        let (tokens, issued) = (record.tokens.len(), record.issued.len());
        assert!(issued <= 2 * tokens, "seed {seed}: {issued} acquisitions of {tokens} tokens");
        for Call { began, ended, .. } in &record.calls {
            let wait = *ended - *began;
            assert!(wait <= allowed, "seed {seed}: a call waits for {wait:?} until {ended:?}");
            if *began > plan.length / 2 && wait > seconds(0.2) {
                waits_later.push(wait);
            }
        }
    }
    waits_later.sort_unstable();
    let at = |part: usize| waits_later[(waits_later.len() - 1) * part / 100];
    println!("half of the later waits are below {:?}, all but a tenth below {:?}", at(50), at(90));
    println!("the longest is {:?}", at(100));
    assert!(at(50) < seconds(0.8) && at(90) < seconds(1.25), "{:?} and {:?}", at(50), at(90));
}

fn check(record: &Record) {
    let broken = violations(record);
    if !broken.is_empty() {
        tail(record);
    }
    assert!(broken.is_empty(), "seed {}: {broken:#?}", record.plan.seed);
}

/// The end of the trace up to the first violation.
fn tail(record: &Record) {
    let from = record.trace.len().saturating_sub(40);
    record.trace[from..].iter().for_each(|line| println!("{line}"));
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap())
}

const SEEDS: u64 = 200;
