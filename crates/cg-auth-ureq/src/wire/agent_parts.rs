//! [`OneWire`] and [`NoAddress`]: the connector and the resolver of an agent that makes one exchange.

use std::sync::{Mutex, PoisonError};

use http::Uri;
use ureq::{
    config::Config,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{ConnectionDetails, Connector, NextTimeout},
    },
};

use super::Wire;

/// Hands the one wire of an exchange to ureq.
#[derive(Debug)]
pub(crate) struct OneWire(Mutex<Option<Wire>>);

impl OneWire {
    pub(crate) const fn new(wire: Wire) -> Self {
        Self(Mutex::new(Some(wire)))
    }
}

impl Connector for OneWire {
    type Out = Wire;

    fn connect(&self, _: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Wire>, ureq::Error> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

/// Finds nothing: the connection is there before ureq asks for an address.
#[derive(Debug)]
pub(crate) struct NoAddress;

impl Resolver for NoAddress {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}
