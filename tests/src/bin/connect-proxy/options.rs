//! [`Options`]: the command line.

use std::{collections::HashMap, net::SocketAddr};

use hyper::StatusCode;

/// The options of the proxy.
#[derive(Default)]
pub(crate) struct Options {
    /// The login that every request must have, as `user:password`.
    pub(crate) credentials: Option<String>,
    /// The status that answers every CONNECT.
    pub(crate) refuse: Option<StatusCode>,
    /// The addresses of hosts and ports. The proxy reaches no others.
    pub(crate) routes: HashMap<String, SocketAddr>,
    /// With TLS, the file to which the root certificate is written.
    pub(crate) ca_file: Option<String>,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Self {
        let mut options = Self::default();
        while let Some(name) = args.next() {
            let value = args.next().expect("an option has a value");
            match name.as_str() {
                "--credentials" => options.credentials = Some(value),
                "--refuse" => options.refuse = Some(value.parse().unwrap()),
                "--route" => {
                    let (from, to) = value.split_once('=').expect("HOST:PORT=ADDRESS:PORT");
                    options.routes.insert(from.to_owned(), to.parse().unwrap());
                }
                "--tls" => options.ca_file = Some(value),
                _ => panic!("no such option: {name}"),
            }
        }
        options
    }
}
