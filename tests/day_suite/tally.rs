//! [`Tally`] and [`Told`]: the figures of the day.

use std::{collections::BTreeSet, ops::Add};

use cg_auth_core::token::Event;
use cg_auth_emulator::Operation;

/// What became of the calls.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    /// Requests to the resource.
    pub(crate) uses: u64,
    /// Calls whose first token was refused, and whose second was not.
    pub(crate) mended: u64,
    /// Steps of a slow service at which all calls had their token before a request for the next one was answered.
    pub(crate) served_meanwhile: u64,
    /// Those at which somebody needed a request.
    pub(crate) steps_with_requests: BTreeSet<u32>,
}

/// What providers tell of themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) requests: u64,
    pub(crate) tokens: u64,
    pub(crate) failures: u64,
}

impl Tally {
    #[allow(clippy::print_stdout)] // the figures are half of what the test is for
    pub(crate) fn print(&self, transport: &str, told: Told, minimum: u64, count: impl Fn(Operation) -> u64) {
        let Self { calls, failed, uses, mended, served_meanwhile, .. } = self;
        let Told { requests, tokens, failures } = told;
        let by_credential = count(Operation::GetDelegateAccessToken);
        let by_refresh_token = count(Operation::RefreshUserAccessToken);
        println!("a working day over {transport}:");
        println!("  {calls} calls, {failed} of them while there was no valid token and none to be had");
        println!("  {uses} requests to the resource; {mended} calls mended after a refused token");
        println!("  {tokens} tokens acquired in {requests} requests, at least {minimum} were needed");
        println!("  {failures} attempts failed; {served_meanwhile} times nobody waited for a slow service");
        println!("  received: {by_credential} by credential, {by_refresh_token} by refresh token");
        println!("  of which 4 were not made by a provider");
    }
}

impl Told {
    pub(crate) fn hear(&mut self, event: &Event) {
        match event {
            Event::Acquired { requests, .. } => {
                self.tokens += 1;
                self.requests += u64::from(*requests);
            }
            Event::Failed { requests, .. } => {
                self.failures += 1;
                self.requests += u64::from(*requests);
            }
            _ => {}
        }
    }
}

impl Add for Told {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            tokens: self.tokens + other.tokens,
            failures: self.failures + other.failures,
        }
    }
}
