//! The configuration file of the emulator, which sets the users and the behaviour of the service.

use std::{collections::HashMap, path::Path, str::FromStr};

use cg_auth_core::{
    ApiCredential, ClientSecret, ConfigError, UserPrincipalName, model::JsonContract, token::DurationUnit,
};
use cg_auth_emulator::{Emulator, EmulatorBuilder, Script, UnknownName, User};

use cg_auth_transport_util::environment::positive_duration;

use crate::{
    bounded::read_text_file,
    nearest::suggestion,
    output::escaped,
    setting_error::SettingError,
    toml_section::{Section, TomlError},
};

/// An emulator with the settings of the file at `path`.
pub(super) fn read(path: &Path) -> Result<EmulatorBuilder, SettingError> {
    let parsed = read_text_file(path).map_err(Into::into).and_then(|text| parse(&text));
    parsed.map_err(|source| SettingError::EmulatorConfig { file: path.display().to_string(), source })
}

/// An emulator with the settings of a file that holds `text`.
pub(crate) fn parse(text: &str) -> Result<EmulatorBuilder, TomlError> {
    let mut file = Section::parse(text)?;
    let mut emulator = Emulator::builder();
    macro_rules! set {
        ($($setting:ident: $value:expr;)*) => {
            $(if let Some(value) = $value { emulator = emulator.$setting(value); })*
        };
    }
    set! {
        listen: file.parsed("listen", |text| text.parse().map_err(|_| ADDRESS.to_owned()))?;
        seed: file.whole_number("seed")?;
        base_path: file.text("base_path")?;
        cors: file.flag("cors")?;
        header_values: choice(&mut file, "header_values")?;
        now: file.time("now")?;
        frozen: file.flag("frozen")?;
        token_lifetime: file.parsed("token_lifetime", positive_duration)?;
        duration_unit: core_choice(&mut file, "duration_unit", DurationUnit::ALL, DurationUnit::as_str)?;
        refresh_rotation: choice(&mut file, "refresh_rotation")?;
        reuse_detection: file.flag("reuse_detection")?;
        token_cache: file.flag("token_cache")?;
        key_header_policy: choice(&mut file, "key_header_policy")?;
        refusals: choice(&mut file, "refusals")?;
        alpn: choice(&mut file, "alpn")?;
    }
    if let Some(lifetime) = file.parsed("refresh_token_lifetime", positive_duration)? {
        emulator = emulator.refresh_token_lifetime(Some(lifetime));
    }
    if let Some(contract) = core_choice(&mut file, "contract", JsonContract::ALL, JsonContract::as_str)? {
        emulator = emulator.contract(Some(contract));
    }
    if file.flag("tls")? == Some(true) {
        emulator = emulator.tls();
    }
    let mut names = HashMap::new();
    for (place, section) in file.list_of_sections("users")?.into_iter().enumerate() {
        let user = parse_user(section, place, &mut names)?;
        emulator = emulator.user(user);
    }
    for section in file.list_of_sections("scripts")? {
        // The members are those of the control API, whose reader names the one that is wrong.
        let script = Script::from_json(section.to_json().to_string());
        let script = script.map_err(|error| section.unusable_whole(error.to_string()))?;
        emulator = emulator.script(script);
    }
    file.done()?;
    Ok(emulator)
}

