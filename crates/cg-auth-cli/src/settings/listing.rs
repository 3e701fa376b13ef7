//! [`Line`]: a setting as `cg-auth config show` and `-v` show it, without its secret.

use std::{fmt, path::Path};

use cg_auth_core::{causes::cause_chain, model::without_newline};
use serde::Serialize;

use super::{
    choices::{Choices, Given},
    origin::Origin,
    proxy,
    setting::{
        ALLOW_HTTP, BASE_URL, CA_FILE, CLIENT_SECRET, PROXY, RETRIES, STORE, Setting, TIMEOUT, TRANSPORT,
        USER,
    },
    store,
};
use crate::{
    bounded::{self, SECRET_LIMIT},
    output::escaped,
    secret::SecretOrigin,
};

/// One setting. `Display` writes its label, its value, and where it comes from.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    #[serde(skip)]
    label: &'static str,
    #[serde(rename = "setting")]
    key: &'static str,
    /// The value in words; `None` if the setting is not given or cannot be used.
    value: Option<String>,
    #[serde(flatten)]
    origin: PrintedOrigin,
    /// Why the value cannot be used.
    problem: Option<String>,
    /// How to set a required setting that is not given.
    ways: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct PrintedOrigin {
    /// `flag`, `variable`, `profile` or `default`.
    origin: Option<&'static str>,
    /// The name of the flag, the variable or the profile.
    name: Option<String>,
    /// The configuration file of the profile.
    file: Option<String>,
    #[serde(skip)]
    text: String,
}

impl Line {
    /// Whether the setting has a value that cannot be used.
    pub(crate) const fn is_unusable(&self) -> bool {
        self.problem.is_some()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.label)?;
        match (&self.value, &self.problem, &self.ways) {
            (Some(value), ..) => write!(f, "{value} ({})", self.origin.text),
            (None, Some(problem), _) => write!(f, "unusable: {problem}"),
            (None, None, Some(ways)) => write!(f, "not set; {ways}"),
            (None, None, None) => f.write_str("not set"),
        }
    }
}

impl Choices {
    /// Every setting in the order of the help text.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let http = Ok(Some(self.allow_http.clone()));
        let mut lines = vec![
            self.required(BASE_URL, line(BASE_URL, &self.base_url, ToString::to_string)),
            self.required(USER, line(USER, &self.user, ToString::to_string)),
            self.required(CLIENT_SECRET, line(CLIENT_SECRET, &self.secret, described)),
            line(CA_FILE, &self.ca_file, |path| path.display().to_string()),
            line(PROXY, &self.proxy, |proxy| proxy::name(proxy).to_string()),
            line(ALLOW_HTTP, &http, |is_on| if *is_on { "yes" } else { "no" }.to_owned()),
            line(TRANSPORT, &self.transport, |it| it.as_str().to_owned()),
            line(TIMEOUT, &self.timeout, |it| humantime::format_duration(*it).to_string()),
            line(RETRIES, &self.retries, ToString::to_string),
        ];
        // A command that uses no store has none to show.
        if !matches!(self.store, Ok(None)) {
            lines.push(line(STORE, &self.store, store::name));
        }
        lines
    }

    /// The configuration file, the profile and every setting, for a person: what `cg-auth config show` prints
    /// and `-v` logs.
    pub(crate) fn texts(&self) -> Vec<String> {
        let file = match &self.location {
            Some(location) if self.has_file => format!("{} ({})", location.file(), location.origin),
            Some(location) => format!("{} does not exist", location.file()),
            None => "not set; there is no home folder to hold it".to_owned(),
        };
        let profile = match &self.profile {
            Some(profile) => format!("{} ({})", profile.name, profile.chosen_by),
            None => "not set".to_owned(),
        };
        let first = [format!("configuration file: {file}"), format!("profile: {profile}")];
        let lines = first.into_iter().chain(self.lines().into_iter().map(|line| line.to_string()));
        lines.map(|line| escaped(&line)).collect()
    }

    /// Writes the texts into the log of `-v`.
    pub(super) fn log(&self) {
        // Describing a secret reads its file.
        if tracing::enabled!(target: "cg_auth::settings", tracing::Level::DEBUG) {
            for text in self.texts() {
                tracing::debug!(target: "cg_auth::settings", "{text}");
            }
        }
    }

    /// Adds the ways to set a required setting that is not given.
    fn required(&self, setting: Setting, line: Line) -> Line {
        let is_missing = line.value.is_none() && line.problem.is_none();
        Line { ways: is_missing.then(|| self.not_set(setting).ways), ..line }
    }
}

