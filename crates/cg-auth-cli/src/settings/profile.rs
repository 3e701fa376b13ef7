//! [`Profile`]: named settings in the configuration file.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use cg_auth_transport_util::{
    ProxyChoice,
    environment::{expanded, positive_duration, retries},
};

use super::{
    proxy,
    store::{self, StoreChoice},
};
use crate::{
    secret::SecretOrigin,
    toml_section::{Section, TomlError},
    transports::TransportChoice,
};

/// The settings in a table `[profiles.NAME]`.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    pub(crate) base_url: Option<String>,
    pub(crate) user_principal_name: Option<String>,
    pub(super) secret: Option<SecretOrigin>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) proxy: Option<ProxyChoice>,
    pub(super) transport: Option<TransportChoice>,
    pub(super) timeout: Option<Duration>,
    pub(super) retries: Option<u32>,
    pub(super) allow_http: Option<bool>,
    pub(super) store: Option<StoreChoice>,
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
            retries: match section.whole_number("retries")? {
                Some(number) => Some(
                    retries(&number.to_string()).map_err(|problem| section.unusable("retries", problem))?,
                ),
                None => None,
            },
            allow_http: section.flag("allow_http")?,
            store: section.parsed("store", |text| {
                store::parse_without_password(text, Some(folder)).map_err(|error| error.to_string())
            })?,
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
        (Some(file), None) => Ok(Some(SecretOrigin::file(&folder.join(expanded(file))))),
        (None, Some(command)) => match program(&command, folder) {
            Ok(program) => {
                Ok(Some(SecretOrigin::Command([&[program], command.get(1..).unwrap_or_default()].concat())))
            }
            Err(problem) => Err(section.unusable(COMMAND, problem)),
        },
        (None, None) => Ok(None),
    }
}

/// The program of `command`. A path is relative to `folder`; the name of a program is looked up in `PATH`.
fn program(command: &[String], folder: &Path) -> Result<String, &'static str> {
    let program = command.first().filter(|program| !program.is_empty()).ok_or("must not be empty")?;
    let path = expanded(program);
    // A name alone has one component. `./name` has two, of which the first is the current folder.
    if path.components().count() < 2 {
        return Ok(program.clone());
    }
    let path = folder.join(path).into_os_string().into_string();
    path.map_err(
        |_| "the folder of this file has a name that is not UTF-8; use the whole path of the program",
    )
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
             ca_file = 'roots/ca.pem'\nproxy = 'none'\ntransport = 'hyper'\ntimeout = '5s'\nretries = 0\n\
             allow_http = true\nstore = 'file:tokens'",
        )
        .unwrap();
        assert!(
            matches!(profile.secret, Some(SecretOrigin::File(path)) if path == Path::new("/etc/x/secret"))
        );
        assert_eq!(profile.ca_file.unwrap(), Path::new("/etc/x/roots/ca.pem"));
        assert!(matches!(profile.proxy, Some(ProxyChoice::Off)));
        assert_eq!(profile.transport, Some(TransportChoice::Hyper));
        assert_eq!(profile.timeout, Some(Duration::from_secs(5)));
        assert_eq!((profile.retries, profile.allow_http), (Some(0), Some(true)));
        assert_eq!(profile.store, Some(StoreChoice::File("/etc/x/tokens".into())));
    }

    #[cfg(unix)]
    #[test]
    fn the_path_of_a_program_is_relative_to_the_file_and_its_name_is_not() {
        for (program, expected) in [
            ("./get", "/etc/x/./get"),
            ("bin/get", "/etc/x/bin/get"),
            ("../get", "/etc/x/../get"),
            ("/usr/bin/get", "/usr/bin/get"),
            ("get", "get"),
        ] {
            let profile = read(&format!("client_secret_command = ['{program}', './argument']")).unwrap();
            let Some(SecretOrigin::Command(command)) = profile.secret else { panic!("{program}") };
            assert_eq!(command, [expected, "./argument"]);
        }
        let Some(SecretOrigin::File(file)) = read("client_secret_file = '~/s'").unwrap().secret else {
            panic!("a file")
        };
        assert!(file.is_absolute() && !file.starts_with("/etc/x") && file.ends_with("s"), "{file:?}");
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
            ("timeout = 5", "timeout is an integer; it must be a string"),
            ("timeout = '0s'", "timeout: must be greater than zero"),
            ("transport = 'canary'", "transport: expected reqwest or hyper"),
            (
                "store = 'canary'",
                "store: expected none, file, file:FOLDER or the URL of a Redis server, such as rediss://HOST",
            ),
            (
                "store = 'rediss://a:canary@b'",
                "store: do not write a password into this file, other users may read it; set CG_AUTH_STORE",
            ),
            (
                "proxy = 'http://a:canary@b'",
                "proxy: do not write a password into this file, other users may read it; set CG_AUTH_PROXY",
            ),
            (
                "client_secret_command = 'canary'",
                "client_secret_command is a string; it must be an array of strings",
            ),
            ("client_secret_command = []", "client_secret_command: must not be empty"),
            ("client_secret_command = ['']", "client_secret_command: must not be empty"),
            ("retries = 11", "retries: expected a whole number from 0 to 10"),
            ("retries = -1", "retries is a negative integer; it must be a whole number, 0 or greater"),
            ("base-url = 'canary'", "base-url is not a known setting; did you mean base_url?"),
            (
                "client_secret_command = ['a']\nclient_secret_file = 'b'",
                "client_secret_command: use either client_secret_file or client_secret_command",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), problem, "{text}");
        }
    }
}
