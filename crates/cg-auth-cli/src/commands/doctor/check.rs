//! [`Check`]: one thing that was examined, and its outcome: a [`Finding`] or a [`Problem`].

use cg_auth_core::causes::cause_chain;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    failure::{FailedCall, SETTINGS_CODE, TIMEOUT_CODE, code_of},
    report::hint_after_call,
    setting_error::SettingError,
};

/// What is checked. Scripts depend on the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Name {
    ConfigFile,
    Settings,
    ClientSecret,
    Store,
    Proxy,
    Dns,
    Tcp,
    Tunnel,
    Tls,
    Http,
    Clock,
    Token,
}

impl Name {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::ConfigFile => "config file",
            Self::Settings => "settings",
            Self::ClientSecret => "client secret",
            Self::Store => "store",
            Self::Proxy => "proxy",
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::Tunnel => "tunnel",
            Self::Tls => "TLS",
            Self::Http => "HTTP",
            Self::Clock => "clock",
            Self::Token => "token",
        }
    }
}

/// A check as it is printed.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: Name,
    pub(super) status: Status,
    pub(super) detail: String,
    /// What to do.
    pub(super) fix: Option<String>,
    /// The exit code of the command if this check is the first that fails; 0 otherwise.
    pub(super) exit_code: u8,
    /// The numbers and names of the detail, for programs.
    pub(super) facts: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Ok,
    Failed,
    /// A check that it depends on has failed, or there is nothing to check.
    Skipped,
}

impl Check {
    pub(super) fn new(name: Name, outcome: Result<Finding, Problem>) -> Self {
        match outcome {
            Ok(Finding { detail, facts }) => {
                Self { name, status: Status::Ok, detail, fix: None, exit_code: 0, facts }
            }
            Err(Problem { detail, fix, exit_code, facts }) => {
                Self { name, status: Status::Failed, detail, fix, exit_code, facts }
            }
        }
    }

    pub(super) fn skipped(name: Name, reason: &str) -> Self {
        let detail = reason.to_owned();
        Self { name, status: Status::Skipped, detail, fix: None, exit_code: 0, facts: Map::new() }
    }
}

/// What a check found to be right.
#[derive(Debug)]
pub(super) struct Finding {
    detail: String,
    facts: Map<String, Value>,
}

impl Finding {
    pub(super) fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), facts: Map::new() }
    }

    pub(super) fn with_fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn with_facts(mut self, facts: Map<String, Value>) -> Self {
        self.facts.extend(facts);
        self
    }
}

/// What a check found to be wrong.
#[derive(Debug)]
pub(super) struct Problem {
    detail: String,
    fix: Option<String>,
    exit_code: u8,
    facts: Map<String, Value>,
}

impl Problem {
    /// A setting or a file that cannot be used. Nothing was sent.
    pub(super) fn settings(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), fix: None, exit_code: SETTINGS_CODE, facts: Map::new() }
    }

    /// The error of a setting.
    pub(super) fn of_setting(error: &SettingError) -> Self {
        Self { fix: error.hint().map(str::to_owned), ..Self::settings(cause_chain(error)) }
    }

    /// A check that did not end within `limit`.
    pub(super) fn timeout(what: &str, limit: std::time::Duration) -> Self {
        // The moments that the checks before took would make "2s 999ms" of three seconds.
        let step = if limit.as_secs() > 0 { 100_000 } else { 1_000 };
        let rounded = u64::try_from(limit.as_micros().div_ceil(step) * step).unwrap_or(u64::MAX);
        let limit = humantime::format_duration(std::time::Duration::from_micros(rounded));
        let detail = format!("{what} within {limit}");
        let fix = "check the network, and whether it requires a proxy; or allow more time with --timeout";
        Self { detail, fix: Some(fix.to_owned()), exit_code: TIMEOUT_CODE, facts: Map::new() }
    }

    /// A call that failed. What follows a semicolon in the text of a transport is advice.
    pub(super) fn of_call(call: &FailedCall) -> Self {
        let text = call.to_string();
        let (detail, advice) = match text.split_once("; ") {
            Some((detail, advice)) => (detail.to_owned(), Some(advice.to_owned())),
            None => (text, None),
        };
        let messages = call.error().messages().iter().map(|text| format!(": {text}")).collect::<String>();
        let is_unknown_issuer = detail.contains("unknown issuer");
        let advice = advice.filter(|_| !is_unknown_issuer);
        Self {
            detail: detail + &messages,
            fix: Some(advice.unwrap_or_else(|| hint_after_call(call).to_owned())),
            exit_code: code_of(call.error().kind()),
            facts: Map::new(),
        }
    }

    /// Adds `detail` to the text.
    pub(super) fn with_detail(self, detail: &str) -> Self {
        Self { detail: format!("{}; {detail}", self.detail), ..self }
    }

    pub(super) fn with_exit_code(self, exit_code: u8) -> Self {
        Self { exit_code, ..self }
    }

    pub(super) fn with_fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    pub(super) fn with_facts(mut self, facts: Map<String, Value>) -> Self {
        self.facts.extend(facts);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_limit_is_told_as_it_was_set_without_the_moments_that_have_passed() {
        for (micros, shown) in [
            (2_999_800, "3s"),
            (3_000_000, "3s"),
            (250_000, "250ms"),
            (19_980, "20ms"),
            (1_250_000, "1s 300ms"),
        ] {
            let problem = Problem::timeout("no answer", Duration::from_micros(micros));
            assert_eq!(problem.detail, format!("no answer within {shown}"));
        }
    }
}
