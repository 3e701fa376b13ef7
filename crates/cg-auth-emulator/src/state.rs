//! [`State`]: the shared state of a running emulator, and [`Part`]: what of it a reset restores.

use std::{sync::Arc, time::SystemTime};

use crate::{
    clock::EmulatorClock,
    front::Front,
    names::named,
    request_log::RequestLog,
    scripts::ScriptQueue,
    service::{AuthService, Settings, Users},
};

/// The state that the connections and the handle of a running emulator share. Clones share it too.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) service: Arc<AuthService>,
    pub(crate) log: Arc<RequestLog>,
    pub(crate) scripts: Arc<ScriptQueue>,
    pub(crate) clock: EmulatorClock,
    pub(crate) front: Arc<Front>,
    pub(crate) start: Arc<Start>,
}

/// What a reset restores.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) users: Arc<Users>,
    pub(crate) settings: Arc<Settings>,
    /// The time that the clock shows at the start; `None` for real time.
    pub(crate) now: Option<SystemTime>,
    pub(crate) frozen: bool,
}

/// A part of an emulator that can be [reset](crate::Emulator::reset_part) alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The recorded requests and their counts. Requests and connections are numbered from 1 again.
    Requests,
    /// The scripts, as the builder made them. Ids are given from 1 again.
    Scripts,
    /// The tokens, the signing key and the token cache. Under a [seed](crate::EmulatorBuilder::seed) the same
    /// tokens follow again.
    Tokens,
    /// The time, and whether the clock is frozen. A [`ManualClock`](cg_auth_core::testing::ManualClock) stays
    /// as it is, because other code may share it.
    Clock,
    /// The users, as the builder made them. Their tokens stay valid.
    Users,
    /// The lifetimes and policies, as the builder made them.
    Settings,
}

named!(
    pub Part: Requests = "requests",
    Scripts = "scripts",
    Tokens = "tokens",
    Clock = "clock",
    Users = "users",
    Settings = "settings",
);

impl State {
    /// Sets the clock as it is at the start.
    pub(crate) fn reset_clock(&self) {
        self.clock.reset();
        // A running clock would move on between the two calls.
        if self.start.frozen {
            self.clock.freeze();
        }
        if let Some(now) = self.start.now {
            // The builder has checked the time.
            let _ = self.clock.set(now);
        }
    }

    /// Restores every part.
    pub(crate) fn reset(&self) {
        // The settings come before the tokens, which are made with them.
        for part in Part::ALL.iter().rev() {
            self.reset_part(*part);
        }
    }

    /// Restores one part.
    pub(crate) fn reset_part(&self, part: Part) {
        match part {
            Part::Requests => self.log.reset(),
            Part::Scripts => self.scripts.reset(),
            Part::Tokens => self.service.reset_tokens(),
            Part::Clock => self.reset_clock(),
            Part::Users => self.service.set_users(Arc::clone(&self.start.users)),
            Part::Settings => self.service.set_settings(Arc::clone(&self.start.settings)),
        }
    }
}
