//! A transport with one planted defect fails exactly the cases about it, and the correct one fails none.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic in a test helper is a test failure

mod answer_defects;
mod connecting;
mod connection;
mod connections;
mod defect;
mod drained;
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
    expectations::{RACES, failed_by},
    transport::PlantedSubject,
};

#[test]
fn a_transport_without_a_defect_passes_every_case() {
    let failed: Vec<_> = surprises([None]).into_iter().filter(|run| run.result.is_err()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn a_defect_fails_exactly_the_cases_about_it() {
    let mut wrong = String::new();
    for run in surprises(Defect::ALL.iter().copied().map(Some)) {
        let (defect, case) = (run.defect.unwrap(), run.case);
        match run.result {
            Ok(()) => writeln!(wrong, "{defect:?} passes {case}").unwrap(),
            Err(failure) => writeln!(wrong, "{defect:?} fails {case}: {failure}").unwrap(),
        }
    }
    assert!(wrong.is_empty(), "`failed_by` expects otherwise:\n{wrong}");
}

/// A case that no defect fails would try nothing, and a defect that fails no case needs one.
#[test]
fn every_case_is_failed_by_a_defect_and_every_defect_fails_a_case() {
    let races = RACES.iter().map(|(_, case)| *case);
    let failed: BTreeSet<_> = Defect::ALL.iter().flat_map(|defect| failed_by(*defect)).copied().collect();
    let failed: BTreeSet<_> = failed.into_iter().chain(races).collect();
    let known: BTreeSet<_> = cases().iter().map(|case| case.name).collect();
    assert_eq!(known, failed, "on the left the cases, on the right those that a defect fails");
    let harmless: Vec<_> = Defect::ALL.iter().filter(|defect| failed_by(**defect).is_empty()).collect();
    assert!(harmless.is_empty(), "no case catches {harmless:?}");
}

/// The result of one case over one transport.
#[derive(Debug)]
struct Run {
    defect: Option<Defect>,
    case: &'static str,
    result: Result<(), Failure>,
}

impl Run {
    fn new(defect: Option<Defect>, case: &'static Case) -> Self {
        let result = case.run_within(Arc::new(PlantedSubject(defect)), HANG_BOUND);
        if let Err(failure) = &result {
            let text = failure.to_string();
            let quoted = SECRETS.iter().find(|secret| text.contains(**secret));
            assert!(quoted.is_none(), "a failure quotes a secret: {text}");
        }
        Self { defect, case: case.name, result }
    }

    fn is_a_surprise(&self) -> bool {
        let Some(defect) = self.defect else { return self.result.is_err() };
        let fails = failed_by(defect).contains(&self.case);
        self.result.is_err() != fails && !RACES.contains(&(defect, self.case))
    }
}

/// Runs every case over a transport with each of the defects, many at a time, because most of them wait. A
/// result that is not as expected counts only if it comes again while nothing else runs: a clause has bounds
/// of time, and the machine may be busy.
fn surprises(defects: impl IntoIterator<Item = Option<Defect>>) -> Vec<Run> {
    let pairs: Vec<(Option<Defect>, &'static Case)> =
        defects.into_iter().flat_map(|defect| cases().iter().map(move |case| (defect, case))).collect();
    let (pairs, surprising) = (Mutex::new(pairs.into_iter()), Mutex::new(Vec::new()));
    say_nothing_of_panics_in_cases();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((defect, case)) = pairs.lock().unwrap().next() else { return };
                    if Run::new(defect, case).is_a_surprise() {
                        surprising.lock().unwrap().push((defect, case));
                    }
                }
            });
        }
    });
    let again = surprising.into_inner().unwrap().into_iter();
    again.map(|(defect, case)| Run::new(defect, case)).filter(Run::is_a_surprise).collect()
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

/// Of the requests of the suite, and of the URLs of its proxies.
const SECRETS: [&str; 3] = ["dGVzdC1vbmx5", "cmVmcmVzaA", "hunter2"];

const AT_ONCE: usize = 32;

/// Some defects hang. The longest case takes two seconds.
const HANG_BOUND: Duration = Duration::from_secs(10);
