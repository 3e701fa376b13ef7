//! A call to a service without TLS needs no root certificates.

use cg_auth_core::{AuthClient, BaseUrl, CallErrorKind};
use cg_auth_tests::listener::{Connection, Listener, TOKEN, ok};
use cg_auth_transport_util::TransportSettings;
use macro_rules_attribute::apply;

use super::{
    environment::run_in_environment,
    subject::{Configurable, client_over, credential},
};

/// On Linux the variables name the files that hold the root certificates. Elsewhere they have no effect.
#[apply(own_transports)]
async fn without_root_certificates_only_https_is_a_config_error<T: Configurable>() {
    const NONE: (&str, &str) = ("SSL_CERT_FILE", "/nonexistent");
    if std::env::var_os(NONE.0).is_none_or(|file| file != NONE.1) {
        let none = [NONE, ("SSL_CERT_DIR", "/nonexistent")];
        let test = "without_root_certificates_only_https_is_a_config_error";
        return run_in_environment::<T>(module_path!(), test, &none).await;
    }
    let listener = Listener::bind().await;
    let transport = T::with_settings(TransportSettings::new());
    first_call(&client_over(listener.base_url(), transport), &listener).await;
    if cfg!(target_os = "linux") {
        let https = BaseUrl::parse(&format!("https://{}", listener.address())).unwrap();
        let client = client_over(https, T::with_settings(TransportSettings::new()));
        let error = client.get_delegate_access_token(&credential()).await.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Config);
    }
}

/// Makes a call that is answered. Returns its connection, which stays open.
pub(crate) async fn first_call(client: &AuthClient, listener: &Listener) -> Connection {
    let credential = credential();
    let (answer, (_, connection)) =
        tokio::join!(client.get_delegate_access_token(&credential), listener.answer(ok(TOKEN)));
    answer.unwrap();
    connection
}
