//! Rule 11: the transport connects `localhost` to a loopback address.

use tokio::net::TcpListener;

use crate::{
    exchange::{answered, get},
    failure::Failure,
    servers::listener::{Listener, ok},
    settings::Settings,
    subject::Subject,
};

/// `localhost` leads to this machine, in any case. The suite cannot make the resolver of the machine lie.
pub async fn localhost_leads_to_this_machine(subject: &dyn Subject) -> Result<(), Failure> {
    ensure_here(subject, &["localhost", "LOCALHOST"]).await
}

/// `localhost.` is the same name. Not every resolver knows it, and a transport need not ask one.
pub async fn localhost_with_a_dot_leads_to_this_machine(subject: &dyn Subject) -> Result<(), Failure> {
    ensure_here(subject, &["localhost."]).await
}

/// A server may listen on the IPv6 address of `localhost` only.
pub async fn localhost_leads_to_this_machine_over_ipv6(subject: &dyn Subject) -> Result<(), Failure> {
    let Ok(socket) = TcpListener::bind("[::1]:0").await else {
        return Ok(()); // this machine has no IPv6
    };
    let listener = Listener::from(socket);
    let transport = subject.transport(&Settings::default());
    let request = get(&format!("http://localhost:{}/", listener.address().port()))?;
    answered(transport.send(request), listener.answer(ok(""))).await?;
    Ok(())
}

async fn ensure_here(subject: &dyn Subject, hosts: &[&str]) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    for host in hosts {
        let transport = subject.transport(&Settings::default());
        let request = get(&format!("http://{host}:{}/", listener.address().port()))?;
        let call = answered(transport.send(request), listener.answer(ok("")));
        call.await.map_err(|failure| failure.when(host))?;
    }
    Ok(())
}
