//! Rule 11: the transport connects `localhost` to a loopback address.

use tokio::net::TcpListener;

use crate::{
    exchange::{answered, get},
    failure::Failure,
    servers::listener::{Listener, ok},
    settings::Settings,
    subject::Subject,
};

/// `localhost` leads to this machine, in lower and upper case. The suite cannot make the resolver of the machine lie.
pub async fn localhost_leads_to_this_machine(subject: &dyn Subject) -> Result<(), Failure> {
    ensure_here(subject, &["localhost", "LOCALHOST"]).await
}

/// `localhost.` is the same name. Not every resolver knows it, and a transport need not ask one.
pub async fn localhost_with_a_dot_leads_to_this_machine(subject: &dyn Subject) -> Result<(), Failure> {
    ensure_here(subject, &["localhost."]).await
}

/// A server of this machine is reached at either loopback address, of which a resolver may know one. Without
/// IPv6 on the machine the case passes.
pub async fn localhost_leads_to_either_loopback_address(subject: &dyn Subject) -> Result<(), Failure> {
    let Ok(socket) = TcpListener::bind("[::1]:0").await else {
        return Ok(());
    };
    let here = reach(subject, &Listener::from(socket), "localhost").await;
    here.map_err(|failure| failure.when("a server at [::1]"))
}

async fn ensure_here(subject: &dyn Subject, hosts: &[&str]) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    for host in hosts {
        reach(subject, &listener, host).await.map_err(|failure| failure.when(host))?;
    }
    Ok(())
}

async fn reach(subject: &dyn Subject, listener: &Listener, host: &str) -> Result<(), Failure> {
    let transport = subject.transport(&Settings::default());
    let request = get(&format!("http://{host}:{}/", listener.address().port()))?;
    answered(transport.send(request), listener.answer(ok(""))).await?;
    Ok(())
}
