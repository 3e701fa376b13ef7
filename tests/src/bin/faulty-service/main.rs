//! `faulty-service`: the emulated service behind a front that disturbs it, for the soak test.
//!
//!     faulty-service USERS LIFETIME_SECONDS SEED
//!
//! The first line of its output is JSON: the addresses of its two ports, one for HTTP/1.1 and one for HTTP/2
//! over TLS, and the root certificate to trust. It answers each line of input with one line:
//!
//! - `calm`, `mixed` or `outage`: the phase from now on (see [`Faults`]). The answer is the same word.
//! - `count`: the requests so far, as JSON (see [`Counts`](front::Counts)).
//!
//! It ends at the end of its input, so it never outlives a test.

// A tool of tests: a panic is a failed test, and the tests read the output.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod faults;
mod front;
mod http1;
mod http2;

use std::{sync::Arc, time::Duration};

use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName};
use cg_auth_emulator::{Emulator, EmulatorBuilder, User};
use cg_auth_tests::tls::TlsServer;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
};

use crate::{faults::Faults, front::Front};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap());
    let mut next = || numbers.next().expect("USERS LIFETIME_SECONDS SEED");
    let (users, lifetime, seed) = (next(), Duration::from_secs(next()), next());
    let emulator = emulator(users, lifetime, seed).start_blocking().unwrap();
    let tls = TlsServer::new().alpn(&[b"h2"]);
    let ports =
        [TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap()];
    let [http1, http2] = ports.each_ref().map(|port| port.local_addr().unwrap().to_string());
    println!("{}", json!({ "http1": http1, "http2": http2, "ca_pem": tls.authority().pem() }));

    let front = Arc::new(Front::new(emulator.base_url(), Faults::with_seed(seed)));
    let [http1, http2] = ports;
    tokio::select! {
        () = http1::serve(http1, front.clone()) => {}
        () = http2::serve(http2, tls.config(), front.clone()) => {}
        () = obey(&front) => {}
    }
}

/// The service. Each user has two secrets, as during a rotation.
fn emulator(users: u64, lifetime: Duration, seed: u64) -> EmulatorBuilder {
    let mut builder = Emulator::builder().token_lifetime(lifetime).token_cache(false).seed(seed);
    for number in 0..users {
        let secret = |secret| ClientSecret::new(secret).unwrap();
        let name = UserPrincipalName::new(format!("user-{number}@example.com")).unwrap();
        let user = User::new(ApiCredential::new(secret("soak-secret-1"), name));
        builder = builder.user(user.second_secret(Some(secret("soak-secret-2"))));
    }
    builder
}

async fn obey(front: &Front) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match line.as_str() {
            "count" => println!("{}", front.counts()),
            phase => {
                front.faults().set_phase(phase.parse().unwrap());
                println!("{phase}");
            }
        }
    }
}
