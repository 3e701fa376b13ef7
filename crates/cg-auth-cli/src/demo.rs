//! `cg-auth demo`: a token's whole life against an emulator in this process, once over each transport.

mod story;
mod timeline;

use std::io;

use cg_auth_emulator::Emulator;

use self::{story::Story, timeline::Timeline};
use crate::{args::TransportChoice, block_on, failure::Failure, transports};

/// Tells the whole story. A step that fails ends the story of its transport; the other is told all the
/// same.
pub(crate) fn run() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    block_on(tell(&mut Timeline::new(&mut out)))?
}

async fn tell(timeline: &mut Timeline<'_>) -> Result<(), Failure> {
    let emulator = Emulator::builder().tls().start().await?;
    introduce(&emulator, timeline)?;
    let mut failed = None;
    for (name, choice) in [("reqwest", TransportChoice::Reqwest), ("hyper", TransportChoice::Hyper)] {
        timeline.say(&format!("\nover {name}"))?;
        let transport = transports::build(choice, emulator.ca_pem().map(str::as_bytes))?;
        match Story::new(&emulator, transport, name).tell(timeline).await {
            Ok(()) => {}
            Err(failure @ Failure::Output(_)) => return Err(failure),
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    match failed {
        Some(failure) => Err(failure),
        None => timeline
            .say("\nBoth transports told the same story. With a service of your own: cg-auth token --help"),
    }
}

fn introduce(emulator: &Emulator, timeline: &mut Timeline<'_>) -> Result<(), Failure> {
    timeline.say("The life of a delegated access token, over real TLS and HTTP.")?;
    timeline.say(&format!(
        "The service is an emulator inside this program, at {}; the user is {}.",
        emulator.base_url(),
        emulator.credential().user_principal_name(),
    ))?;
    timeline.say("It was built from the vendor's clients and has never met the live service.")
}
