//! `cg-auth token --watch`: a line for each new token, for as long as somebody reads.

use std::time::Duration;

use cg_auth_core::{
    IssuedToken, TokenError, TokenProvider,
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

/// Prints tokens until no more can be had, and then says why.
pub(super) async fn run(args: &ServiceArgs, console: &Console) -> Result<(), Failure> {
    let settings = Settings::resolve(args, console)?;
    let secret = settings.secret_source(console).await?;
    let provider = TokenProvider::new(settings.client()?, settings.user_principal_name.clone(), secret);
    provider.on_event(trace_event);
    let (tell, events) = unbounded_channel();
    provider.on_event(move |event| drop(tell.send(event.clone())));
    Watch { settings, console: *console, provider, events, backlog: Vec::new(), printed: None }.run().await
}

struct Watch {
    settings: Settings,
    console: Console,
    provider: TokenProvider,
    events: UnboundedReceiver<Event>,
    /// Told before the next pause.
    backlog: Vec<Event>,
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
                // What the events say of it is said by the failure.
                Err(error) => return Err(error.into()),
            };
            self.tell();
            tokio::select! {
                () = sleep(pause) => {}
                Some(event) = self.events.recv() => self.backlog.push(event),
            }
        }
    }

    /// The service may issue the same text again, which is no new token.
    fn print(&mut self, token: IssuedToken) -> Result<(), Failure> {
        let is_new = |printed: &IssuedToken| printed.expose_secret() != token.expose_secret();
        if self.printed.as_ref().is_none_or(is_new) {
            let line = Printable::of_issued(&token, &self.settings).text(TokenFormat::Json)?;
            output::to_stdout(&line).map_err(Failure::Output)?;
            self.printed = Some(token);
        }
        Ok(())
    }

    fn tell(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.backlog.push(event);
        }
        self.backlog.drain(..).filter_map(|event| warning(&event)).for_each(|text| self.console.warn(&text));
    }
}

/// The provider has no timer: it looks at a token's age when it is asked for one. Nor does a timer of this process
/// count the time for which the machine is suspended, so that it asks more often than a token's life needs.
fn pause(token: &IssuedToken) -> Duration {
    let left = token.expiry().remaining(Now::system());
    left.map_or(LONGEST_PAUSE, |left| (left / 20).clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
}

fn warning(event: &Event) -> Option<String> {
    match event {
        Event::Failed { error, retry_in, .. } => {
            let retry_in = humantime::format_duration(Duration::from_millis(whole_millis(*retry_in)));
            Some(format!("no new token: {}; trying again in {retry_in}", story(error)))
        }
        Event::RefreshSwitchedOff => Some(
            "the service refuses every refresh token, so the client secret is used alone; a proxy that drops headers \
             with an underscore, as nginx does by default, has this effect"
                .into(),
        ),
        _ => None,
    }
}

fn story(error: &TokenError) -> String {
    let first: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let causes = std::iter::successors(first, |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
