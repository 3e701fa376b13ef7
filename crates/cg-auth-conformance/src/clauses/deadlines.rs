//! Rule 8: the transport sets no overall deadline.

use std::time::Duration;

use tokio::time::{advance, pause, resume, sleep};

use crate::{
    exchange::{answered, delegation},
    failure::Failure,
    servers::listener::Listener,
    settings::Settings,
    subject::Subject,
};

/// A slow answer is awaited, before its head and within its body: for longer than connecting may take by the
/// real clock, and for two hours by tokio's.
pub async fn a_slow_answer_is_awaited(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings { connect_timeout: SHORT, ..Settings::default() });
    let server = async {
        let (_, mut connection) = listener.answer("").await;
        sleep(3 * SHORT / 2).await;
        an_hour().await;
        connection.write_in_vain(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{").await;
        an_hour().await;
        connection.write_in_vain(b"}").await;
        connection
    };
    let call = transport.send(delegation(&listener.base_url())?);
    let slow = answered(call, server).await;
    slow.map_err(|failure| failure.when("an answer took two hours, and the call did not wait for it"))?;
    Ok(())
}

/// Shorter than the server takes. Connecting on this machine takes a fraction of it, even on a busy one.
const SHORT: Duration = Duration::from_secs(1);

/// Passes an hour of tokio's clock, and a moment of the real one.
async fn an_hour() {
    pause();
    advance(Duration::from_secs(60 * 60)).await;
    resume();
    sleep(Duration::from_millis(20)).await;
}
