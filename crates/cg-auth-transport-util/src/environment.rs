//! [`ServiceSettings`]: what a program needs to reach the service, read from the variables `CG_AUTH_*`.
//!
//! The `cg-auth` command reads the same variables with the same values, so one environment serves both.

#[cfg(feature = "rustls")]
mod ca_file;
mod error;
mod home;
mod secret;
mod service_settings;
mod value;
mod variable;

pub use self::{
    error::EnvironmentError,
    home::expanded,
    service_settings::ServiceSettings,
    value::{MOST_RETRIES, positive_duration, proxy, retries},
    variable::{
        BASE_URL, CA_FILE, CLIENT_SECRET, CLIENT_SECRET_FILE, PROXY, RETRIES, TIMEOUT, USER_PRINCIPAL_NAME,
        VARIABLES,
    },
};
