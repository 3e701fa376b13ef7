//! The HTTP server: the listening thread, TLS, HTTP/1.1 and HTTP/2, and the path of each request to its
//! answer.

mod connection;
mod conversation;
mod disturbance;
mod exchange;
mod player;
#[cfg(test)]
pub(crate) mod raw_client;
#[cfg(test)]
pub(crate) mod raw_http;
#[cfg(test)]
pub(crate) mod raw_http2;
mod sending;
mod server;
mod shutdown;
mod tls;
mod watched_stream;
mod wire_format;

pub use self::tls::Alpn;
pub(crate) use self::{server::Server, tls::Tls};

#[cfg(test)]
mod tests;
