//! The state diagram: each age of a token and each activity of the session, against each input.

mod reached;

use std::time::Duration;

use cg_auth_core::{
    model::{AccessToken, DelegatedAccessToken},
    token::{Expiry, session::Step},
};

use self::reached::{
    Activity::{
        self, BackingOff, BackingOffRefused, Called, Idle, Refreshing, Refused, Started, StartedRefused,
    },
    Age::{self, Early, Empty, Expired, ExpiredOnArrival, Fresh, Invalidated, Margin},
    Case, Input,
};
use super::outcome;
use crate::support::SECRET;

/// The step for each age and activity. If the step is `serve`, a snapshot serves too. A session with a fresh
/// token is idle.
const STEPS: [(Age, [&str; 5]); 7] = [
    //            idle, refused      started  called  refreshing  backing off
    (Empty, ["start", "wait", "wait", "", "fail"]),
    (Fresh, ["serve", "", "", "", ""]),
    (Early, ["serve and start", "serve", "serve", "serve", "serve"]),
    (Margin, ["start", "wait", "wait", "wait", "serve"]),
    (Expired, ["start", "wait", "wait", "wait", "fail"]),
    (ExpiredOnArrival, ["start", "wait", "wait", "wait", "fail"]),
    (Invalidated, ["start", "wait", "wait", "wait", "fail"]),
];

/// The outcome, the events and the next activity for each input of an acquisition. Any other input is
/// superseded and changes nothing. A new token makes the age fresh. A token that expired on arrival is kept
/// if there is none. A refresh that is too early is followed by the credential if no token is valid.
const OUTCOMES: [(Activity, Input, &str, &[&str], Activity); 24] = [
    (Started, Input::Begin(SECRET), "call credential", &[], Called),
    (Started, Input::Begin("other"), "call credential", &[], Called),
    (Started, Input::BeginWithout, "secret", &["token_failed"], BackingOff),
    (Started, Input::Abandon, "", &["acquisition_abandoned"], Idle),
    (Started, Input::Panic, "lost", &["token_failed"], BackingOff),
    (StartedRefused, Input::Begin(SECRET), "call", &[], BackingOffRefused),
    (StartedRefused, Input::Begin("other"), "call credential", &[], Called),
    (StartedRefused, Input::BeginWithout, "secret", &["token_failed"], BackingOffRefused),
    (StartedRefused, Input::Abandon, "", &["acquisition_abandoned"], Refused),
    (StartedRefused, Input::Panic, "lost", &["token_failed"], BackingOffRefused),
    (Called, Input::Finish("token"), "token", &["token_acquired"], Idle),
    (Called, Input::Finish("expired"), "expired_on_arrival", &["token_failed"], BackingOff),
    (Called, Input::Finish("refused"), "call", &["token_failed"], BackingOffRefused),
    (Called, Input::Finish("busy"), "call", &["token_failed"], BackingOff),
    (Called, Input::Finish("broken"), "call", &["token_failed"], BackingOff),
    (Called, Input::Abandon, "", &["acquisition_abandoned"], Idle),
    (Called, Input::Panic, "lost", &["token_failed"], BackingOff),
    (Refreshing, Input::Finish("token"), "token", &["token_acquired"], Idle),
    (Refreshing, Input::Finish("expired"), "expired_on_arrival", &["token_failed"], BackingOff),
    (Refreshing, Input::Finish("refused"), "call credential", &["refresh_token_dropped"], Called),
    (Refreshing, Input::Finish("busy"), "call", &["token_failed"], BackingOff),
    (Refreshing, Input::Finish("broken"), "call credential", &["refresh_token_dropped"], Called),
    (Refreshing, Input::Abandon, "", &["refresh_token_dropped", "acquisition_abandoned"], Idle),
    (Refreshing, Input::Panic, "lost", &["refresh_token_dropped", "token_failed"], BackingOff),
];

const INPUTS: [Input; 10] = [
    Input::Begin(SECRET),
    Input::Begin("other"),
    Input::BeginWithout,
    Input::Finish("token"),
    Input::Finish("expired"),
    Input::Finish("refused"),
    Input::Finish("busy"),
    Input::Finish("broken"),
    Input::Abandon,
    Input::Panic,
];

