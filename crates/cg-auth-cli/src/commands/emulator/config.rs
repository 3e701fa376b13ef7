//! The configuration file of the emulator, which sets the users and the behaviour of the service.

use std::path::Path;

use cg_auth_core::{
    ApiCredential, ClientSecret, ConfigError, UserPrincipalName, model::JsonContract, token::DurationUnit,
};
use cg_auth_emulator::{Alpn, Emulator, EmulatorBuilder, KeyHeaderPolicy, RefreshRotation, Refusals, User};

use crate::{
    bounded::read_text_file,
    setting_error::SettingError,
    time_format::positive_duration,
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
        token_lifetime: file.parsed("token_lifetime", positive_duration)?;
        duration_unit: choice(&mut file, "duration_unit", UNITS)?;
        refresh_rotation: choice(&mut file, "refresh_rotation", ROTATIONS)?;
        reuse_detection: file.flag("reuse_detection")?;
        token_cache: file.flag("token_cache")?;
        key_header_policy: choice(&mut file, "key_header_policy", POLICIES)?;
        refusals: choice(&mut file, "refusals", REFUSALS)?;
        alpn: choice(&mut file, "alpn", ALPN)?;
    }
    if let Some(lifetime) = file.parsed("refresh_token_lifetime", positive_duration)? {
        emulator = emulator.refresh_token_lifetime(Some(lifetime));
    }
    if let Some(contract) = choice(&mut file, "contract", CONTRACTS)? {
        emulator = emulator.contract(Some(contract));
    }
    if file.flag("tls")? == Some(true) {
        emulator = emulator.tls();
    }
    for user in file.list_of_sections("users")? {
        emulator = emulator.user(parse_user(user)?);
    }
    file.done()?;
    Ok(emulator)
}

/// Reads a user. The secret is allowed in this file: it is invented, and valid for this emulator only.
fn parse_user(mut section: Section) -> Result<User, TomlError> {
    let mut required = |key: &str| match section.text(key)? {
        Some(text) => Ok(text),
        None => Err(section.unusable(key, "missing")),
    };
    let (name, secret) = (required("user_principal_name")?, required("client_secret")?);
    let unusable = |error: ConfigError| section.unusable("user", error.to_string());
    let name = UserPrincipalName::new(name).map_err(unusable)?;
    let secret = ClientSecret::new(secret).map_err(unusable)?;
    let user = User::new(ApiCredential::new(secret, name));
    let user = user.administrator(section.flag("administrator")?.unwrap_or(false));
    let is_enabled = section.flag("enabled")?.unwrap_or(true);
    section.done()?;
    Ok(if is_enabled { user } else { user.disabled() })
}

fn choice<T: Copy>(file: &mut Section, key: &str, names: &[(&str, T)]) -> Result<Option<T>, TomlError> {
    file.parsed(key, |text| {
        let found = names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let names: Vec<_> = names.iter().map(|(name, _)| *name).collect();
            let (last, others) = names.split_last().unwrap_or((&"", &[]));
            format!("expected {} or {last}", others.join(", "))
        })
    })
}

const ADDRESS: &str = "expected an address with a port, such as 127.0.0.1:8080";
const UNITS: &[(&str, DurationUnit)] = &[
    ("milliseconds", DurationUnit::Milliseconds),
    ("seconds", DurationUnit::Seconds),
    ("minutes", DurationUnit::Minutes),
    ("hours", DurationUnit::Hours),
];
const ROTATIONS: &[(&str, RefreshRotation)] =
    &[("rotate", RefreshRotation::Rotate), ("keep", RefreshRotation::Keep)];
const POLICIES: &[(&str, KeyHeaderPolicy)] = &[
    ("both", KeyHeaderPolicy::Both),
    ("either", KeyHeaderPolicy::Either),
    ("body_only", KeyHeaderPolicy::BodyOnly),
];
const REFUSALS: &[(&str, Refusals)] =
    &[("bad_request", Refusals::BadRequest), ("is_success_false", Refusals::IsSuccessFalse)];
const ALPN: &[(&str, Alpn)] = &[
    ("http2_and_http1", Alpn::Http2AndHttp1),
    ("http2", Alpn::Http2),
    ("http1", Alpn::Http1),
    ("off", Alpn::Off),
];
const CONTRACTS: &[(&str, JsonContract)] =
    &[("camel_case", JsonContract::CamelCase), ("pascal_case", JsonContract::PascalCase)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_accepted() {
        let text = "
            listen = '127.0.0.1:0'
            seed = 7
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
            ("seed = -1", "seed must be a whole number, 0 or greater"),
            ("listen = 'here'", "listen: expected an address with a port, such as 127.0.0.1:8080"),
            ("refresh_rotation = 'x'", "refresh_rotation: expected rotate or keep"),
            ("alpn = 'x'", "alpn: expected http2_and_http1, http2, http1 or off"),
            ("[[users]]\nclient_secret = 's'", "users.user_principal_name: missing"),
            (
                "[[users]]\nclient_secret = 's s'\nuser_principal_name = 'a@b'",
                "users.user: the client secret holds a character other than visible ASCII",
            ),
            ("users = ['canary']", "users must be a list of tables"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), problem, "{text}");
        }
    }
}
