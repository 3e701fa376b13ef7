//! [`Resolver`]: finds the addresses of a host name.

use std::{
    future::{Future, ready},
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    vec,
};

use cg_auth_core::model::localhost_addresses;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

/// The platform's resolver, which is not asked for `localhost`.
#[derive(Debug, Clone)]
pub(crate) struct Resolver(GaiResolver);

impl Resolver {
    pub(crate) fn new() -> Self {
        Self(GaiResolver::new())
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        // hyper-util puts the port of the URL in place of 0.
        if let Some(addresses) = localhost_addresses(name.as_str()) {
            return Box::pin(ready(Ok(addresses.map(|ip| (ip, 0).into()).to_vec().into_iter())));
        }
        let look_up = self.0.call(name);
        Box::pin(async move { Ok(look_up.await?.collect::<Vec<_>>().into_iter()) })
    }
}
