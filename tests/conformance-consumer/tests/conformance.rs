//! The contract of transports, tried on ours: one test for each case, and a report for the build server.

use std::{fs, path::Path, sync::Arc};

use cg_auth_conformance::{Capabilities, Capability, Settings, Subject, Suite};
use cg_auth_core::transport::HttpTransport;
use conformance_consumer::PlainTransport;

struct Plain;

impl Subject for Plain {
    fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport> {
        let Settings { connect_timeout, body_limit, .. } = *settings;
        Arc::new(PlainTransport { connect_timeout, body_limit })
    }

    fn capabilities(&self) -> Capabilities {
        [Capability::ConnectTimeout].into()
    }
}

fn suite() -> Suite {
    Suite::new(Plain).with_exemption(
        "a_call_outside_of_a_runtime_ends",
        "tokio panics there, and this program makes every call within its one runtime",
    )
}

mod plain {
    cg_auth_conformance::conformance!(super::suite());
}

#[test]
fn the_report_says_that_the_transport_is_right() {
    let report = suite().report();
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.json"), report.to_json()).unwrap();
    assert!(report.passed, "{}", report.to_json());
}
