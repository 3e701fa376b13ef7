//! Failures within the answer's body.

use cg_auth_tests::listener::{Connection, Listener, TOKEN, while_serving};
use macro_rules_attribute::apply;

use super::{
    super::subject::{Subject, client_over, credential, settings},
    Row,
    head::meet_request,
};

#[apply(every_transport)]
async fn closed_within_a_body_of_known_length<T: Subject>(row: &Row) {
    meet_request::<T>(row, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", drop).await;
}

#[apply(every_transport)]
async fn closed_within_a_chunked_body<T: Subject>(row: &Row) {
    for chunks in ["", "10", "10\r\n{", "1\r\n{\r\n", "1\r\n{\r\n0\r\n"] {
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}");
        meet_request::<T>(row, &answer, drop).await;
    }
}

/// Without a close_notify alert, an attacker may have cut off a body without a length.
#[apply(every_transport)]
async fn closed_without_notice_of_tls_after_a_body_of_unknown_length<T: Subject>(row: &Row) {
    let listener = Listener::bind_tls().await;
    let client = client_over(listener.base_url(), T::trusting(listener.ca_pem().unwrap()));
    let server = async { drop(listener.answer(format!("HTTP/1.1 200 OK\r\n\r\n{TOKEN}")).await) };
    let credential = credential();
    row.check(while_serving(client.get_delegate_access_token(&credential), server).await);
}

#[apply(every_transport)]
async fn reset_within_the_body<T: Subject>(row: &Row) {
    meet_request::<T>(row, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", Connection::reset).await;
}

#[apply(every_transport)]
async fn broken_chunk<T: Subject>(row: &Row) {
    for chunks in ["zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}garbage\r\n0\r\n\r\n", "fffffffffffffffff\r\n{}"] {
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}");
        meet_request::<T>(row, &answer, drop).await;
    }
}

#[apply(every_transport)]
async fn body_announced_as_too_long<T: Subject>(row: &Row) {
    meet_limited_call::<T>(row, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
}

#[apply(every_transport)]
async fn body_that_grows_too_long<T: Subject>(row: &Row) {
    let chunks = "8\r\n12345678\r\n1\r\n9\r\n0\r\n\r\n";
    meet_limited_call::<T>(row, &format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"))
        .await;
    meet_limited_call::<T>(row, "HTTP/1.1 200 OK\r\n\r\n123456789").await;
}

/// A transport with a limit of eight bytes reads `answer` from a connection that stays open.
async fn meet_limited_call<T: Subject>(row: &Row, answer: &str) {
    let listener = Listener::bind().await;
    let transport = T::with(&settings(|settings| settings.body_limit = 8));
    let client = client_over(listener.base_url(), transport);
    let credential = credential();
    row.check(while_serving(client.get_delegate_access_token(&credential), listener.answer(answer)).await);
}
