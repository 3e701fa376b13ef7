//! [`Figures`] and [`Reported`]: the figures of the day.

use std::{collections::BTreeSet, ops::Add};

use cg_auth_core::token::Event;
use cg_auth_emulator::Operation;

/// The results of the calls.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    /// Requests to the resource.
    pub(crate) uses: u64,
    /// Calls whose first token was refused and whose second was accepted.
    pub(crate) recovered: u64,
    /// Steps with a slow service at which all calls were served while a renewal was in flight.
    pub(crate) served_during_renewal: u64,
    /// Steps at which a user needed a request.
    pub(crate) steps_with_requests: BTreeSet<u32>,
}

/// What the providers' events report.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reported {
    pub(crate) requests: u64,
    pub(crate) tokens: u64,
    pub(crate) failures: u64,
}

impl Figures {
    #[allow(clippy::print_stdout)] // the figures are half of what the test is for
    pub(crate) fn print(
        &self,
        transport: &str,
        reported: Reported,
        minimum: u64,
        count: impl Fn(Operation) -> u64,
    ) {
        let Self { calls, failed, uses, recovered, served_during_renewal, .. } = self;
        let Reported { requests, tokens, failures } = reported;
        let by_credential = count(Operation::GetDelegateAccessToken);
        let by_refresh_token = count(Operation::RefreshUserAccessToken);
        println!("a working day over {transport}:");
        println!("  {calls} calls, {failed} of them while no token could be acquired");
        println!("  {uses} requests to the resource; {recovered} calls recovered from a refused token");
        println!("  {tokens} tokens acquired in {requests} requests, {minimum} were the minimum");
        println!(
            "  {failures} acquisitions failed; in {served_during_renewal} steps no call waited for a renewal"
        );
        println!("  received: {by_credential} by credential, {by_refresh_token} by refresh token");
        println!("  of which 4 were not made by a provider");
    }
}

impl Reported {
    pub(crate) fn record(&mut self, event: &Event) {
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

impl Add for Reported {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            tokens: self.tokens + other.tokens,
            failures: self.failures + other.failures,
        }
    }
}
