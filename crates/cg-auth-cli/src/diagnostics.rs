//! The log of `-v`: the events of this command, and reqwest's events about its connections.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Writes events to standard error from now on.
pub(crate) fn show() {
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false).with_filter(safe_targets());
    // A second subscriber would be refused, but the command installs only one.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// The targets and levels that never log a header, a body or a URL; every other target is off.
///
/// At `debug`, h2 and hyper-util log the text of a GOAWAY frame, into which a server can copy parts of the
/// request. At `trace`, reqwest logs raw bytes.
fn safe_targets() -> Targets {
    Targets::new().with_target("cg_auth", LevelFilter::DEBUG).with_target("reqwest", LevelFilter::DEBUG)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn events_that_could_hold_a_header_or_a_body_are_not_logged() {
        let targets = safe_targets();
        assert!(targets.would_enable("cg_auth::commands", &Level::DEBUG));
        for target in ["h2::codec::framed_read", "hyper_util::client", "hyper::proto", "rustls::client"] {
            assert!(!targets.would_enable(target, &Level::ERROR), "{target}");
        }
        for target in ["reqwest::connect", "cg_auth"] {
            assert!(!targets.would_enable(target, &Level::TRACE), "{target}");
        }
    }
}
