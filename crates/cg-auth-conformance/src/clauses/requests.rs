//! Rule 4: the transport sends the request unchanged.

use crate::{
    exchange::{answered, delegation, deletion, refresh},
    failure::{Failure, ensure_eq},
    servers::listener::{Listener, ok},
    settings::Settings,
    subject::Subject,
};

/// The first line of a request is the method and the target that it was built with.
///
/// # Errors
/// [`Failure`] if the transport behaves otherwise.
pub async fn method_and_target_arrive_unchanged(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let base_url = listener.base_url();
    for request in [delegation(&base_url)?, refresh(&base_url)?, deletion(&base_url)?] {
        let expected = format!("{} {} HTTP/1.1", request.method(), request.uri().path());
        let transport = subject.transport(&Settings::default());
        let (_, (received, _)) = answered(transport.send(request), listener.answer(ok("{}"))).await?;
        ensure_eq!(received.line(), expected, "the first line");
    }
    Ok(())
}
