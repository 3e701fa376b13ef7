//! Mixed faults under load, over each transport: memory stays flat, no task and no descriptor is left, and
//! retries stay within their budget.
//!
//! `cargo test` runs it for a few seconds. The long run takes ten minutes per transport:
//!
//!     CG_AUTH_SOAK_SECONDS=600 cargo test -p cg-auth-tests --test soak -- --nocapture
//!
//! `CG_AUTH_SOAK_TRANSPORT=hyper` or `reqwest` runs one of them.

// A failed expectation in a helper is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(target_os = "linux")] // it reads /proc

mod caller;
mod figures;
mod live_memory;
mod phases;
mod process;
mod requests;
mod rig;
mod service;

use std::{env, sync::Arc, time::Duration};

use cg_auth_core::transport::HttpTransport;
use cg_auth_hyper::HyperTransport;
use cg_auth_reqwest::ReqwestTransport;
use cg_auth_transport_util::TransportSettings;

use crate::{figures::Figures, process::Process, rig::Rig, service::Service};

#[test]
fn mixed_faults_under_load_leave_nothing_behind_and_are_not_multiplied() {
    let seconds = env::var("CG_AUTH_SOAK_SECONDS").map_or(4, |text| text.parse().unwrap());
    let only = env::var("CG_AUTH_SOAK_TRANSPORT").ok();
    for (name, transport) in TRANSPORTS {
        if only.as_deref().is_none_or(|only| only == name) {
            soak(name, transport, Duration::from_secs(seconds));
        }
    }
}

fn soak(name: &str, transport: MakeTransport, duration: Duration) {
    let panics = process::count_panics();
    let mut service = Service::start();
    // What is allocated once per process is allocated in a first, short run.
    run(transport, &mut service, Duration::from_secs(1));
    let before = Process::now();
    let figures = run(transport, &mut service, duration);
    let after = Process::now();

    figures.print(name, duration, &before, &after);
    figures.check(name, duration);
    assert_eq!(after.descriptors, before.descriptors, "{name}: descriptors are left");
    assert_eq!(after.threads, before.threads, "{name}: threads are left");
    let growth = after.live_bytes - before.live_bytes;
    assert!(growth < LEFT_BYTES, "{name}: {growth} bytes are left");
    assert_eq!(panics(), 0, "{name}: panics");
}

/// Runs the callers for `duration`, then ends everything. Returns once no task is left.
fn run(transport: MakeTransport, service: &mut Service, duration: Duration) -> Figures {
    service.count_anew();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let idle_sockets = process::sockets();
    let figures = Arc::new(Figures::default());
    let (rig, callers) = runtime.block_on(async { Rig::start(transport, service, &figures) });
    phases::pass(duration, service, &figures);
    runtime.block_on(rig.end(callers, &figures));
    figures.add_requests(&service.count());
    process::wait_until("no task is left", || runtime.metrics().num_alive_tasks() == 0);
    process::wait_until("no socket is left", || process::sockets() <= idle_sockets);
    drop(runtime);
    Arc::into_inner(figures).expect("every task has ended")
}

type MakeTransport = fn(&TransportSettings) -> Arc<dyn HttpTransport>;

const TRANSPORTS: [(&str, MakeTransport); 2] = [
    ("hyper", |settings| Arc::new(HyperTransport::from_settings(settings).unwrap())),
    ("reqwest", |settings| Arc::new(ReqwestTransport::from_settings(settings).unwrap())),
];

/// What maps and thread-local buffers may keep.
const LEFT_BYTES: i64 = 128 * 1024;
