//! A kept connection that ends.

use cg_auth_tests::listener::{Connection, Listener, TOKEN, ok};
use macro_rules_attribute::apply;

use super::{
    super::{
        connections::first_call,
        subject::{Subject, client, credential},
    },
    Row,
};

#[apply(pooling_transports)]
async fn kept_connection_closed_while_idle<T: Subject>(row: &Row) {
    let listener = Listener::bind().await;
    let client = client::<T>(listener.base_url());
    let mut first = first_call(&client, &listener).await;
    first.shut_down().await;
    assert!(first.receive().await.is_none(), "the transport closes an idle connection that has ended");

    let credential = credential();
    let (result, (_, mut second)) =
        tokio::join!(client.get_delegate_access_token(&credential), listener.answer(ok(TOKEN)));
    row.check(result);
    drop(client);
    assert!(second.receive().await.is_none());
    assert!(listener.is_left_alone().await);
}

#[apply(pooling_transports)]
async fn kept_connection_closed_once_the_request_was_read<T: Subject>(row: &Row) {
    for end in [drop, Connection::reset] {
        let listener = Listener::bind().await;
        let client = client::<T>(listener.base_url());
        let mut connection = first_call(&client, &listener).await;
        let server = async {
            connection.receive().await.expect("the second request on the first connection");
            end(connection);
        };
        let credential = credential();
        let (result, ()) = tokio::join!(client.get_delegate_access_token(&credential), server);
        row.check(result);
        assert!(listener.is_left_alone().await, "the request was sent again");
    }
}
