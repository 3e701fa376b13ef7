//! The client secret of the environment: the variable itself, or the file that another one names.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use cg_auth_core::{
    ClientSecret, UserPrincipalName,
    model::without_newline,
    time::BoxFuture,
    token::{FileSecret, SecretResult, SecretSource},
};
use zeroize::Zeroizing;

use super::{
    error::EnvironmentError,
    home::expanded,
    variable::{CLIENT_SECRET, CLIENT_SECRET_FILE},
};

/// The secret in the text of [`CLIENT_SECRET`].
pub(super) fn of_text(text: String) -> Result<Arc<dyn SecretSource>, EnvironmentError> {
    let text = Zeroizing::new(text);
    let secret = ClientSecret::new(without_newline(&text));
    secret
        .map(|secret| Arc::new(secret) as _)
        .map_err(|error| EnvironmentError::invalid(CLIENT_SECRET, error))
}

/// The secret in the file that [`CLIENT_SECRET_FILE`] names.
pub(super) fn of_file(path: OsString) -> Result<Arc<dyn SecretSource>, EnvironmentError> {
    let path = expanded(path);
    if path == Path::new("-") {
        let problem = "a program cannot read its secret from standard input; name a file";
        return Err(EnvironmentError::invalid(CLIENT_SECRET_FILE, problem));
    }
    Ok(Arc::new(NamedFile { source: FileSecret::new(&path), path }))
}

/// A file whose errors name the variable, too.
#[derive(Debug)]
struct NamedFile {
    source: FileSecret,
    path: PathBuf,
}

impl SecretSource for NamedFile {
    fn read<'a>(&'a self, user: &'a UserPrincipalName) -> BoxFuture<'a, SecretResult> {
        Box::pin(async move {
            self.source.read(user).await.map_err(|error| {
                let problem = "cannot read the client secret from";
                EnvironmentError::file(CLIENT_SECRET_FILE, problem, &self.path, Some(error)).into()
            })
        })
    }
}