/// Reads the user at `place`. The secret is allowed in this file: it is invented, and valid for this emulator
/// only. `names` holds the earlier users, because the service tells users apart by name.
fn parse_user(
    mut section: Section,
    place: usize,
    names: &mut HashMap<String, usize>,
) -> Result<User, TomlError> {
    let name = required(&mut section, "user_principal_name")?;
    let named = UserPrincipalName::new(name.as_str());
    let named = named.map_err(|error| section.unusable("user_principal_name", error.to_string()))?;
    if let Some(earlier) = names.insert(name.to_ascii_lowercase(), place) {
        let problem = format!("users[{earlier}] has the name {} already", escaped(&name));
        return Err(section.unusable("user_principal_name", problem));
    }
    section.name(&name);
    let secret = required(&mut section, "client_secret")?;
    let user = User::new(ApiCredential::new(client_secret(&section, "client_secret", secret)?, named));
    let second = section.text("second_secret")?;
    let second = second.map(|secret| client_secret(&section, "second_secret", secret)).transpose()?;
    let user = user
        .second_secret(second)
        .administrator(section.flag("administrator")?.unwrap_or(false))
        .enabled(section.flag("enabled")?.unwrap_or(true));
    section.done()?;
    Ok(user)
}

fn required(section: &mut Section, key: &str) -> Result<String, TomlError> {
    section.text(key)?.ok_or_else(|| section.unusable(key, "missing; it must be a string"))
}

fn client_secret(section: &Section, key: &str, secret: String) -> Result<ClientSecret, TomlError> {
    ClientSecret::new(secret).map_err(|error: ConfigError| section.unusable(key, error.to_string()))
}

/// A value that the emulator names.
fn choice<T: FromStr<Err = UnknownName>>(file: &mut Section, key: &str) -> Result<Option<T>, TomlError> {
    file.parsed(key, |text| text.parse().map_err(|error: UnknownName| error.to_string()))
}

/// A value of the core, which gives it a name and does not read the name.
fn core_choice<T: Copy>(
    file: &mut Section,
    key: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, TomlError> {
    file.parsed(key, |text| {
        let found = all.iter().copied().find(|value| name(*value) == text);
        found.ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|value| name(*value)).collect();
            let (last, others) = names.split_last().unwrap_or((&"", &[]));
            format!("expected {} or {last}{}", others.join(", "), suggestion(text, names.iter().copied()))
        })
    })
}

