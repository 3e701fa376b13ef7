//! The servers of the suite, on the loopback interface. A test controls each of them byte by byte.
//!
//! A case of the suite plays a fault with them. They are public for the further tests of a transport.
//!
//! ```
//! use cg_auth_conformance::servers::listener::{Listener, ok};
//! use tokio::{io::AsyncWriteExt, net::TcpStream};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let listener = Listener::bind().await;
//! let client = async {
//!     let mut stream = TcpStream::connect(listener.address()).await?;
//!     stream.write_all(b"GET /a HTTP/1.1\r\n\r\n").await
//! };
//! let (sent, (request, _connection)) =
//!     tokio::join!(client, listener.answer(ok("{}")));
//! assert_eq!(request.line(), "GET /a HTTP/1.1");
//! # sent
//! # }
//! ```
//!
//! # Panics
//! A method panics if the other end breaks off where the method needs it, as an assertion of a test does. The
//! suite reports such a panic as the failure of its case.

// As in a test, a failed expectation of a server fails the case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod authority;
pub mod closed_port;
mod connection;
pub mod hpack;
pub mod http2;
pub mod listener;
pub mod raw_message;
pub(crate) mod serve_http2;
pub mod tls;
pub mod tls11;
