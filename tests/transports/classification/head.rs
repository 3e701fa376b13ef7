//! A connection that ends before or within the head of the answer.

use cg_auth_tests::listener::{Connection, Listener, while_serving};
use macro_rules_attribute::apply;

use super::{
    super::subject::{Subject, client, credential, refresh_token},
    Row,
};

#[apply(every_transport)]
async fn closed_before_the_head<T: Subject>(row: &Row) {
    meet_request::<T>(row, "", drop).await;
}

#[apply(every_transport)]
async fn reset_before_the_head<T: Subject>(row: &Row) {
    meet_request::<T>(row, "", Connection::reset).await;
}

#[apply(every_transport)]
async fn closed_within_the_head<T: Subject>(row: &Row) {
    meet_request::<T>(row, "HTTP/1.1 200 OK\r\ncontent-le", drop).await;
}

#[apply(every_transport)]
async fn reset_within_the_head<T: Subject>(row: &Row) {
    meet_request::<T>(row, "HTTP/1.1 200 OK\r\ncontent-le", Connection::reset).await;
}

#[apply(every_transport)]
async fn head_that_is_not_http<T: Subject>(row: &Row) {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
    ] {
        meet_request::<T>(row, garbage, drop).await;
    }
}

#[apply(every_transport)]
async fn head_too_long<T: Subject>(row: &Row) {
    let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-filler: x\r\n".repeat(1000));
    meet_request::<T>(row, &head, drop).await;
}

/// The server reads the request, writes `answer` and ends the connection.
pub(super) async fn meet_request<T: Subject>(row: &Row, answer: &str, end: impl FnOnce(Connection)) {
    let listener = Listener::bind().await;
    let client = client::<T>(listener.base_url());
    let (credential, refresh_token) = (credential(), refresh_token());
    let server = async { end(listener.answer(answer).await.1) };
    row.check(while_serving(client.refresh_user_access_token(&credential, &refresh_token), server).await);
    assert!(listener.is_left_alone().await, "{row:?}: the request was sent again");
}
