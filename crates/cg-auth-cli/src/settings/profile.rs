//! [`Profile`]: named settings in the configuration file.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use cg_auth_transport_util::ProxyChoice;

use super::proxy;
use crate::{
    secret::SecretOrigin,
    time_format::positive_duration,
    toml_section::{Section, TomlError},
    transports::TransportChoice,
};

/// The settings in a table `[profiles.NAME]`.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) base_url: Option<String>,
    pub(super) user_principal_name: Option<String>,
    pub(super) secret: Option<SecretOrigin>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) proxy: Option<ProxyChoice>,
    pub(super) transport: Option<TransportChoice>,
    pub(super) timeout: Option<Duration>,
    pub(super) allow_http: bool,
}

impl Profile {
    /// Reads a profile. `folder` is the folder of the file, from which relative paths start.
    pub(super) fn read(mut section: Section, folder: &Path) -> Result<Self, TomlError> {
        section.refuse_literal(SECRETS)?;
        let profile = Self {
            base_url: section.text("base_url")?,
            user_principal_name: section.text("user_principal_name")?,
            secret: secret_origin(&mut section, folder)?,
            ca_file: section.path("ca_file", folder)?,
            proxy: section.parsed("proxy", |text| {
                proxy::parse_without_password(text).map_err(|error| error.to_string())
            })?,
            transport: section.parsed("transport", TransportChoice::parse)?,
            timeout: section.parsed("timeout", positive_duration)?,
            allow_http: section.flag("allow_http")?.unwrap_or(false),
        };
        section.done()?;
        Ok(profile)
    }
}

/// The keys that are refused, because a configuration file is copied, shown and committed.
pub(super) const SECRETS: &[&str] = &["client_secret", "access_token", "refresh_token", "secret", "password"];

fn secret_origin(section: &mut Section, folder: &Path) -> Result<Option<SecretOrigin>, TomlError> {
    let file = section.text("client_secret_file")?;
    let command = section.texts(COMMAND)?;
    match (file, command) {
        (Some(_), Some(_)) => {
            Err(section.unusable(COMMAND, "use either client_secret_file or client_secret_command"))
        }
        (Some(file), None) if file == "-" => Ok(Some(SecretOrigin::StandardInput)),
        (Some(file), None) => Ok(Some(SecretOrigin::file(&folder.join(file)))),
        (None, Some(command)) if command.is_empty() => Err(section.unusable(COMMAND, "must not be empty")),
        (None, Some(command)) => Ok(Some(SecretOrigin::Command(command))),
        (None, None) => Ok(None),
    }
}

const COMMAND: &str = "client_secret_command";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Profile, String> {
        let section = Section::parse(text).unwrap();
        Profile::read(section, Path::new("/etc/x")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_profile_holds_every_setting_and_its_paths_are_relative_to_the_file() {
        let profile = read(
            "base_url = 'commercial'\nuser_principal_name = 'a@b'\nclient_secret_file = 'secret'\n\
             ca_file = 'roots/ca.pem'\nproxy = 'none'\ntransport = 'hyper'\ntimeout = '5s'\nallow_http = true",
        )
        .unwrap();
        assert!(
            matches!(profile.secret, Some(SecretOrigin::File(path)) if path == Path::new("/etc/x/secret"))
        );
        assert_eq!(profile.ca_file.unwrap(), Path::new("/etc/x/roots/ca.pem"));
        assert!(matches!(profile.proxy, Some(ProxyChoice::Off)));
        assert_eq!(profile.transport, Some(TransportChoice::Hyper));
        assert_eq!(profile.timeout, Some(Duration::from_secs(5)));
        assert!(profile.allow_http);
    }

    #[test]
    fn an_unusable_key_is_refused() {
        for (text, problem) in [
            (
                "client_secret = 'canary'",
                "client_secret must not be in this file; use client_secret_file or client_secret_command",
            ),
            (
                "access-token = 'canary'",
                "access-token must not be in this file; use client_secret_file or client_secret_command",
            ),
            (
                "refreshToken = 'canary'",
                "refreshToken must not be in this file; use client_secret_file or client_secret_command",
            ),
            ("colour = 'canary'", "colour is not a known setting"),
            ("timeout = 5", "timeout must be a string"),
            ("timeout = '0s'", "timeout: must be greater than zero"),
            ("transport = 'canary'", "transport: expected reqwest or hyper"),
            (
                "proxy = 'http://a:canary@b'",
                "proxy: do not write a password into this file, other users may read it; set CG_AUTH_PROXY",
            ),
            ("client_secret_command = 'canary'", "client_secret_command must be a list of strings"),
            ("client_secret_command = []", "client_secret_command: must not be empty"),
            (
                "client_secret_command = ['a']\nclient_secret_file = 'b'",
                "client_secret_command: use either client_secret_file or client_secret_command",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), problem, "{text}");
        }
    }
}
