//! The layer of `cg-auth-tower` over real sockets: hyper-util's client, tonic and reqwest, and what a redirect
//! does to the token.

#![allow(clippy::unwrap_used)]

mod grpc;
mod over_hyper_util;
mod over_reqwest;
mod redirects;
mod server;
