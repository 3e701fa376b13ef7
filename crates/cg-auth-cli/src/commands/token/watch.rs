//! `cg-auth token --watch`: prints a line for each new token.

use cg_auth_core::{
    IssuedToken, TokenProvider,
    token::{Event, trace_event},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::sleep,
};

use crate::{
    commands::{
        renewal,
        token_format::{Printable, TokenFormat},
    },
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
                    let pause = renewal::pause(&token);
                    self.print(token)?;
                    pause
                }
                Err(error) if error.is_retryable() => error.retry_after().unwrap_or(renewal::LONGEST_PAUSE),
                // No warning is shown here, because the failure reports the same error as the last event.
                Err(error) => return Err(self.settings.no_token(error)),
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
            if let Some(warning) = renewal::warning(&event, &self.settings.base_url) {
                self.console.warn(&warning);
            }
        }
    }
}
