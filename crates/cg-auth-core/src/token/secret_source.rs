//! [`SecretSource`]: where the client secret is read before each acquisition.

use std::{
    env,
    error::Error,
    fmt,
    fs::File,
    future::Future,
    io::{self, Read as _},
    path::PathBuf,
    sync::Arc,
};

use zeroize::Zeroizing;

use super::TokenError;
use crate::{
    client::AuthClient,
    model::{ClientSecret, ConfigError, UserPrincipalName, without_newline},
    time::{BoxFuture, within},
};

/// Gives the client secret. The provider reads it before each acquisition, so the next acquisition uses a
/// rotated secret.
///
/// Reading has the time limit of a [call](AuthClient::with_timeout) of the client.
pub trait SecretSource: Send + Sync + fmt::Debug {
    /// Reads the current secret for the tokens of `user`. A program with one secret ignores the user.
    ///
    /// # Errors
    /// Why the secret cannot be read: the source of a [`TokenError`]. Its text must not hold the secret.
    fn read<'a>(&'a self, user: &'a UserPrincipalName) -> BoxFuture<'a, SecretResult>;
}

/// Reads the secret within the time limit of a call of `client`.
pub(super) async fn read_secret(
    source: &dyn SecretSource,
    user: &UserPrincipalName,
    client: &AuthClient,
) -> Result<ClientSecret, TokenError> {
    let limit = client.timeout();
    match within(client.runtime(), limit, source.read(user)).await {
        Some(result) => result.map_err(TokenError::secret),
        None => Err(TokenError::secret(format!("the secret was not read within {limit:?}"))),
    }
}

/// The secret, or why it cannot be read. The text of the error must not hold the secret.
pub type SecretResult = Result<ClientSecret, Box<dyn Error + Send + Sync>>;

/// A fixed secret.
impl SecretSource for ClientSecret {
    fn read<'a>(&'a self, _: &'a UserPrincipalName) -> BoxFuture<'a, SecretResult> {
        let secret = self.clone();
        Box::pin(async { Ok(secret) })
    }
}

/// Reads the secret from an environment variable.
#[derive(Debug, Clone)]
pub struct EnvironmentSecret {
    name: String,
}

impl EnvironmentSecret {
    /// Reads the variable `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

impl SecretSource for EnvironmentSecret {
    fn read<'a>(&'a self, _: &'a UserPrincipalName) -> BoxFuture<'a, SecretResult> {
        Box::pin(async {
            let text = env::var(&self.name).map(Zeroizing::new).map_err(|error| {
                // The text of `NotUnicode` holds the value.
                let problem = match error {
                    env::VarError::NotPresent => "is not set",
                    env::VarError::NotUnicode(_) => "is not text",
                };
                format!("the environment variable {} {problem}", self.name)
            })?;
            Ok(secret_of(&text)?)
        })
    }
}

/// Reads the secret from a file, without a byte order mark at its beginning and one newline at its end.
///
/// The read blocks the thread, so the file should be small and local, such as a mounted secret.
#[derive(Debug, Clone)]
pub struct FileSecret {
    path: PathBuf,
}

impl FileSecret {
    /// Reads the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn secret(&self) -> io::Result<ClientSecret> {
        let invalid = |error: ConfigError| io::Error::new(io::ErrorKind::InvalidData, error);
        let secret = self.text().and_then(|text| secret_of(&text).map_err(invalid));
        secret.map_err(|error| {
            io::Error::new(error.kind(), format!("the file {}: {error}", self.path.display()))
        })
    }

    /// No error quotes the content.
    fn text(&self) -> io::Result<Zeroizing<String>> {
        // The full capacity at once: growing would leave an unzeroed copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
        File::open(&self.path)?.take(LIMIT as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > LIMIT {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "longer than 64 KiB, too long for a client secret",
            ));
        }
        let text = str::from_utf8(&bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8 text"))?;
        // Editors on Windows write a byte order mark.
        Ok(Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()))
    }
}

impl SecretSource for FileSecret {
    fn read<'a>(&'a self, _: &'a UserPrincipalName) -> BoxFuture<'a, SecretResult> {
        Box::pin(async { Ok(self.secret()?) })
    }
}

/// Reads the secret with a function: from a vault, a key chain or another process.
///
/// ```
/// # use cg_auth_core::{ClientSecret, UserPrincipalName};
/// use cg_auth_core::token::SecretFn;
///
/// // One secret for all users.
/// let one = SecretFn::new(|_| async { Ok(ClientSecret::new("s3cret")?) });
///
/// // A secret for each tenant.
/// let of_tenant = SecretFn::new(|user: &UserPrincipalName| {
///     let tenant = user.as_str().rsplit('@').next().unwrap_or_default().to_owned();
///     async move { Ok(ClientSecret::new(read_from_vault(&tenant).await?)?) }
/// });
/// # async fn read_from_vault(tenant: &str) -> Result<String, std::io::Error> { Ok(tenant.to_owned()) }
/// # let _ = (one, of_tenant);
/// ```
pub struct SecretFn<F>(F);

impl<F, R> SecretFn<F>
where
    F: Fn(&UserPrincipalName) -> R + Send + Sync,
    R: Future<Output = SecretResult> + Send + 'static,
{
    /// Calls `read` before each acquisition, with the user of the token.
    pub const fn new(read: F) -> Self {
        Self(read)
    }
}

impl<F, R> SecretSource for SecretFn<F>
where
    F: Fn(&UserPrincipalName) -> R + Send + Sync,
    R: Future<Output = SecretResult> + Send + 'static,
{
    fn read<'a>(&'a self, user: &'a UserPrincipalName) -> BoxFuture<'a, SecretResult> {
        Box::pin((self.0)(user))
    }
}

impl<F> fmt::Debug for SecretFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretFn")
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => { $(
        impl<T: SecretSource + ?Sized> SecretSource for $pointer {
            fn read<'a>(&'a self, user: &'a UserPrincipalName) -> BoxFuture<'a, SecretResult> {
                T::read(self, user)
            }
        }
    )* };
}
forward!(Arc<T>, Box<T>);

fn secret_of(text: &str) -> Result<ClientSecret, ConfigError> {
    ClientSecret::new(without_newline(text))
}

/// The longest file, in bytes. No secret needs that many.
const LIMIT: usize = 64 * 1024;