fn line<T>(setting: Setting, choice: &Given<T>, show: impl FnOnce(&T) -> String) -> Line {
    let Setting { label, key, .. } = setting;
    let line = Line { label, key, value: None, origin: PrintedOrigin::default(), problem: None, ways: None };
    match choice {
        Ok(Some(chosen)) => {
            Line { value: Some(show(&chosen.value)), origin: PrintedOrigin::of(&chosen.origin), ..line }
        }
        Ok(None) => line,
        Err(problem) => Line { problem: Some(cause_chain(problem)), ..line },
    }
}

impl PrintedOrigin {
    fn of(origin: &Origin) -> Self {
        let text = origin.to_string();
        let (kind, name, file) = match origin {
            Origin::Flag(name) => ("flag", Some((*name).to_owned()), None),
            Origin::Variable(name) => ("variable", Some((*name).to_owned()), None),
            Origin::Profile { name, file } => ("profile", Some(name.clone()), Some(file.clone())),
            Origin::Default => ("default", None, None),
        };
        Self { origin: Some(kind), name, file, text }
    }
}

/// Describes a secret without a prompt and without running a command: reads only a variable or a regular file.
fn described(secret: &SecretOrigin) -> String {
    match secret {
        SecretOrigin::Text(text) => set(without_newline(text)),
        SecretOrigin::File(path) => in_file(path),
        SecretOrigin::StandardInput => "from standard input, not read".to_owned(),
        SecretOrigin::Command(_) => format!("{secret}, not run"),
        SecretOrigin::Prompt => "a prompt asks for it".to_owned(),
    }
}

fn in_file(path: &Path) -> String {
    let shown = path.display();
    // Opening a FIFO would wait for its writer, and take the secret away from the command that needs it.
    let is_special = std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    if is_special {
        return format!("in {shown}, not read, because it is not a regular file");
    }
    match bounded::read_file(path, SECRET_LIMIT).and_then(bounded::into_text) {
        Ok(text) => format!("{}, in {shown}", set(without_newline(&text))),
        Err(error) => format!("in {shown}, which cannot be read: {error}"),
    }
}

fn set(text: &str) -> String {
    match text.len() {
        0 => "set, but empty".to_owned(),
        1 => "set, 1 byte".to_owned(),
        length => format!("set, {length} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn a_secret_is_described_by_its_length_or_by_where_it_comes_from() {
        let text = |text: &str| SecretOrigin::Text(Zeroizing::new(text.to_owned()));
        for (secret, expected) in [
            (text("canary"), "set, 6 bytes"),
            (text("canary\r\n"), "set, 6 bytes"),
            (text("c"), "set, 1 byte"),
            (text("\n"), "set, but empty"),
            (SecretOrigin::StandardInput, "from standard input, not read"),
            (SecretOrigin::Prompt, "a prompt asks for it"),
            (SecretOrigin::Command(vec!["pass".into(), "canary".into()]), "from the command pass, not run"),
        ] {
            assert_eq!(described(&secret), expected);
        }
        let missing = described(&SecretOrigin::File("/does/not/exist".into()));
        assert!(missing.starts_with("in /does/not/exist, which cannot be read: "), "{missing}");
    }
}
