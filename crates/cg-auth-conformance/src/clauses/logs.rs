//! Rule 9: the transport keeps secrets out of logs.

use crate::{
    capability::Capability,
    captured_log::CapturedLog,
    exchange::{exchange, first_call, refresh},
    failure::Failure,
    secrets::ensure_text_hides,
    servers::{
        http2::Http2,
        listener::{Listener, TOKEN, while_serving},
    },
    settings::Settings,
    subject::Subject,
};

/// No event and no span of `tracing`, and no record of `log`, shows a secret, at any level: neither of a call
/// that is answered nor of one that fails.
///
/// The suite sees what the thread of the case logs, and records of `log` only if the program sets no logger of
/// its own.
pub async fn no_secret_is_logged(subject: &dyn Subject) -> Result<(), Failure> {
    let log = CapturedLog::start();
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    first_call(&transport, &listener).await?;
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":\"at-1\""] {
        let transport = subject.transport(&Settings::default());
        let server = async { drop(listener.answer(answer).await) };
        let _failed = exchange(transport.send(refresh(&listener.base_url())?), server).await?;
    }
    if subject.capabilities().has(Capability::Http2) {
        let settings = Settings { http2_prior_knowledge: true, ..Settings::default() };
        let transport = subject.transport(&settings);
        let server = async {
            let mut http2 = Http2::accept(&listener).await;
            let stream = http2.request().await;
            http2.answer(stream, TOKEN).await;
            http2.read_to_the_end().await;
        };
        while_serving(transport.send(refresh(&listener.base_url())?), server).await?;
    }
    ensure_text_hides(&log.text()).map_err(|failure| failure.when("in the log"))
}
