//! [`SecretSource`]: where the client secret comes from, each time it is needed.

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
    model::{ClientSecret, ConfigError, without_newline},
    time::{BoxFuture, within},
};

/// Gives the client secret. It is asked before each attempt to get a token, so that a secret which has been
/// rotated is used from then on. It may take as long as a [call](AuthClient::with_timeout) of the client; then the
/// attempt fails.
pub trait SecretSource: Send + Sync + fmt::Debug {
    /// The secret as it is now.
    ///
    /// # Errors
    /// Why there is none. It becomes the source of a [`TokenError`], and the secret must not be in its text.
    fn read(&self) -> BoxFuture<'_, SecretResult>;
}

/// The secret, within what a call of `client` may take.
pub(super) async fn read_secret(
    source: &dyn SecretSource,
    client: &AuthClient,
) -> Result<ClientSecret, TokenError> {
    let limit = client.timeout();
    match within(client.runtime(), limit, source.read()).await {
        Some(result) => result.map_err(TokenError::secret),
        None => Err(TokenError::secret(format!("the secret was not read within {limit:?}"))),
    }
}

/// A secret, or why there is none; the secret is not in that text.
pub type SecretResult = Result<ClientSecret, Box<dyn Error + Send + Sync>>;

/// Always the same.
impl SecretSource for ClientSecret {
    fn read(&self) -> BoxFuture<'_, SecretResult> {
        let secret = self.clone();
        Box::pin(async { Ok(secret) })
    }
}

/// The secret in a variable of the environment.
#[derive(Debug, Clone)]
pub struct EnvironmentSecret {
    name: String,
}

impl EnvironmentSecret {
    /// The variable `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

impl SecretSource for EnvironmentSecret {
    fn read(&self) -> BoxFuture<'_, SecretResult> {
        Box::pin(async {
            let text = env::var(&self.name).map(Zeroizing::new).map_err(|error| {
                // The error of a variable that is no text quotes it.
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

/// The secret in a file, less one newline at its end.
///
/// The file is read in one go when it is asked for, without leaving the thread: it is meant to be a small one on a
/// local file system, such as a secret that is mounted into a container.
#[derive(Debug, Clone)]
pub struct FileSecret {
    path: PathBuf,
}

impl FileSecret {
    /// The file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The error names the file, and nothing that is in it.
    fn secret(&self) -> io::Result<ClientSecret> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("the file {}: {error}", self.path.display()))
        };
        let text = self.text().map_err(named)?;
        secret_of(&text).map_err(|error| named(io::Error::new(io::ErrorKind::InvalidData, error)))
    }

    fn text(&self) -> io::Result<Zeroizing<String>> {
        // Of a fixed size, so that nothing is left behind by growing.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
        File::open(&self.path)?.take(LIMIT as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > LIMIT {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too long for a secret"));
        }
        let text = str::from_utf8(&bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no text"))?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

impl SecretSource for FileSecret {
    fn read(&self) -> BoxFuture<'_, SecretResult> {
        Box::pin(async { Ok(self.secret()?) })
    }
}

/// Whatever a function says: a vault, a key chain, another process.
pub struct SecretFn<F>(F);

impl<F, R> SecretFn<F>
where
    F: Fn() -> R + Send + Sync,
    R: Future<Output = SecretResult> + Send + 'static,
{
    /// Calls `read` each time.
    pub const fn new(read: F) -> Self {
        Self(read)
    }
}

impl<F, R> SecretSource for SecretFn<F>
where
    F: Fn() -> R + Send + Sync,
    R: Future<Output = SecretResult> + Send + 'static,
{
    fn read(&self) -> BoxFuture<'_, SecretResult> {
        Box::pin((self.0)())
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
            fn read(&self) -> BoxFuture<'_, SecretResult> {
                T::read(self)
            }
        }
    )* };
}
forward!(Arc<T>, Box<T>);

fn secret_of(text: &str) -> Result<ClientSecret, ConfigError> {
    ClientSecret::new(without_newline(text))
}

/// Bytes; more than any secret needs.
const LIMIT: usize = 64 * 1024;
