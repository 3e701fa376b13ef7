//! Exemptions, levels, capabilities, trials and the report, as a program sees them.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic in a test helper is a test failure

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cg_auth_conformance::{
    Capabilities, Capability, Case, Failure, Level, Settings, Status, Subject, Suite, TrialKind, cases,
    trials,
};
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError},
};
use cg_auth_hyper::HyperTransport;
use http::{Request, Response, StatusCode};
use serde_json::Value;

/// Fails this case and no other of those that the tests run.
const REDIRECT: &str = "a_redirect_is_not_followed";
const REFUSED: &str = "connection_refused";

#[test]
fn a_case_that_passes_needs_no_exemption() {
    let suite = || Suite::new(Right).with_exemption(REDIRECT, "the library follows redirects");
    let failure = suite().check_exemptions().unwrap_err();
    let expected = format!("the cases of the exemption {REDIRECT:?} all pass; delete it");
    assert_eq!(failure.to_string(), expected);
    let stale = trials(suite()).into_iter().find(|trial| trial.kind == TrialKind::Exemption).unwrap();
    assert_eq!(stale.name, format!("the exemption {REDIRECT:?} is in use"));
    assert_eq!(stale.run().unwrap_err().to_string(), expected);
}

#[test]
fn an_exemption_excuses_the_case_that_fails() {
    let suite = Suite::new(Swallowing);
    let failure = suite.check(REDIRECT).unwrap_err().to_string();
    assert!(failure.starts_with("rule 1: ") && failure.contains("301"), "{failure}");
    let suite = suite.with_exemption("a_redirect_*", "the library swallows the status");
    suite.check(REDIRECT).unwrap();
    suite.check_exemptions().unwrap();
}

/// One of its cases fails, so the exemption is in use for all.
#[test]
fn an_exemption_is_in_use_if_one_of_its_cases_fails() {
    let suite = Suite::new(Swallowing);
    let exemptions = [REDIRECT, REFUSED].map(|name| {
        let glob = format!("{}*", &name[..name.len() - 1]);
        suite.clone().with_exemption(&glob, "a reason").check_exemptions().is_ok()
    });
    assert_eq!(exemptions, [true, false]);
}

#[test]
fn an_exemption_needs_a_reason() {
    for reason in ["", " \t\n"] {
        let suite = Suite::new(Swallowing).with_exemption(REDIRECT, reason);
        let failure = suite.check_exemptions().unwrap_err().to_string();
        assert_eq!(failure, format!("the exemption {REDIRECT:?} has no reason"));
        assert!(suite.check(REDIRECT).is_err(), "without a reason it excuses nothing");
    }
}

#[test]
fn an_exemption_that_matches_no_case_is_named_with_the_nearest() {
    for (glob, hint) in [
        ("a_redirect_is_not_follow", format!(" (did you mean {REDIRECT:?}?)")),
        ("a_redirects_*", format!(" (did you mean {REDIRECT:?}?)")),
        ("zzz", String::new()),
        ("", String::new()),
    ] {
        let failure = Suite::new(Right).with_exemption(glob, "a reason").check_exemptions().unwrap_err();
        let expected = format!("the exemption {glob:?} matches no case{hint}; delete it");
        assert_eq!(failure.to_string(), expected);
    }
}

#[test]
fn an_exemption_that_exempts_nothing_must_go() {
    let all = "a_redirect_*";
    let covered = Suite::new(Swallowing).with_exemption(all, "a reason").with_exemption(REDIRECT, "again");
    let needs_tls = cases().iter().find(|case| case.needs.contains(&Capability::Tls));
    let inapplicable = needs_tls.map(|case| Suite::new(Swallowing).with_exemption(case.name, "no TLS"));
    for suite in [Some(covered), inapplicable].into_iter().flatten() {
        let failure = suite.check_exemptions().unwrap_err().to_string();
        assert!(failure.contains("exempts nothing"), "{failure}");
        assert_eq!(failure.lines().count(), 1, "{failure}");
    }
}

#[test]
fn every_exemption_that_must_go_is_named() {
    let suite = Suite::new(Right).with_exemption(REFUSED, "").with_exemption("zzz", "a reason");
    assert_eq!(suite.check_exemptions().unwrap_err().to_string().lines().count(), 2);
}

