//! `cg-auth demo`: a token's lifecycle against an emulator in this process, once over each transport.

mod steps;
mod timeline;

use std::io;

use cg_auth_emulator::Emulator;
use cg_auth_transport_util::ProxyChoice;
use clap::ValueEnum as _;

use self::{steps::Steps, timeline::Timeline};
use crate::{
    failure::Failure,
    transports::{self, TransportChoice},
};

/// Runs the steps over each transport. A step that fails skips the remaining steps of its transport only.
pub(crate) async fn run() -> Result<(), Failure> {
    run_all(&mut Timeline::new(&mut io::stdout().lock())).await
}

async fn run_all(timeline: &mut Timeline<'_>) -> Result<(), Failure> {
    let emulator = Emulator::builder().tls().start().await?;
    introduce(&emulator, timeline)?;
    let mut failed = None;
    for choice in TransportChoice::value_variants() {
        let name = choice.as_str();
        timeline.write_line(&format!("\nover {name}"))?;
        let transport =
            choice.build(&transports::settings(emulator.ca_pem().map(str::as_bytes), ProxyChoice::Off)?)?;
        match Steps::new(&emulator, transport, name).run(timeline).await {
            Ok(()) => {}
            Err(failure @ Failure::Output(_)) => return Err(failure),
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    match failed {
        Some(failure) => Err(failure),
        None => timeline.write_line(
            "\nBoth transports passed every step. For your own service, see cg-auth token --help",
        ),
    }
}

fn introduce(emulator: &Emulator, timeline: &mut Timeline<'_>) -> Result<(), Failure> {
    timeline.write_line("The lifecycle of a delegated access token, over real TLS and HTTP.")?;
    timeline.write_line(&format!(
        "The service is an emulator inside this program, at {}; the user is {}.",
        emulator.base_url(),
        emulator.credential().user_principal_name(),
    ))?;
    timeline.write_line(
        "It answers as the vendor's clients expect, and was never compared with the live service.",
    )
}
