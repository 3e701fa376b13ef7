//! [`ServiceArgs`]: the arguments of every subcommand that calls the service.

use std::{path::PathBuf, time::Duration};

use cg_auth_transport_util::environment::{positive_duration, retries};
use clap::Args;

use crate::transports::TransportChoice;

#[derive(Args)]
#[command(next_help_heading = "Service options")]
pub(crate) struct ServiceArgs {
    /// The base URL of the service, or an environment: commercial, us-government, insider-us-east,
    /// insider-north-europe.
    // The text is parsed later, because a clap error would quote it, and a URL may hold a password.
    #[arg(long, value_name = "URL|ENVIRONMENT")]
    pub(crate) base_url: Option<String>,

    /// The login name of the delegated user.
    #[arg(long, alias = "upn", value_name = "NAME")]
    pub(crate) user_principal_name: Option<String>,

    /// The file that holds the client secret; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// Root certificates in PEM to trust in addition to those of the platform.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// The outbound HTTP proxy to connect through, or none; a loopback host never uses it [default: for https,
    /// HTTPS_PROXY or ALL_PROXY, except for the hosts in NO_PROXY]. `cg-auth proxy` is not this proxy.
    // The text is parsed later for the same reason as `base_url`: it may hold a password.
    #[arg(long, value_name = "URL|none")]
    pub(crate) proxy: Option<String>,

    /// Allow plain http and a plain redis: store to hosts other than this machine: the secret, or the password of the
    /// store, then crosses the network unencrypted.
    #[arg(long)]
    pub(crate) allow_http: bool,

    /// The HTTP library that makes the calls [default: reqwest].
    #[arg(long, value_enum, value_name = "LIBRARY")]
    pub(crate) transport: Option<TransportChoice>,

    /// The time limit of a call with all its retries, for instance 5s or 250ms; reading files and
    /// running a client_secret_command do not count [default: 100s].
    #[arg(long, value_parser = positive_duration, value_name = "DURATION")]
    pub(crate) timeout: Option<Duration>,

    /// How often to retry a failed call within its time limit, at most 10 times [default: 2].
    #[arg(long, value_parser = retries, value_name = "N")]
    pub(crate) retries: Option<u32>,

    /// The configuration file; see `cg-auth help environment`.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The profile in the configuration file [default: its default_profile].
    #[arg(long, short, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}
