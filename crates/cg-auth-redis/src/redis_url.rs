//! [`RedisUrl`]: where a Redis server is, and the login to it.

use std::{fmt, str::FromStr};

use cg_auth_core::{ConfigError, model::is_loopback_host};
use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

/// The address of a Redis server with its login and database: `rediss://USER:PASSWORD@HOST:PORT/DATABASE`.
///
/// - **Scheme.** `rediss:` and `valkeys:` use TLS. `redis:` and `valkey:` are plain, and go to this machine only:
///   to any other host the password and the commands would travel unencrypted. [`RedisUrl::parse_allowing_plaintext`]
///   opts in, for a network that is encrypted by other means.
/// - **Login.** Without a user the password is that of the user `default`. Characters such as `@`, `/` and `#`
///   are percent-encoded.
/// - **Port and database** are 6379 and 0 unless the URL names them.
///
/// No output shows the user or the password, and the password is zeroed when the value is dropped.
///
/// ```
/// use cg_auth_redis::RedisUrl;
///
/// let url = RedisUrl::parse("rediss://app:p%40ss@redis.example.com/2")?;
/// assert_eq!(url.to_string(), "rediss://redis.example.com:6379/2");
/// assert!(RedisUrl::parse("redis://redis.example.com").is_err());
/// # Ok::<(), cg_auth_redis::cg_auth_core::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    is_tls: bool,
    host: String,
    port: u16,
    database: u32,
    login: Option<Login>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: Option<Zeroizing<String>>,
    pub(crate) password: Zeroizing<String>,
}

impl RedisUrl {
    /// Parses a URL. A plain one is accepted for a loopback host only.
    ///
    /// # Errors
    /// [`ConfigError`] with a hint. It never quotes the URL, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let url = Self::parse_allowing_plaintext(text)?;
        if !url.is_tls && !is_loopback_host(&url.host) {
            return Err(problem(
                "would send the password unencrypted; use rediss, or allow plaintext explicitly",
            ));
        }
        Ok(url)
    }

    /// Parses a URL and accepts a plain one to any host. The password and the commands then cross the network
    /// unencrypted; the tokens are sealed all the same.
    ///
    /// # Errors
    /// [`ConfigError`] as from [`RedisUrl::parse`].
    pub fn parse_allowing_plaintext(text: &str) -> Result<Self, ConfigError> {
        let has_unsafe = |character: char| character.is_whitespace() || character.is_control();
        if text.contains(has_unsafe) {
            return Err(problem("holds white space or a control character; percent-encode it"));
        }
        let (scheme, _) = text.split_once("://").ok_or(NOT_A_URL)?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(problem("has a scheme other than rediss, redis, valkeys and valkey")),
        };
        let url = Url::parse(text).map_err(|_| NOT_A_URL)?;
        if url.fragment().is_some() {
            return Err(problem("has a fragment; percent-encode the # of a password as %23"));
        }
        if url.query().is_some() {
            return Err(problem("has a query; percent-encode the ? of a password as %3F"));
        }
        Ok(Self {
            is_tls,
            host: host(&url)?,
            port: port(&url)?,
            database: database(url.path())?,
            login: login(&url)?,
        })
    }

    /// The host: a name in lower case, or an IP address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The number of the database.
    #[must_use]
    pub const fn database(&self) -> u32 {
        self.database
    }

    /// Whether the connection is not encrypted.
    #[must_use]
    pub const fn is_plaintext(&self) -> bool {
        !self.is_tls
    }

    /// Whether the URL holds a password.
    #[must_use]
    pub const fn has_password(&self) -> bool {
        self.login.is_some()
    }

    pub(crate) const fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Host and port, as an error names them.
    pub(crate) fn address(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

/// The URL without its login.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "rediss" } else { "redis" };
        write!(f, "{scheme}://{}/{}", self.address(), self.database)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisUrl").field(&format_args!("{self}")).finish()
    }
}

/// As [`RedisUrl::parse`].
impl FromStr for RedisUrl {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::parse(text)
    }
}

fn host(url: &Url) -> Result<String, ConfigError> {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
    match host {
        "" => Err(problem("names no host; expected rediss://HOST")),
        _ if host.contains('%') => Err(problem("has a host with a percent sign")),
        host => Ok(host.to_owned()),
    }
}

fn port(url: &Url) -> Result<u16, ConfigError> {
    match url.port().unwrap_or(DEFAULT_PORT) {
        0 => Err(problem("has the port 0")),
        port => Ok(port),
    }
}

fn database(path: &str) -> Result<u32, ConfigError> {
    match path.strip_prefix('/').unwrap_or(path) {
        "" => Ok(0),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map_err(|_| problem("has a database with too large a number"))
        }
        _ => Err(problem("has a path that is no database number; percent-encode the / of a password as %2F")),
    }
}

fn login(url: &Url) -> Result<Option<Login>, ConfigError> {
    let decoded = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded
            .map(|text| Zeroizing::new(text.into_owned()))
            .map_err(|_| problem("has a login that is not UTF-8"))
    };
    match (url.username(), url.password().filter(|password| !password.is_empty())) {
        ("", None) => Ok(None),
        (_, None) => Err(problem("has a user without a password; expected rediss://USER:PASSWORD@HOST")),
        (user, Some(password)) => {
            let user = if user.is_empty() { None } else { Some(decoded(user)?) };
            Ok(Some(Login { user, password: decoded(password)? }))
        }
    }
}

const fn problem(problem: &'static str) -> ConfigError {
    ConfigError::new("the Redis URL", problem)
}

const NOT_A_URL: ConfigError =
    problem("is not a URL; expected rediss://[USER:PASSWORD@]HOST[:PORT][/DATABASE]");
const DEFAULT_PORT: u16 = 6379;

#[cfg(test)]
mod tests;
