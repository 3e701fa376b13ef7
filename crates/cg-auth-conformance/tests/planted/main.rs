//! A transport with one planted defect fails exactly the cases about it, and the correct one fails none.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic in a test helper is a test failure

mod answer_defects;
mod connecting;
mod connection;
mod connections;
mod defect;
mod error_defects;
mod expectations;
mod lenient;
mod request_defects;
mod settings;
mod transport;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    panic,
    sync::{Arc, Mutex, Once},
    thread,
    time::Duration,
};

use cg_auth_conformance::{Case, Failure, cases};

use self::{
    defect::Defect,
    expectations::{NEVER_FAILED, failed_by},
    transport::PlantedSubject,
};

#[test]
fn a_transport_without_a_defect_passes_every_case() {
    let failed: Vec<_> = run_all([None]).into_iter().filter(|run| run.result.is_err()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn a_defect_fails_exactly_the_cases_about_it() {
    let runs = run_all(Defect::ALL.iter().copied().map(Some));
    let mut wrong = String::new();
    for defect in Defect::ALL {
        let of_defect = || runs.iter().filter(|run| run.defect == Some(*defect));
        let failed: BTreeSet<_> = of_defect().filter(|run| run.result.is_err()).map(|run| run.case).collect();
        let expected: BTreeSet<_> = failed_by(*defect).iter().copied().collect();
        if failed == expected {
            continue;
        }
        writeln!(wrong, "Defect::{defect:?} => &{failed:?},").unwrap();
        for run in of_defect().filter(|run| run.result.is_err() != expected.contains(run.case)) {
            writeln!(wrong, "    {}: {:?}", run.case, run.result).unwrap();
        }
    }
    assert!(wrong.is_empty(), "these defects fail other cases than `failed_by` says:\n{wrong}");
}

/// A case that nothing fails would try nothing.
#[test]
fn every_case_is_failed_by_a_defect() {
    let failed: BTreeSet<_> = Defect::ALL.iter().flat_map(|defect| failed_by(*defect)).copied().collect();
    let known: BTreeSet<_> = cases().iter().map(|case| case.name).collect();
    let exempt: BTreeSet<_> = NEVER_FAILED.iter().map(|(name, _)| *name).collect();
    let idle: Vec<_> =
        known.iter().filter(|name| !failed.contains(*name) && !exempt.contains(*name)).collect();
    assert!(idle.is_empty(), "no defect fails {idle:#?}");
    let stale: Vec<_> =
        exempt.iter().filter(|name| failed.contains(*name) || !known.contains(*name)).collect();
    assert!(stale.is_empty(), "these need no reason: {stale:?}");
    let unknown: Vec<_> = failed.difference(&known).collect();
    assert!(unknown.is_empty(), "there is no case {unknown:?}");
}

/// The result of one case over one transport.
#[derive(Debug)]
struct Run {
    defect: Option<Defect>,
    case: &'static str,
    result: Result<(), Failure>,
}

/// Runs every case over a transport with each of the defects, many at a time: most of them wait.
fn run_all(defects: impl IntoIterator<Item = Option<Defect>>) -> Vec<Run> {
    let pairs: Vec<(Option<Defect>, &'static Case)> =
        defects.into_iter().flat_map(|defect| cases().iter().map(move |case| (defect, case))).collect();
    let (pairs, runs) = (Mutex::new(pairs.into_iter()), Mutex::new(Vec::new()));
    say_nothing_of_panics_in_cases();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((defect, case)) = pairs.lock().unwrap().next() else { return };
                    let result = case.run_within(Arc::new(PlantedSubject(defect)), HANG_BOUND);
                    runs.lock().unwrap().push(Run { defect, case: case.name, result });
                }
            });
        }
    });
    runs.into_inner().unwrap()
}

/// The result of a case tells of its panic.
fn say_nothing_of_panics_in_cases() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let shown = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let thread = thread::current();
            if !cases().iter().any(|case| Some(case.name) == thread.name()) {
                shown(panic);
            }
        }));
    });
}

const AT_ONCE: usize = 16;

/// Some defects hang. This is ten times what the longest case takes on a busy machine.
const HANG_BOUND: Duration = Duration::from_secs(20);