#[test]
fn a_name_that_no_case_has_is_an_error_with_the_nearest() {
    let failure = Suite::new(Right).check("connection_refuse").unwrap_err().to_string();
    assert_eq!(failure, format!("no case has the name \"connection_refuse\" (did you mean {REFUSED:?}?)"));
}

/// The subject makes no transport, so a case that runs fails.
#[test]
fn a_case_runs_only_if_it_applies_and_counts_only_by_its_level() {
    let (lenient, strict) = (Suite::new(Unmade), Suite::new(Unmade).strict());
    for case in cases() {
        let runs = case.needs.is_empty();
        let counts = runs && case.level == Level::Must;
        assert_eq!(lenient.check(case.name).is_err(), counts, "{case:?}");
        assert_eq!(strict.check(case.name).is_err(), runs, "{case:?}");
    }
    let kinds = trials(Unmade).into_iter().map(|trial| trial.kind);
    for (case, kind) in cases().iter().zip(kinds) {
        match kind {
            TrialKind::NotApplicable { missing } => assert_eq!(Some(&missing), case.needs.first()),
            TrialKind::Must => assert_eq!((case.level, case.needs.len()), (Level::Must, 0)),
            TrialKind::Should => assert_eq!((case.level, case.needs.len()), (Level::Should, 0)),
            kind => panic!("{kind:?}"),
        }
    }
}

#[test]
fn a_trial_has_the_name_of_its_case_and_exempt_ones_do_not_run() {
    let suite = Suite::new(Unmade).with_exemption("*", "there is no transport");
    let (names, results): (Vec<_>, Vec<_>) =
        trials(suite).into_iter().map(|trial| (trial.name.clone(), trial.run())).unzip();
    let of_cases: Vec<_> = cases().iter().map(|case| case.name.to_owned()).collect();
    assert_eq!(names[..of_cases.len()], of_cases);
    assert_eq!(names[of_cases.len()..], ["the exemption \"*\" is in use"]);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// Programs read the report: this test shows each member, its place and its words.
#[test]
fn the_json_of_a_report_is_stable() {
    let suite =
        Suite::new(Unmade).with_exemption(REFUSED, "there is no transport").with_exemption("zzz", "x");
    let (report, again) = (suite.report(), suite.report());
    assert_eq!(report, again);
    let json = report.to_json();
    let first = json.split("\n    },").next().unwrap();
    assert_eq!(
        first,
        r#"{
  "subject": "unmade",
  "passed": false,
  "cases": [
    {
      "name": "a_redirect_is_not_followed",
      "clause": 1,
      "level": "must",
      "status": "failed",
      "message": "a panic: there is no transport""#
    );
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json["stale_exemptions"],
        serde_json::json!(["the exemption \"zzz\" matches no case; delete it"])
    );
    let all = json["cases"].as_array().unwrap();
    assert_eq!(all.len(), cases().len());
    for (is, case) in all.iter().zip(cases()) {
        assert_eq!(is["name"], case.name);
        assert_ne!(is.get("clause").is_some(), is.get("row").is_some(), "{is}");
        let status = is["status"].as_str().unwrap();
        match is.get("message").and_then(Value::as_str) {
            Some("there is no transport") => assert_eq!((status, case.name), ("exempt", REFUSED)),
            Some("a panic: there is no transport") => assert_eq!(status, "failed"),
            message => {
                assert_eq!(status, "not_applicable");
                assert_eq!(message.unwrap(), format!("the transport lacks {}", case.needs[0]));
            }
        }
    }
    assert_eq!(report.count(Status::Exempt), 1);
    let counted = [Status::Passed, Status::Failed, Status::Exempt, Status::NotApplicable];
    assert_eq!(counted.map(|status| report.count(status)).iter().sum::<usize>(), all.len());
}

#[test]
fn a_report_without_a_failure_that_counts_has_passed() {
    let exempt = Suite::new(Unmade).with_exemption("*", "there is no transport").report();
    assert!(exempt.passed, "{}", exempt.to_json());
    let stale = Suite::new(Unmade).with_exemption("*", "a reason").with_exemption("zzz", "a reason").report();
    assert!(!stale.passed && stale.count(Status::Failed) == 0, "{}", stale.to_json());
}

#[test]
fn a_failure_names_a_secret_and_does_not_quote_it() {
    let failure = of(REFUSED).run(Arc::new(Leaking)).unwrap_err().to_string();
    assert!(failure.contains("[the client secret]"), "{failure}");
    assert!(!failure.contains("dGVzdC1vbmx5"), "{failure}");
}

#[test]
fn a_case_that_hangs_fails_at_its_bound() {
    let failure = of(REFUSED).run_within(Arc::new(Hanging), Duration::from_millis(50)).unwrap_err();
    assert!(failure.to_string().starts_with("the case did not end within 50ms"), "{failure}");
}

#[test]
fn a_subject_behind_an_arc_is_a_subject() {
    let shared: Arc<dyn Subject> = Arc::new(Unmade);
    assert_eq!((shared.name(), shared.capabilities()), ("unmade", Capabilities::none()));
    assert_eq!(Suite::new(shared).report().subject, "unmade");
}

fn of(name: &str) -> &'static Case {
    cases().iter().find(|case| case.name == name).unwrap()
}

/// A transport that is right.
struct Right;

impl Subject for Right {
    fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport> {
        Arc::new(plain(settings))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }
}

fn plain(settings: &Settings) -> HyperTransport {
    HyperTransport::builder().no_proxy().body_limit(settings.body_limit).build().unwrap()
}

/// A transport that reports every answer as 200.
struct Swallowing;

impl Subject for Swallowing {
    fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport> {
        #[derive(Debug)]
        struct Swallows(HyperTransport);

        #[async_trait]
        impl HttpTransport for Swallows {
            async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
                let mut response = self.0.send(request).await?;
                *response.status_mut() = StatusCode::OK;
                Ok(response)
            }
        }
        Arc::new(Swallows(plain(settings)))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }
}

