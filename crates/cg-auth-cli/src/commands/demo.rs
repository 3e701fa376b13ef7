//! `cg-auth demo`: a token's whole life against an emulator in this process, once over each transport.

mod story;
mod timeline;

use std::io;

use cg_auth_emulator::Emulator;
use cg_auth_transport_util::ProxyChoice;

use self::{story::Story, timeline::Timeline};
use crate::{failure::Failure, settings::TransportChoice, transports};

/// Tells the whole story. A step that fails ends the story of its transport; the other is told all the
/// same.
pub(crate) async fn run() -> Result<(), Failure> {
    tell(&mut Timeline::new(&mut io::stdout().lock())).await
}

async fn tell(timeline: &mut Timeline<'_>) -> Result<(), Failure> {
    let emulator = Emulator::builder().tls().start().await?;
    introduce(&emulator, timeline)?;
    let mut failed = None;
    for choice in [TransportChoice::Reqwest, TransportChoice::Hyper] {
        let name = choice.as_str();
        timeline.say(&format!("\nover {name}"))?;
        let transport = transports::build(choice, emulator.ca_pem().map(str::as_bytes), ProxyChoice::Off)?;
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