#[test]
fn each_step_is_that_of_the_diagram() {
    for case in Case::all() {
        let (_, row) = STEPS.into_iter().find(|(age, _)| *age == case.age).unwrap();
        let (column, next) = match case.activity {
            Idle => (0, Started),
            Refused => (0, StartedRefused),
            Started | StartedRefused => (1, case.activity),
            Called => (2, Called),
            Refreshing => (3, Refreshing),
            BackingOff | BackingOffRefused => (4, case.activity),
        };
        let mut reached = case.reach();
        let is_hit = reached.rig.snapshot_serves().is_some();
        let step = reached.rig.step();
        assert_eq!(outcome(&step), row[column], "{case:?}");
        assert_eq!(is_hit, row[column] == "serve", "{case:?}");
        let next = match step {
            Step::Start(id) | Step::ServeAndStart(_, id) => {
                reached.id = id;
                Case { activity: next, ..case }
            }
            _ => case,
        };
        reached.check(next, &[]);
    }
}

#[test]
fn each_input_of_an_acquisition_has_the_outcome_of_the_diagram() {
    for (case, input) in Case::all().flat_map(|case| INPUTS.map(|input| (case, input))) {
        let row = OUTCOMES.into_iter().find(|row| (row.0, row.1) == (case.activity, input));
        let (comes_to, events, activity) = match row {
            Some((_, _, comes_to, events, activity)) => (comes_to, events, activity),
            None => (if input == Input::Abandon { "" } else { "superseded" }, &[][..], case.activity),
        };
        let is_valid = matches!(case.age, Fresh | Early | Margin);
        let (comes_to, events, activity) = match (case.activity, input) {
            (Refreshing, Input::Finish("busy")) if !is_valid => ("call credential", &[][..], Called),
            _ => (comes_to, events, activity),
        };
        let mut reached = case.reach();
        assert_eq!(reached.put(reached.id, input), comes_to, "{case:?} {input:?}");
        let age = match (comes_to, case.age) {
            ("token", _) => Fresh,
            ("expired_on_arrival", Empty) => ExpiredOnArrival,
            (_, age) => age,
        };
        reached.check(Case { age, activity }, events);
    }
}

#[test]
fn an_input_of_an_earlier_acquisition_changes_nothing() {
    for (case, input) in Case::all().flat_map(|case| INPUTS.map(|input| (case, input))) {
        let mut reached = case.reach();
        let comes_to = if input == Input::Abandon { "" } else { "superseded" };
        assert_eq!(reached.put(reached.old, input), comes_to, "{case:?} {input:?}");
        reached.check(case, &[]);
    }
}

#[test]
fn a_report_of_a_refused_token_changes_only_its_phase() {
    for case in Case::all() {
        let mut reached = case.reach();
        let is_news = !matches!(case.age, Empty | ExpiredOnArrival | Invalidated);
        let changes = reached.token.as_ref().is_some_and(|token| reached.rig.invalidate(token));
        assert_eq!(changes, is_news, "{case:?}");
        let age = if is_news { Invalidated } else { case.age };
        reached.check(Case { age, ..case }, if is_news { &["token_invalidated"] } else { &[] });
    }
}

#[test]
fn a_new_generation_begins_idle() {
    for case in Case::all() {
        let is_busy = matches!(case.activity, Started | StartedRefused | Called | Refreshing);
        let overtaken: &[_] = if is_busy { &["acquisition_abandoned"] } else { &[] };
        let mut reached = case.reach();
        reached.rig.clear();
        reached.check(Case { age: Empty, activity: Idle }, overtaken);

        let mut reached = case.reach();
        let now = reached.rig.now();
        let token = DelegatedAccessToken::new(AccessToken::new("seeded").unwrap(), None);
        reached.rig.session.seed(token, Expiry::until(now.wall() + Duration::from_secs(60), now), now);
        reached.check(Case { age: Fresh, activity: Idle }, overtaken);

        // A token is handed out while it may be served, or if there is a refresh token that is not on the wire.
        let mut reached = case.reach();
        let is_given = matches!(case.age, Fresh | Early | Margin)
            || (case.activity != Refreshing
                && reached.rig.session.state(reached.rig.now()).has_refresh_token);
        assert_eq!(reached.rig.take_tokens().is_some(), is_given, "{case:?}");
        reached.check(Case { age: Empty, activity: Idle }, overtaken);

        let mut reached = case.reach();
        reached.rig.replace_secret();
        let events: &[_] = if case.activity == Refreshing {
            &["refresh_token_dropped", "acquisition_abandoned"]
        } else {
            overtaken
        };
        reached.check(Case { activity: Idle, ..case }, events);
    }
}
