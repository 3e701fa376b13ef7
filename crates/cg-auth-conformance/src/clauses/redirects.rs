//! Rule 1: the transport follows no redirect.

use http::header::LOCATION;

use crate::{
    exchange::{answered, delegation, ensure_left_alone, get_from},
    failure::{Failure, ensure, ensure_eq},
    servers::listener::Listener,
    settings::Settings,
    subject::Subject,
};

/// Every redirect is an answer, and neither its target nor the server receives another request.
pub async fn a_redirect_is_not_followed(subject: &dyn Subject) -> Result<(), Failure> {
    let (listener, elsewhere) = (Listener::bind().await, Listener::bind().await);
    for status in [301, 302, 303, 307, 308] {
        let location = format!("http://{}/auth/token/delegate", elsewhere.address());
        let redirect =
            format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        for request in [delegation(&listener.base_url())?, get_from(&listener)?] {
            let transport = subject.transport(&Settings::default());
            let method = request.method().clone();
            let (response, _) = answered(transport.send(request), listener.answer(&redirect)).await?;
            ensure_eq!(response.status().as_u16(), status, "the status of the answer to a {method}");
            let kept = response.headers().get(LOCATION);
            ensure!(kept.is_some_and(|kept| kept == location.as_str()), "the answer has lost its location");
        }
    }
    ensure_left_alone(&elsewhere, "the target of the redirect").await?;
    ensure_left_alone(&listener, "the server").await
}
