//! [`connect`]: opens a TCP connection. [`Tcp`] reads and writes it.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    sync::Arc,
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{connected::Connected, deadline::Deadline, stream::Stream};
use crate::cancellation::{BlockedOn, Cancellation};

/// Connects to the first address that answers. Each has its share of the time that is left, so that a silent one
/// leaves some to the next.
///
/// # Errors
/// The error of the last address.
pub(super) fn connect(
    mut addresses: Vec<SocketAddr>,
    local_address: Option<IpAddr>,
    deadline: Deadline,
    cancellation: &Cancellation,
) -> io::Result<TcpStream> {
    if let Some(local) = local_address {
        addresses.retain(|address| address.is_ipv4() == local.is_ipv4());
    }
    let mut problem = io::Error::other("the host has no address of the family of the local address");
    for (index, address) in addresses.iter().enumerate() {
        let share = deadline.left()? / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let socket = Socket::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP))?;
        cancellation.before(BlockedOn::Connecting(socket.try_clone()?))?;
        let connected = local_address
            .map_or(Ok(()), |local| socket.bind(&SocketAddr::new(local, 0).into()))
            .and_then(|()| socket.connect_timeout(&(*address).into(), share));
        match connected {
            Ok(()) => {
                socket.set_tcp_nodelay(true)?;
                return Ok(socket.into());
            }
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

/// A TCP connection, as the layers above it read and write it.
#[derive(Debug)]
pub(super) struct Tcp(Arc<Connected>);

impl Tcp {
    pub(super) const fn new(connected: Arc<Connected>) -> Self {
        Self(connected)
    }
}

impl Read for Tcp {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Tcp {
    fn say_goodbye(&mut self) {}
}
