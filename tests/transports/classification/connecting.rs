//! A connection that cannot be made.

use std::time::Duration;

use cg_auth_core::{BaseUrl, time::Now};
use cg_auth_tests::{
    listener::{Connection, Listener, while_serving},
    tls11,
};
use macro_rules_attribute::apply;

use super::{
    super::{
        deadlines::assert_took,
        subject::{Subject, client, client_over, credential, settings},
    },
    Row,
};

#[apply(every_transport)]
async fn connection_refused<T: Subject>(row: &Row) {
    let base_url = Listener::bind().await.base_url();
    row.check(client::<T>(base_url).get_delegate_access_token(&credential()).await);
}

/// The operating system refuses a TCP connection to the broadcast address without sending a packet.
#[apply(every_transport)]
async fn host_unreachable<T: Subject>(row: &Row) {
    let base_url = BaseUrl::parse_allowing_http("http://255.255.255.255").unwrap();
    row.check(client::<T>(base_url).get_delegate_access_token(&credential()).await);
}

/// No name ends in `.invalid` (RFC 6761).
#[apply(every_transport)]
async fn host_name_not_found<T: Subject>(row: &Row) {
    let base_url = BaseUrl::parse_allowing_http("http://cg-auth.invalid").unwrap();
    row.check(client::<T>(base_url).get_delegate_access_token(&credential()).await);
}

#[apply(every_transport)]
async fn tls_handshake_unanswered_at_the_connect_timeout<T: Subject>(row: &Row) {
    let limit = Duration::from_millis(200);
    let listener = Listener::bind().await;
    let transport = T::with(&settings(|settings| settings.connect_timeout = limit));
    let client = client_over(https(&listener), transport);
    let credential = credential();
    let started = Now::system();
    row.check(while_serving(client.get_delegate_access_token(&credential), listener.accept()).await);
    assert_took(limit, started);
}

#[apply(every_transport)]
async fn tls_handshake_closed<T: Subject>(row: &Row) {
    meet_client_hello::<T>(row, async |_: &mut Connection| {}, drop).await;
}

#[apply(every_transport)]
async fn tls_handshake_reset<T: Subject>(row: &Row) {
    meet_client_hello::<T>(row, async |_: &mut Connection| {}, Connection::reset).await;
}

#[apply(every_transport)]
async fn no_tls_at_the_port<T: Subject>(row: &Row) {
    for answer in [
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        "<html>plain HTTP at an HTTPS port</html>",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "220 mail.example ESMTP\r\n",
    ] {
        let answer = async |connection: &mut Connection| connection.write(answer.as_bytes()).await;
        meet_client_hello::<T>(row, answer, drop).await;
    }
}

#[apply(every_transport)]
async fn no_tls_version_in_common<T: Subject>(row: &Row) {
    for answer in [tls11::ALERT, tls11::SERVER_HELLO] {
        let answer = async |connection: &mut Connection| connection.write(answer).await;
        meet_client_hello::<T>(row, answer, drop).await;
    }
}

/// The server reads the first TLS record of the client, sends `answer` and ends the connection.
async fn meet_client_hello<T: Subject>(
    row: &Row,
    answer: impl AsyncFnOnce(&mut Connection),
    end: impl FnOnce(Connection),
) {
    let listener = Listener::bind().await;
    let client = client_over(https(&listener), T::default());
    let credential = credential();
    let server = async {
        let mut connection = listener.accept().await;
        let mut record = [0; 5];
        assert!(connection.read_exact(&mut record).await);
        let length = u16::from_be_bytes([record[3], record[4]]);
        assert!(connection.read_exact(&mut vec![0; length.into()]).await);
        answer(&mut connection).await;
        end(connection);
    };
    row.check(while_serving(client.get_delegate_access_token(&credential), server).await);
    assert!(listener.is_left_alone().await, "{row:?}: the transport tried again");
}

fn https(listener: &Listener) -> BaseUrl {
    BaseUrl::parse(&format!("https://{}", listener.address())).unwrap()
}
