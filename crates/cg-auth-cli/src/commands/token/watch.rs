//! `cg-auth token --watch`: prints a line for each new token.

use std::time::Duration;

use cg_auth_core::{
    IssuedToken, TokenProvider,
    causes::cause_chain,
    time::Now,
    token::{Event, trace_event},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::sleep,
};

use crate::{
    commands::token_format::{Printable, TokenFormat},
    console::Console,
    failure::Failure,
    output,
    settings::{ServiceArgs, Settings},
};

/// Prints each new token until an error occurs that a retry cannot fix, and returns that error.
pub(super) async fn run(args: &ServiceArgs, console: &Console) -> Result<(), Failure> {
    let settings = Settings::resolve(args, console)?;
    let secret = settings.rotating_secret(console).await?;
    let provider = TokenProvider::new(settings.client()?, settings.user_principal_name.clone(), secret);
    provider.on_event(trace_event);
    let (send, events) = unbounded_channel();
    provider.on_event(move |event| drop(send.send(event.clone())));
    Watch { settings, console: *console, provider, events, pending: Vec::new(), printed: None }.run().await
}

struct Watch {
    settings: Settings,
    console: Console,
    provider: TokenProvider,
    events: UnboundedReceiver<Event>,
    /// Events whose warnings are shown before the next pause.
    pending: Vec<Event>,
    printed: Option<IssuedToken>,
}

impl Watch {
    async fn run(mut self) -> Result<(), Failure> {
        loop {
            let pause = match self.provider.token().await {
                Ok(token) => {
                    let pause = pause(&token);
                    self.print(token)?;
                    pause
                }
                Err(error) if error.is_retryable() => error.retry_after().unwrap_or(LONGEST_PAUSE),
                // No warning is shown here, because the failure reports the same error as the last event.
                Err(error) => return Err(Failure::no_token(error, &self.settings.base_url)),
            };
            self.warn();
            tokio::select! {
                () = sleep(pause) => {}
                Some(event) = self.events.recv() => self.pending.push(event),
            }
        }
    }

    /// Prints `token`, unless it was the last one printed: the service may issue the same token again.
    fn print(&mut self, token: IssuedToken) -> Result<(), Failure> {
        let is_new = |printed: &IssuedToken| printed.expose_secret() != token.expose_secret();
        if self.printed.as_ref().is_none_or(is_new) {
            let line = Printable::of_issued(&token, &self.settings).text(TokenFormat::Json)?;
            output::to_stdout(&line).map_err(Failure::Output)?;
            self.printed = Some(token);
        }
        Ok(())
    }

    /// Shows the warnings of the events so far.
    fn warn(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.pending.push(event);
        }
        for event in self.pending.drain(..) {
            if let Some(warning) = warning(&event, &self.settings) {
                self.console.warn(&warning);
            }
        }
    }
}

/// How long to wait before the next call of the provider. The provider has no timer and renews a token only
/// when it is called.
///
/// A timer does not count the time for which the machine is suspended, so the pause is short.
fn pause(token: &IssuedToken) -> Duration {
    let left = token.expiry().remaining(Now::system());
    left.map_or(LONGEST_PAUSE, |left| (left / 20).clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
}

fn warning(event: &Event, settings: &Settings) -> Option<String> {
    match event {
        Event::Failed { error, retry_in, .. } => {
            let retry_in = humantime::format_duration(Duration::from_millis(whole_millis(*retry_in)));
            let failure = Failure::no_token(error.clone(), &settings.base_url);
            Some(format!("no new token: {}; trying again in {retry_in}", cause_chain(&failure)))
        }
        Event::RefreshSwitchedOff => Some(REFRESH_SWITCHED_OFF.to_owned()),
        _ => None,
    }
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

const REFRESH_SWITCHED_OFF: &str = "\
    the service refuses every refresh token, so only the client secret is used; the likely causes are a \
    proxy that drops headers with an underscore, as nginx does by default, and another process that uses \
    the same user";
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
