//! What `-v` shows: what this command does, and what the HTTP libraries say of their connections.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Shows events on standard error from now on.
pub(crate) fn show() {
    // Colours would need to be asked for; plain lines can be read anywhere.
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false).with_filter(quiet_targets());
    // A second call would be refused: there is only this one.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// Levels at which no header, body or URL is logged. What is not named here is silent: at `debug` h2 and
/// hyper-util show the text of a GOAWAY frame, which is the server's and could echo what it was sent; at
/// `trace` reqwest shows raw bytes.
fn quiet_targets() -> Targets {
    Targets::new().with_target("cg_auth", LevelFilter::DEBUG).with_target("reqwest", LevelFilter::DEBUG)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn what_could_hold_a_header_or_a_body_is_not_shown() {
        let targets = quiet_targets();
        assert!(targets.would_enable("cg_auth::commands", &Level::DEBUG));
        for target in ["h2::codec::framed_read", "hyper_util::client", "hyper::proto", "rustls::client"] {
            assert!(!targets.would_enable(target, &Level::ERROR), "{target}");
        }
        for target in ["reqwest::connect", "cg_auth"] {
            assert!(!targets.would_enable(target, &Level::TRACE), "{target}");
        }
    }
}
