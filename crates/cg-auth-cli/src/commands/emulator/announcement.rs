//! [`Announcement`]: the address and the credential of the emulator, and [`ReadyFile`], which holds them.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use cg_auth_core::ApiCredential;
use cg_auth_emulator::Emulator;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::{root_certificate::RootCertificate, shell::Shell};
use crate::{output, setting_error::SettingError, variable};

/// Everything that a program needs to use the emulator. The credential is invented, so it may be shown.
#[derive(Serialize)]
pub(super) struct Announcement {
    version: u32,
    base_url: String,
    user_principal_name: String,
    client_secret: String,
    /// The first enabled administrator; `None` if the configuration file has none.
    administrator: Option<ShownUser>,
    /// The first enabled user who is no administrator; `None` if the configuration file has none.
    plain_user: Option<ShownUser>,
    ca_file: Option<String>,
    /// The control API: programs in any language advance the clock, read requests and script faults there.
    control_url: String,
    /// The protected resource, which accepts the access tokens.
    protected_url: String,
    process_id: u32,
    #[serde(skip)]
    environment: Vec<(&'static str, String)>,
}

/// A user with the client secret.
#[derive(Serialize)]
struct ShownUser {
    user_principal_name: String,
    client_secret: String,
}

impl Announcement {
    pub(super) fn of(emulator: &Emulator, certificate: Option<&RootCertificate>) -> Self {
        let credential = emulator.credential();
        let ca_file = certificate.map(|certificate| certificate.path().display().to_string());
        let mut environment = emulator.env();
        environment.extend(ca_file.clone().map(|file| (variable::CA_FILE.name, file)));
        let administrator = emulator.administrator().map(ShownUser::of);
        let plain_user = emulator.plain_user().map(ShownUser::of);
        for (user, variables) in [(&administrator, ADMINISTRATOR), (&plain_user, PLAIN_USER)] {
            environment.extend(user.iter().flat_map(|user| variables.into_iter().zip(user.values())));
        }
        environment.push((PROTECTED_URL, emulator.protected_url()));
        let control_url = format!("{}/_emulator", origin(emulator.base_url().as_str()));
        environment.push((CONTROL_URL, control_url.clone()));
        Self {
            version: 1,
            base_url: emulator.base_url().as_str().to_owned(),
            user_principal_name: credential.user_principal_name().as_str().to_owned(),
            client_secret: credential.client_secret().expose_secret().to_owned(),
            administrator,
            plain_user,
            ca_file,
            control_url,
            protected_url: emulator.protected_url(),
            process_id: std::process::id(),
            environment,
        }
    }

    /// The environment variables for `cg-auth` and for other clients.
    pub(super) fn environment(&self) -> &[(&'static str, String)] {
        &self.environment
    }

    /// The variables of a user whom this emulator does not have. An outer emulator may have set them.
    pub(super) fn absent(&self) -> impl Iterator<Item = &'static str> {
        let users = [(&self.administrator, ADMINISTRATOR), (&self.plain_user, PLAIN_USER)];
        users.into_iter().filter(|(user, _)| user.is_none()).flat_map(|(_, variables)| variables)
    }

    /// The variables in which other programs look for trusted root certificates; none without TLS.
    ///
    /// They are for a command only. In the lines for a shell, they would take the roots away from every other
    /// program of that shell.
    pub(super) fn ca_environment(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.ca_file.iter().flat_map(|file| CA_FILES.map(|name| (name, file.as_str())))
    }

    /// Lines that set the variables, for `shell` to run.
    pub(super) fn lines_for(&self, shell: Shell) -> String {
        self.environment.iter().map(|(name, value)| shell.assignment(name, value)).collect()
    }

    /// One line of JSON for a program.
    pub(super) fn json_line(&self) -> String {
        output::json_line(self)
    }
}

impl ShownUser {
    fn of(credential: &ApiCredential) -> Self {
        Self {
            user_principal_name: credential.user_principal_name().as_str().to_owned(),
            client_secret: credential.client_secret().expose_secret().to_owned(),
        }
    }

    fn values(&self) -> [String; 2] {
        [self.user_principal_name.clone(), self.client_secret.clone()]
    }
}

/// A file that exists while the emulator answers requests. It is complete from the moment it appears.
pub(super) struct ReadyFile {
    path: PathBuf,
    /// What this emulator has written; `None` before that.
    text: Option<String>,
}

impl ReadyFile {
    /// Removes the ready file that an earlier emulator left behind.
    pub(super) fn new(path: PathBuf) -> Result<Self, SettingError> {
        match remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(SettingError::not_writable(&path, error))
            }
            _ => Ok(Self { path, text: None }),
        }
    }

    /// Writes a temporary file and renames it, so that no reader sees half of it.
    pub(super) fn write(&mut self, announcement: &Announcement) -> Result<(), SettingError> {
        let text = announcement.json_line();
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let write = || {
            let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
            file.write_all(text.as_bytes())?;
            file.persist(&self.path).map(drop).map_err(|error| error.error)
        };
        write().map_err(|error| SettingError::not_writable(&self.path, error))?;
        self.text = Some(text);
        Ok(())
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // Another emulator may have replaced the file, or another process removed it.
        let is_own = |text: &String| fs::read_to_string(&self.path).is_ok_and(|found| found == *text);
        if self.text.as_ref().is_some_and(is_own) {
            let _ = remove(&self.path);
        }
    }
}

/// Removes a regular file or a link to one. Fails for a device or a pipe, which other processes may use.
fn remove(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(io::Error::other("not a regular file")),
        // A dangling link has no metadata and is removed.
        _ => fs::remove_file(path),
    }
}

/// The scheme, host and port of `base_url`.
fn origin(base_url: &str) -> &str {
    let host = base_url.find("://").map_or(0, |scheme| scheme + 3);
    base_url[host..].find('/').map_or(base_url, |path| &base_url[..host + path])
}

/// OpenSSL and Go, Node.js, requests of Python, and curl.
const CA_FILES: [&str; 4] = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
/// The name and the secret of the administrator.
const ADMINISTRATOR: [&str; 2] = ["CG_AUTH_ADMINISTRATOR_NAME", variable::ADMINISTRATOR_SECRET];
/// The name and the secret of the plain user.
const PLAIN_USER: [&str; 2] = ["CG_AUTH_PLAIN_USER_NAME", variable::PLAIN_USER_SECRET];
/// The address of the control API, without a slash at its end.
const CONTROL_URL: &str = "CG_AUTH_CONTROL_URL";
/// The address of the protected resource. Programs under test read this variable; `cg-auth` does not.
const PROTECTED_URL: &str = "CG_AUTH_PROTECTED_URL";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_ends_before_the_path() {
        for url in ["http://127.0.0.1:1", "http://127.0.0.1:1/", "http://127.0.0.1:1/a/b"] {
            assert_eq!(origin(url), "http://127.0.0.1:1");
        }
    }
}
