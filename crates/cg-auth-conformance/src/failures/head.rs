//! A connection that ends before or within the head of the answer.

use crate::{
    exchange::{exchange, refresh},
    failure::{Failure, ensure},
    row::Row,
    servers::listener::{Connection, Listener},
    settings::Settings,
    subject::Subject,
};

/// The server reads the request and closes.
///
/// # Errors
/// [`Failure`] if the error is not as the row says.
pub async fn closed_before_the_head(subject: &dyn Subject) -> Result<(), Failure> {
    meet_request(subject, "closed before the head", "", drop).await
}

/// The server reads the request, writes `answer` and ends the connection.
async fn meet_request(
    subject: &dyn Subject,
    failure: &str,
    answer: &str,
    end: impl FnOnce(Connection),
) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    let server = async { end(listener.answer(answer).await.1) };
    let (sent, ()) = exchange(transport.send(refresh(&listener.base_url())?), server).await?;
    Row::of(failure)?.check(subject, sent)?;
    ensure!(listener.is_left_alone().await, "the request was sent again");
    Ok(())
}
