//! Contract rules 6 and 9: what failed, whether the request may have left, and no word of a secret.

use std::{error::Error, iter::successors};

use cg_auth_core::{
    AuthClient, BaseUrl, ErrorKind, Recovery, model::RefreshToken, transport::TransportErrorKind,
};
use cg_auth_tests::listener::{Listener, TOKEN, while_serving};

use super::subject::{Settings, Subject, client, client_over, credential};

pub(crate) async fn a_refused_connection_was_not_sent<T: Subject>() {
    let base_url = Listener::bind().await.base_url();
    let error = client::<T>(base_url).get_delegate_access_token(&credential()).await.unwrap_err();
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Transport, Recovery::Retry));
    assert_eq!(error.as_transport().unwrap().kind(), TransportErrorKind::Connect);
    assert!(!error.may_have_been_sent());
}

pub(crate) async fn a_server_without_tls_is_a_tls_failure<T: Subject>() {
    let listener = Listener::bind().await;
    let base_url = BaseUrl::parse(&format!("https://{}", listener.address())).unwrap();
    let client = client_over(base_url, T::default());
    let server = async {
        let mut connection = listener.accept().await;
        connection.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        connection
    };
    let credential = credential();
    let error = while_serving(client.get_delegate_access_token(&credential), server).await.unwrap_err();
    let error = error.as_transport().unwrap();
    assert_eq!(error.kind(), TransportErrorKind::Tls);
    assert!(!error.may_have_been_sent() && !error.is_refused_certificate());
}

pub(crate) async fn an_answer_that_is_not_http_is_malformed<T: Subject>() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
    ] {
        assert_plain_failure::<T>(garbage, TransportErrorKind::Malformed).await;
    }
}

pub(crate) async fn a_connection_closed_before_the_answer_is_closed<T: Subject>() {
    assert_plain_failure::<T>("", TransportErrorKind::Closed).await;
    assert_plain_failure::<T>("HTTP/1.1 200 OK\r\ncontent-le", TransportErrorKind::Closed).await;
}

pub(crate) async fn a_connection_closed_within_the_body_is_closed<T: Subject>() {
    assert_plain_failure::<T>("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", TransportErrorKind::Closed)
        .await;
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{";
    assert_plain_failure::<T>(chunked, TransportErrorKind::Closed).await;
}

/// Without TLS's own good-bye, the end of a body without a length may be an attacker's.
pub(crate) async fn a_tls_stream_that_ends_without_notice_is_closed<T: Subject>() {
    let listener = Listener::bind_tls().await;
    let settings = Settings { extra_roots: listener.ca_pem(), ..Settings::default() };
    let client = client_over(listener.base_url(), T::build(settings).unwrap());
    let answer = format!("HTTP/1.1 200 OK\r\n\r\n{TOKEN}");
    assert_failure(&listener, &client, &answer, TransportErrorKind::Closed).await;
}

async fn assert_plain_failure<T: Subject>(answer: &str, kind: TransportErrorKind) {
    let listener = Listener::bind().await;
    assert_failure(&listener, &client::<T>(listener.base_url()), answer, kind).await;
}

/// The server reads the request, writes `answer` and closes.
async fn assert_failure(listener: &Listener, client: &AuthClient, answer: &str, kind: TransportErrorKind) {
    let (credential, refresh_token) = (credential(), RefreshToken::new("cmVmcmVzaA==").unwrap());
    let server = async {
        listener.answer(answer).await;
    };
    let call = client.refresh_user_access_token(&credential, &refresh_token);
    let error = while_serving(call, server).await.unwrap_err();
    assert_eq!(error.as_transport().unwrap().kind(), kind, "{answer:?}: {error:?}");
    assert!(error.may_have_been_sent(), "{answer:?}");
    assert!(listener.is_left_alone().await, "{answer:?}: the request was sent again");

    let causes = successors(Some(&error as &dyn Error), |&error| error.source());
    let told: String = causes.map(|error| format!("{error} {error:?} ")).collect();
    for secret in [credential.client_secret().expose_secret(), refresh_token.expose_secret(), "at-1"] {
        assert!(!told.contains(secret), "{answer:?}: {told}");
    }
}
