//! `cg-auth token --watch`: prints a line for each new token, or keeps a file up to date.

use std::path::PathBuf;

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

use super::{arguments::TokenArgs, destination::Destination};
use crate::{
    commands::{
        renewal,
        token_format::{Printable, TokenFormat},
    },
    console::Console,
    failure::Failure,
    leases::Leases,
    settings::Settings,
};

/// Prints or saves each new token until an error occurs that a retry cannot fix, and returns that error.
pub(super) async fn run(args: &TokenArgs, console: &Console, leases: &Leases) -> Result<(), Failure> {
    let settings = Settings::resolve_with_store(&args.service, &args.store, console)?;
    let first = Destination::new(args.output.as_deref())?;
    let secret = settings.rotating_secret(console).await?;
    let provider = settings.provider(secret, leases)?;
    provider.on_event(trace_event);
    let (send, events) = unbounded_channel();
    provider.on_event(move |event| drop(send.send(event.clone())));
    let default_format = if args.uses_stdout() { TokenFormat::Json } else { TokenFormat::Raw };
    let watch = Watch {
        settings,
        console: *console,
        provider,
        events,
        pending: Vec::new(),
        store_warnings: renewal::StoreWarnings::default(),
        format: args.format.unwrap_or(default_format),
        path: args.output.clone(),
        first: Some(first),
        written: None,
        failed: None,
    };
    watch.run().await
}

struct Watch {
    settings: Settings,
    console: Console,
    provider: TokenProvider,
    events: UnboundedReceiver<Event>,
    /// Events whose warnings are shown before the next pause.
    pending: Vec<Event>,
    store_warnings: renewal::StoreWarnings,
    format: TokenFormat,
    /// The file of `--output`.
    path: Option<PathBuf>,
    /// Prepared before the first request.
    first: Option<Destination>,
    written: Option<IssuedToken>,
    /// The token that could not be written, so that it causes one warning only.
    failed: Option<IssuedToken>,
}

impl Watch {
    async fn run(mut self) -> Result<(), Failure> {
        loop {
            let pause = match self.provider.token().await {
                Ok(token) => {
                    let pause = renewal::pause(&token);
                    self.write(token)?;
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

    /// Writes `token`, unless it was the last one written: the service may issue the same token again. A file
    /// that cannot be written is an error only if it holds no valid token; the write is tried again later.
    fn write(&mut self, token: IssuedToken) -> Result<(), Failure> {
        if is_same(self.written.as_ref(), &token) {
            return Ok(());
        }
        let text = Printable::of_issued(&token, &self.settings).text(self.format)?;
        let destination = match self.first.take() {
            Some(first) => Ok(first),
            None => Destination::new(self.path.as_deref()).map_err(Failure::from),
        };
        match destination.and_then(|destination| destination.write(&text)) {
            Ok(()) => self.written = Some(token),
            Err(failure) if self.path.is_none() || !self.holds_valid_token() => return Err(failure),
            Err(failure) => {
                if !is_same(self.failed.as_ref(), &token) {
                    self.console.warn(&cause_chain(&failure));
                }
                self.failed = Some(token);
            }
        }
        Ok(())
    }

    fn holds_valid_token(&self) -> bool {
        self.written.as_ref().is_some_and(|token| !token.expiry().is_expired(Now::system()))
    }

    /// Shows the warnings of the events so far.
    fn warn(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.pending.push(event);
        }
        for event in self.pending.drain(..) {
            let warning = renewal::warning(&event, &self.settings.base_url);
            if let Some(warning) = warning.or_else(|| self.store_warnings.of(&event)) {
                self.console.warn(&warning);
            }
        }
    }
}

fn is_same(one: Option<&IssuedToken>, other: &IssuedToken) -> bool {
    one.is_some_and(|one| one.expose_secret() == other.expose_secret())
}