/// A subject that panics, so that every case which runs fails at once.
struct Unmade;

impl Subject for Unmade {
    fn transport(&self, _: &Settings) -> Arc<dyn HttpTransport> {
        panic!("there is no transport")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }

    fn name(&self) -> &str {
        "unmade"
    }
}

/// A subject that panics with a value whose drop panics, too.
struct Treacherous;

impl Subject for Treacherous {
    fn transport(&self, _: &Settings) -> Arc<dyn HttpTransport> {
        struct PanicsAgain;

        impl Drop for PanicsAgain {
            fn drop(&mut self) {
                panic!("once more")
            }
        }
        std::panic::panic_any(PanicsAgain)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }
}

#[test]
fn a_panic_whose_value_panics_when_it_is_dropped_is_reported_as_a_panic() {
    let failure = Suite::new(Treacherous).check(REDIRECT).unwrap_err().to_string();
    assert!(failure.ends_with("a panic: without a text"), "{failure}");
}

/// A transport that quotes the request in its error.
#[derive(Debug)]
struct Leaking;

impl Subject for Leaking {
    fn transport(&self, _: &Settings) -> Arc<dyn HttpTransport> {
        Arc::new(Self)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }
}

#[async_trait]
impl HttpTransport for Leaking {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let secret = request.headers()["clientSecret"].to_str().unwrap();
        Err(TransportError::connect(format!("cannot send {secret}")))
    }
}

/// A transport that never answers.
#[derive(Debug)]
struct Hanging;

impl Subject for Hanging {
    fn transport(&self, _: &Settings) -> Arc<dyn HttpTransport> {
        Arc::new(Self)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }
}

#[async_trait]
impl HttpTransport for Hanging {
    async fn send(&self, _: Request<Body>) -> Result<Response<Body>, TransportError> {
        std::future::pending().await
    }
}

/// A failure can leave the thread of its case.
#[test]
fn a_failure_is_an_error_value() {
    fn is_error<E: std::error::Error + Send + Sync + 'static>(error: E) -> String {
        error.to_string()
    }
    assert_eq!(is_error(Failure::new("a text").when("rule 1")), "rule 1: a text");
}
