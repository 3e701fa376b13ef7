//! The login to the server.

use cg_auth_redis::RedisStore;
use redis::RedisConnectionInfo;

use super::{
    entries::{FIRST, claim, text},
    server::{self, Server},
};

fn store(server: &Server, login: &str) -> RedisStore {
    let url = format!("redis://{login}127.0.0.1:{}", server.port());
    RedisStore::new(url.parse().unwrap()).with_operation_limit(server::PATIENT)
}

#[tokio::test]
async fn a_password_is_that_of_the_default_user() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&["--requirepass", "pass-word@/#?"]);
    claim(&store(&server, ":pass-word%40%2F%23%3F@"), FIRST).await.unwrap();
    claim(&store(&server, "default:pass-word%40%2F%23%3F@"), FIRST).await.unwrap();
    let shown = text(claim(&store(&server, ":pass-word@"), FIRST).await);
    assert!(shown.contains("refuses the user or the password of the URL"), "{shown}");
    let shown = text(claim(&store(&server, ""), FIRST).await);
    assert!(shown.contains("wants a password; put USER:PASSWORD@ into the URL"), "{shown}");
    let shown = format!("{:?}", store(&server, "app:pass-word@"));
    assert!(!shown.contains("pass-word") && !shown.contains("app"), "{shown}");
}

#[tokio::test]
async fn a_user_needs_the_commands_that_the_documentation_lists_and_no_other() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let rules = ["ACL", "SETUSER", "app", "on", ">pass-word", "resetkeys", "~cg-auth:*", "-@all"];
    let commands = ["+evalsha", "+eval", "+time", "+hmget", "+hset", "+hdel", "+del", "+pexpire"];
    server.ask(&[&rules[..], &commands[..]].concat()).await;
    let app = store(&server, "app:pass-word@");
    claim(&app, FIRST).await.unwrap();
    super::entries::publish_token(&app, server::PATIENT).await.unwrap();
    cg_auth_redis::ByteStore::remove(&app, "entry").await.unwrap();

    let elsewhere = app.with_key_prefix("other").unwrap();
    let shown = text(claim(&elsewhere, FIRST).await);
    assert!(shown.contains("allows the user of the URL too little; it needs EVALSHA"), "{shown}");
    let info = RedisConnectionInfo::default().set_username("app").set_password("pass-word");
    assert!(matches!(server.ask_as(&info, &["GET", "x"]).await, redis::Value::ServerError(_)));
}
