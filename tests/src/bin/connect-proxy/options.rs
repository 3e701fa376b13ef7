//! [`Options`]: what the command line says.

use std::{collections::HashMap, net::SocketAddr};

use hyper::StatusCode;

/// How to behave.
#[derive(Default)]
pub(crate) struct Options {
    /// What every request has to bring, as `user:password`.
    pub(crate) credentials: Option<String>,
    /// The answer to every CONNECT.
    pub(crate) refuse: Option<StatusCode>,
    /// Where a host and port really are. There is no way to anywhere else.
    pub(crate) routes: HashMap<String, SocketAddr>,
    /// With TLS, where to leave the authority of the certificate.
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
