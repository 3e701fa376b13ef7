//! [`StoreArgs`]: the arguments of every subcommand that can share its token with other processes.

use clap::Args;

#[derive(Args)]
#[command(next_help_heading = "Service options")]
pub(crate) struct StoreArgs {
    /// Share the token with other processes of the same user, service and secret, so that they make one request
    /// together: `file` for a folder in the cache of this user, file:FOLDER, or a Redis server: rediss://HOST, or
    /// redis://localhost without TLS. A password goes into CG_AUTH_STORE [default: none].
    // The text is parsed later, because a clap error would quote it, and a URL may hold a password.
    #[arg(long, value_name = "STORE", overrides_with = "no_store")]
    pub(crate) store: Option<String>,

    /// Use no store, whatever the environment and the profile say.
    #[arg(long, overrides_with = "store")]
    pub(crate) no_store: bool,
}
