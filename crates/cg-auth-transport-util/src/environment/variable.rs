//! The names of the variables.

/// The base URL of the service, or the name of a published environment.
pub const BASE_URL: &str = "CG_AUTH_BASE_URL";
/// The login name of the delegated user.
pub const USER_PRINCIPAL_NAME: &str = "CG_AUTH_USER_PRINCIPAL_NAME";
/// The client secret itself. It wins over [`CLIENT_SECRET_FILE`].
pub const CLIENT_SECRET: &str = "CG_AUTH_CLIENT_SECRET";
/// The file that holds the client secret.
pub const CLIENT_SECRET_FILE: &str = "CG_AUTH_CLIENT_SECRET_FILE";
/// The time limit of a call with all its retries, such as `5s` or `250ms`.
pub const TIMEOUT: &str = "CG_AUTH_TIMEOUT";
/// How often a failed call is retried: 0 to 10 times.
pub const RETRIES: &str = "CG_AUTH_RETRIES";
/// A file with root certificates in PEM, to trust in addition to those of the platform.
pub const CA_FILE: &str = "CG_AUTH_CA_FILE";
/// The URL of an HTTP proxy, which may hold `user:password@`, or `none`.
pub const PROXY: &str = "CG_AUTH_PROXY";

/// Every variable that [`ServiceSettings`](super::ServiceSettings) reads.
pub const VARIABLES: [&str; 8] =
    [BASE_URL, USER_PRINCIPAL_NAME, CLIENT_SECRET, CLIENT_SECRET_FILE, TIMEOUT, RETRIES, CA_FILE, PROXY];

/// How to set a required variable, as the end of a sentence.
pub(super) fn way_to_set(variable: &str) -> &'static str {
    match variable {
        BASE_URL => {
            "set CG_AUTH_BASE_URL to a URL such as https://example.com, or to an environment: commercial, \
             us-government, insider-us-east, insider-north-europe"
        }
        USER_PRINCIPAL_NAME => {
            "set CG_AUTH_USER_PRINCIPAL_NAME to the login name of the user, such as someone@example.com"
        }
        _ => {
            "set CG_AUTH_CLIENT_SECRET to the client secret, or CG_AUTH_CLIENT_SECRET_FILE to the file that \
             holds it"
        }
    }
}
