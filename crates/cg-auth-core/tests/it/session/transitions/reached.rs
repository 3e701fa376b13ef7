//! [`Case`]: a state of the diagram, how it is reached, and how it differs from the others.

use Activity::{BackingOff, BackingOffRefused, Called, Idle, Refreshing, Refused, Started, StartedRefused};
use Age::{Early, Empty, Expired, ExpiredOnArrival, Fresh, Invalidated, Margin};
use cg_auth_core::{
    IssuedToken, TokenError,
    token::session::{AcquisitionId, Call, Next, Phase, Step},
};

use crate::session::{BUSY, REFUSED, Reply, Rig, came_to, expired_on_arrival, secret};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Empty,
    Fresh,
    Early,
    Margin,
    Expired,
    /// There was never a valid token.
    ExpiredOnArrival,
    Invalidated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// No acquisition is in flight.
    Idle,
    /// An acquisition has started and waits for its secret.
    Started,
    /// The acquisition waits for the answer to its credential.
    Called,
    /// The acquisition waits for the answer to its refresh token.
    Refreshing,
    /// The session backs off from a failure.
    BackingOff,
    /// Like `BackingOff`, after a refused secret.
    BackingOffRefused,
    /// The back-off is over, and the refused secret is still remembered.
    Refused,
    /// An acquisition waits for its secret, and the refused one is remembered.
    StartedRefused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    Begin(&'static str),
    BeginWithout,
    Finish(&'static str),
    Abandon,
    Panic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) age: Age,
    pub(super) activity: Activity,
}

pub(super) struct Reached {
    case: Case,
    pub(super) rig: Rig,
    pub(super) token: Option<IssuedToken>,
    /// The acquisition in flight, or the last one.
    pub(super) id: AcquisitionId,
    /// An acquisition that had ended before that.
    pub(super) old: AcquisitionId,
    call: Call,
}

impl Case {
    /// All cases that can be reached.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let activities =
            [Idle, Started, Called, Refreshing, BackingOff, BackingOffRefused, Refused, StartedRefused];
        let all = [Empty, Fresh, Early, Margin, Expired, ExpiredOnArrival, Invalidated]
            .into_iter()
            .flat_map(move |age| activities.map(|activity| Self { age, activity }));
        all.filter(|case| match case.age {
            Fresh => case.activity == Idle,
            Empty => case.activity != Refreshing,
            _ => true,
        })
    }

    pub(super) fn reach(self) -> Reached {
        let mut rig = Rig::new();
        let old = rig.start();
        let call = rig.call(old);
        rig.abandon(old);
        let refresh_token = (self.activity == Refreshing).then_some("r1");
        let token = match self.age {
            Empty => None,
            ExpiredOnArrival => {
                assert_eq!(
                    came_to(&rig.acquisition(&expired_on_arrival(refresh_token))),
                    "expired_on_arrival"
                );
                rig.replace_secret();
                None
            }
            _ => Some(rig.acquire(&Reply::Issued("first", 3600, refresh_token))),
        };
        rig.advance(match self.age {
            Empty | Fresh | ExpiredOnArrival | Invalidated => 0.0,
            Early => 3100.0,
            Margin => 3571.0,
            Expired => 3600.0,
        });
        if self.age == Invalidated {
            assert!(token.as_ref().is_some_and(|token| rig.invalidate(token)));
        }
        let mut reached = Reached { case: self, rig, token, id: old, old, call };
        reached.begin_activity(self.activity);
        reached.rig.event_names();
        reached
    }
}

impl Reached {
    fn begin_activity(&mut self, activity: Activity) {
        if activity == Idle {
            return;
        }
        self.id = self.rig.start();
        let reply = match activity {
            Idle | Started => return,
            Called | Refreshing => {
                self.call = self.rig.call(self.id);
                return;
            }
            BackingOff => BUSY,
            BackingOffRefused | Refused | StartedRefused => REFUSED,
        };
        self.call = self.rig.call(self.id);
        let _ = self.rig.finish(self.id, &self.call, &reply);
        if matches!(activity, Refused | StartedRefused) {
            self.rig.advance(1.0);
        }
        if activity == StartedRefused {
            self.id = self.rig.start();
        }
    }

    pub(super) fn put(&mut self, id: AcquisitionId, input: Input) -> String {
        let now = self.rig.now();
        let rig = &mut self.rig;
        came_to(&match input {
            Input::Begin(text) => rig.session.begin(id, Ok(secret(text)), now),
            Input::BeginWithout => rig.session.begin(id, Err(TokenError::secret("x")), now),
            Input::Finish("token") => rig.finish(id, &self.call, &Reply::Issued("second", 3600, None)),
            Input::Finish("expired") => rig.finish(id, &self.call, &expired_on_arrival(None)),
            Input::Finish("refused") => rig.finish(id, &self.call, &REFUSED),
            Input::Finish("busy") => rig.finish(id, &self.call, &BUSY),
            Input::Finish(_) => rig.finish(id, &self.call, &Reply::Status(500, None)),
            Input::Panic => rig.panicked(id),
            Input::Abandon => {
                rig.abandon(id);
                return String::new();
            }
        })
    }

    /// Asserts that the session is in the case `expected`, as far as its outputs show.
    pub(super) fn check(mut self, expected: Case, events: &[&str]) {
        let from = self.case;
        assert_eq!(self.rig.event_names(), events, "{from:?}");
        let state = self.rig.session.state(self.rig.now());
        let phase = match expected.age {
            Empty | Invalidated => None,
            Fresh => Some(Phase::Fresh),
            Early => Some(Phase::Early),
            Margin => Some(Phase::Margin),
            Expired | ExpiredOnArrival => Some(Phase::Expired),
        };
        assert_eq!(state.phase, phase, "{from:?} {expected:?}");
        // The outputs of a session with a fresh token do not show its activity.
        if expected.age != Fresh {
            assert_eq!(self.activity(), expected.activity, "{from:?} {expected:?}");
        }
    }

    /// Finds out the activity from the answers of the session.
    fn activity(&mut self) -> Activity {
        if self.rig.session.state(self.rig.now()).is_acquiring {
            return match self.rig.begin(self.id) {
                Next::Call(_) => Started,
                Next::Done(_) => StartedRefused,
                Next::Superseded => {
                    let _ = self.rig.panicked(self.id);
                    if self.rig.event_names().contains(&"refresh_token_dropped") {
                        Refreshing
                    } else {
                        Called
                    }
                }
            };
        }
        let mut step = self.rig.step();
        let is_backing_off = matches!(step, Step::Serve(_) | Step::Fail(_));
        if is_backing_off {
            self.rig.advance(2.0);
            step = self.rig.step();
        }
        let (Step::Start(id) | Step::ServeAndStart(_, id)) = step else { panic!("{step:?}") };
        match (self.rig.begin(id), is_backing_off) {
            (Next::Done(_), true) => BackingOffRefused,
            (Next::Done(_), false) => Refused,
            (_, true) => BackingOff,
            (_, false) => Idle,
        }
    }
}
