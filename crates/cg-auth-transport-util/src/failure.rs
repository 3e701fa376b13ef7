//! The table of failures: turns an error of an HTTP library into the error that the contract of
//! [`cg_auth_core::transport`] requires.
//!
//! Each error says at which stage the exchange failed, whether the request may have been sent, and what the
//! operator of the program can check. Errors are told apart by their types and, where hyper-util has no
//! public type, by its texts.

mod connecting;
#[cfg(feature = "hyper")]
mod exchanging;
mod route;
#[cfg(feature = "rustls")]
mod tls;

#[cfg(feature = "hyper")]
pub use self::exchanging::{exchanging, reading};
#[cfg(feature = "rustls")]
pub use self::tls::certificate_refused;
pub use self::{
    connecting::{connecting, login_refused, name_not_found, not_a_proxy, tunnel_refused, unconnected},
    route::{Hop, Route},
};
