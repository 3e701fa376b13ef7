//! The suite under a runner of one's own: libtest-mimic, with `harness = false`.

use std::{process::ExitCode, sync::Arc};

use cg_auth_conformance::{Capabilities, Capability, Settings, Subject, TrialKind, trials};
use cg_auth_core::transport::HttpTransport;
use cg_auth_hyper::HyperTransport;
use libtest_mimic::{Arguments, Trial};

/// hyper as a program without TLS and proxies uses it.
struct Plain;

impl Subject for Plain {
    #[allow(clippy::unwrap_used)] // a panic fails the case
    fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport> {
        let builder = HyperTransport::builder().no_proxy().connect_timeout(settings.connect_timeout);
        Arc::new(builder.body_limit(settings.body_limit).build().unwrap())
    }

    fn capabilities(&self) -> Capabilities {
        [Capability::KeepsConnections, Capability::ConnectTimeout, Capability::Advice].into()
    }
}

fn main() -> ExitCode {
    let tests = trials(Plain).into_iter().map(|trial| {
        let is_ignored = matches!(trial.kind, TrialKind::NotApplicable { .. });
        let name = format!("plain::{}", trial.name);
        Trial::test(name, || Ok(trial.run()?)).with_ignored_flag(is_ignored)
    });
    libtest_mimic::run(&Arguments::from_args(), tests.collect()).exit_code()
}
