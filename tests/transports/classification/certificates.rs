//! A certificate that one side refuses, in TLS 1.3 and in TLS 1.2.

use cg_auth_tests::{
    listener::{Listener, while_serving},
    tls::TlsServer,
};
use macro_rules_attribute::apply;

use super::{
    super::subject::{Subject, UNUSED_AUTHORITY, client_over, credential},
    Row,
};

#[apply(every_transport)]
async fn certificate_of_an_unknown_issuer<T: Subject>(row: &Row) {
    meet::<T>(row, TlsServer::new, |_| T::trusting(UNUSED_AUTHORITY.pem())).await;
}

#[apply(every_transport)]
async fn certificate_of_another_host<T: Subject>(row: &Row) {
    meet::<T>(row, || TlsServer::new().name("service.example"), T::trusting).await;
}

#[apply(every_transport)]
async fn certificate_that_has_expired<T: Subject>(row: &Row) {
    meet::<T>(row, || TlsServer::new().expired(), T::trusting).await;
}

#[apply(every_transport)]
async fn certificate_that_is_not_yet_valid<T: Subject>(row: &Row) {
    meet::<T>(row, || TlsServer::new().not_yet_valid(), T::trusting).await;
}

/// In TLS 1.3 the client sees the refusal after its handshake.
#[apply(own_transports)]
async fn client_certificate_missing<T: Subject>(row: &Row) {
    meet::<T>(row, || TlsServer::new().demanding_client_certificate(), T::trusting).await;
}

async fn meet<T: Subject>(row: &Row, server: fn() -> TlsServer, transport: impl Fn(&str) -> T) {
    for server in [server(), server().tls12_only()] {
        let listener = Listener::bind_tls_with(server).await;
        let client = client_over(listener.base_url(), transport(listener.ca_pem().unwrap()));
        let credential = credential();
        let call = client.get_delegate_access_token(&credential);
        row.check(while_serving(call, listener.accept_in_vain()).await);
        assert!(listener.is_left_alone().await, "{row:?}: the transport tried again");
    }
}