const ADDRESS: &str = "expected an address with a port, such as 127.0.0.1:8080";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_accepted() {
        let text = "
            listen = '127.0.0.1:0'
            seed = 7
            base_path = '/governance'
            cors = true
            header_values = 'all_but_secrets'
            now = 2030-01-01T00:00:00Z
            frozen = true
            tls = true
            token_lifetime = '1h'
            refresh_token_lifetime = '30days'
            duration_unit = 'minutes'
            refresh_rotation = 'keep'
            reuse_detection = false
            token_cache = false
            key_header_policy = 'either'
            contract = 'pascal_case'
            refusals = 'is_success_false'
            alpn = 'http1'

            [[users]]
            user_principal_name = 'admin@example.com'
            client_secret = 'one'
            second_secret = 'three'
            administrator = true

            [[users]]
            user_principal_name = 'gone@example.com'
            client_secret = 'two'
            enabled = false";
        assert!(parse(text).is_ok());
    }

    #[test]
    fn an_unusable_key_is_refused() {
        for (text, problem) in [
            ("colour = 1", "colour is not a known setting"),
            ("seed = -1", "seed is a negative integer; it must be a whole number, 0 or greater"),
            ("listen = 'here'", "listen: expected an address with a port, such as 127.0.0.1:8080"),
            ("refresh_rotation = 'x'", "refresh_rotation: expected rotate or keep"),
            (
                "duration_unit = 'minute'",
                "duration_unit: expected milliseconds, seconds, minutes or hours; did you mean minutes?",
            ),
            ("contract = 'x'", "contract: expected camel_case or pascal_case"),
            (
                "key_header_policy = 'bodyonly'",
                "key_header_policy: expected both, either or body_only; did you mean body_only?",
            ),
            ("header_values = ''", "header_values: expected safe, all_but_secrets or all"),
            ("refusals = 'x'", "refusals: expected bad_request or is_success_false"),
            ("alpn = 'x'", "alpn: expected http2_and_http1, http2, http1 or off"),
            ("now = 'soon'", "now: expected a time such as 2030-01-01T00:00:00Z"),
            ("now = 2030-01-01", "now: expected a time such as 2030-01-01T00:00:00Z"),
            ("now = 7", "now is an integer; it must be a date with a time, such as 2030-01-01T00:00:00Z"),
            ("frozen = 'yes'", "frozen is a string; it must be a boolean, true or false"),
            ("[[users]]\nclient_secret = 's'", "users[0].user_principal_name: missing; it must be a string"),
            (
                "[[users]]\nuser_principal_name = 'a b'\nclient_secret = 's'",
                "users[0].user_principal_name: the user principal name holds a character other than visible ASCII",
            ),
            ("users = ['canary']", "users is an array with other values; it must be an array of tables"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), problem, "{text}");
        }
    }

    #[test]
    fn a_script_is_that_of_the_control_api_and_its_error_names_the_member() {
        let operation = "[[scripts]]\noperation = 'other'\n";
        for rest in [
            "refuse = { status = 503, retry_after_seconds = 5 }",
            "fault = 'lost_answer'",
            "fault = { name = 'reset_in_body', bytes = 30 }\nalways = true\nprobability = 0.5",
            "answer = { status = 200, body = { isSuccess = false } }\ntimes = 2",
        ] {
            let read = parse(&format!("{operation}{rest}"));
            assert!(read.is_ok(), "{rest}: {:?}", read.err());
        }
        for (rest, named) in [
            ("times = 'canary'", "scripts[0]: `times` "),
            ("refuse = { status = 200 }", "scripts[0]: `refuse.status` "),
            ("canary = 1", "scripts[0]: "),
            ("times = 2030-01-01", "scripts[0]: `times` is a string; it must be a whole number from 1 to "),
            ("times = inf", "scripts[0]: `times` is a string; it must be a whole number from 1 to "),
            ("times = 0\ndrop_connection = true", "scripts[0]: `times` is a number that is not allowed; "),
            ("fault = 'reset_in_bodi'", "scripts[0]: `fault` is a string that is not allowed; "),
            (
                "answer = { status = 204, body = 'x' }",
                "scripts[0]: `answer.body` cannot be sent with the status 204",
            ),
            ("", "scripts[0]: the script has no effect; give `answer`"),
            ("drop_connection = true\n[[scripts]]\ntimes = 1", "scripts[1]: `operation` "),
        ] {
            let error = parse(&format!("{operation}{rest}")).unwrap_err().to_string();
            assert!(error.starts_with(named) && !error.contains("'canary'"), "{rest}: {error}");
        }
        assert_eq!(
            parse("scripts = 1").unwrap_err().to_string(),
            "scripts is an integer; it must be an array of tables"
        );
    }

    #[test]
    fn an_error_about_a_user_names_the_member_and_the_user() {
        let user = "[[users]]\nuser_principal_name = 'A@b'\n";
        for (rest, problem) in [
            ("", "users[0] (A@b).client_secret: missing; it must be a string"),
            ("client_secret = 1", "users[0] (A@b).client_secret is an integer; it must be a string"),
            (
                "client_secret = 's s'",
                "users[0] (A@b).client_secret: the client secret holds a character other than visible ASCII",
            ),
            (
                "client_secret = 's'\nsecond_secret = ''",
                "users[0] (A@b).second_secret: the client secret is empty",
            ),
            (
                "client_secret = 's'\nenabled = 'yes'",
                "users[0] (A@b).enabled is a string; it must be a boolean, true or false",
            ),
            (
                "client_secret = 's'\nenable = true",
                "users[0] (A@b).enable is not a known setting; did you mean enabled?",
            ),
            (
                "client_secret = 's'\n[[users]]\nuser_principal_name = 'a@B'\nclient_secret = 't'",
                "users[1].user_principal_name: users[0] has the name a@B already",
            ),
        ] {
            assert_eq!(parse(&format!("{user}{rest}")).unwrap_err().to_string(), problem, "{rest}");
        }
    }
}
