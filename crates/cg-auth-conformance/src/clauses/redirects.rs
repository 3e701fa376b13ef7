//! Rule 1: the transport follows no redirect.

use crate::{
    exchange::{answered, delegation},
    failure::{Failure, ensure, ensure_eq},
    servers::listener::Listener,
    settings::Settings,
    subject::Subject,
};

/// Every redirect is an answer, and neither its target nor the server receives another request.
///
/// # Errors
/// [`Failure`] if the transport behaves otherwise.
pub async fn a_redirect_is_not_followed(subject: &dyn Subject) -> Result<(), Failure> {
    let (listener, elsewhere) = (Listener::bind().await, Listener::bind().await);
    for status in [301, 302, 303, 307, 308] {
        let redirect = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: http://{}/auth/token/delegate\r\ncontent-length: 0\r\n\r\n",
            elsewhere.address(),
        );
        let transport = subject.transport(&Settings::default());
        let call = transport.send(delegation(&listener.base_url())?);
        let (response, _) = answered(call, listener.answer(&redirect)).await?;
        ensure_eq!(response.status().as_u16(), status, "the status of the redirect");
    }
    ensure!(elsewhere.is_left_alone().await, "the target of the redirect received a connection");
    ensure!(listener.is_left_alone().await, "the server received another connection");
    Ok(())
}
