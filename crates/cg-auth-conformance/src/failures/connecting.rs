//! A connection that cannot be made.

use crate::{
    exchange::delegation, failure::Failure, row::Row, servers::listener::Listener, settings::Settings,
    subject::Subject,
};

/// Nothing listens at the port.
///
/// # Errors
/// [`Failure`] if the error is not as the row says.
pub async fn connection_refused(subject: &dyn Subject) -> Result<(), Failure> {
    let row = Row::of("connection refused")?;
    let base_url = Listener::bind().await.base_url();
    let transport = subject.transport(&Settings::default());
    row.check(subject, transport.send(delegation(&base_url)?).await)
}
