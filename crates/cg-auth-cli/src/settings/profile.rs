//! [`Profile`]: settings under a name in the configuration file.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use cg_auth_transport_util::ProxyChoice;

use super::{TransportChoice, proxy};
use crate::{
    moment::positive_duration,
    secret::SecretSource,
    toml_section::{Section, TomlError},
};

/// `[profiles.NAME]`.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) base_url: Option<String>,
    pub(super) user_principal_name: Option<String>,
    pub(super) secret: Option<SecretSource>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) proxy: Option<ProxyChoice>,
    pub(super) transport: Option<TransportChoice>,
    pub(super) timeout: Option<Duration>,
    pub(super) allow_http: bool,
}

impl Profile {
    /// Reads a profile; `folder` is where its file lies.
    pub(super) fn read(mut section: Section, folder: &Path) -> Result<Self, TomlError> {
        section.refuse_literal(SECRETS)?;
        let profile = Self {
            base_url: section.text("base_url")?,
            user_principal_name: section.text("user_principal_name")?,
            secret: secret_source(&mut section, folder)?,
            ca_file: section.path("ca_file", folder)?,
            proxy: section
                .parsed("proxy", |text| proxy::parse_in_the_open(text).map_err(|error| error.to_string()))?,
            transport: section.parsed("transport", TransportChoice::parse)?,
            timeout: section.parsed("timeout", positive_duration)?,
            allow_http: section.flag("allow_http")?.unwrap_or(false),
        };
        section.done()?;
        Ok(profile)
    }
}

/// What has no place in a file that is copied, shown and committed.
pub(super) const SECRETS: &[&str] = &["client_secret", "access_token", "refresh_token", "secret", "password"];

fn secret_source(section: &mut Section, folder: &Path) -> Result<Option<SecretSource>, TomlError> {
    let file = section.text("client_secret_file")?;
    let command = section.texts(COMMAND)?;
    match (file, command) {
        (Some(_), Some(_)) => Err(section.unusable(COMMAND, "there is a client_secret_file too")),
        (Some(file), None) if file == "-" => Ok(Some(SecretSource::StandardInput)),
        (Some(file), None) => Ok(Some(SecretSource::file(&folder.join(file)))),
        (None, Some(command)) if command.is_empty() => Err(section.unusable(COMMAND, "it is empty")),
        (None, Some(command)) => Ok(Some(SecretSource::Command(command))),
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
            matches!(profile.secret, Some(SecretSource::File(path)) if path == Path::new("/etc/x/secret"))
        );
        assert_eq!(profile.ca_file.unwrap(), Path::new("/etc/x/roots/ca.pem"));
        assert!(matches!(profile.proxy, Some(ProxyChoice::Off)));
        assert_eq!(profile.transport, Some(TransportChoice::Hyper));
        assert_eq!(profile.timeout, Some(Duration::from_secs(5)));
        assert!(profile.allow_http);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, problem) in [
            ("client_secret = 'canary'", "client_secret stands there in the clear"),
            ("access-token = 'canary'", "access-token stands there in the clear"),
            ("refreshToken = 'canary'", "refreshToken stands there in the clear"),
            ("colour = 'canary'", "colour is unknown"),
            ("timeout = 5", "timeout is not text"),
            ("transport = 'canary'", "transport cannot be used: it is neither reqwest nor hyper"),
            (
                "proxy = 'http://a:canary@b'",
                "proxy cannot be used: the proxy holds a password there in the clear; set CG_AUTH_PROXY instead",
            ),
            ("client_secret_command = 'canary'", "client_secret_command is not a list of text"),
            ("client_secret_command = []", "client_secret_command cannot be used: it is empty"),
            (
                "client_secret_command = ['a']\nclient_secret_file = 'b'",
                "client_secret_command cannot be used: there is a client_secret_file too",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), problem, "{text}");
        }
    }
}
