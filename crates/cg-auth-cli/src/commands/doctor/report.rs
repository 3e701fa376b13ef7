//! [`Report`]: prints each check as it ends, or all of them as one JSON object.

use std::{env, process::ExitCode};

use serde::Serialize;

use super::check::{Check, Finding, Name, Problem, Status};
use crate::{
    commands::list_format::ListFormat,
    failure::Failure,
    output::{self, escaped},
};

/// The checks so far.
pub(super) struct Report {
    format: ListFormat,
    marks: Marks,
    checks: Vec<Check>,
}

/// The output of `--format json`. Scripts depend on the names.
#[derive(Serialize)]
struct Printed<'a> {
    version: u8,
    ok: bool,
    exit_code: u8,
    checks: &'a [Check],
}

impl Report {
    pub(super) fn new(format: ListFormat) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(env::var_os).find(|it| !it.is_empty());
        let marks = Marks::of(locale.map(|locale| locale.to_string_lossy().into_owned()).as_deref());
        Self { format, marks, checks: Vec::new() }
    }

    /// Adds a check that was made.
    pub(super) fn add(&mut self, name: Name, outcome: Result<Finding, Problem>) -> Result<(), Failure> {
        self.push(Check::new(name, outcome))
    }

    /// Adds a check that was not made, and why.
    pub(super) fn skip(&mut self, name: Name, reason: &str) -> Result<(), Failure> {
        self.push(Check::skipped(name, reason))
    }

    /// Prints the object of `--format json`, and returns the exit code of the first check that failed.
    pub(super) fn finish(self) -> Result<ExitCode, Failure> {
        let exit_code = self.checks.iter().map(|check| check.exit_code).find(|code| *code != 0).unwrap_or(0);
        if self.format == ListFormat::Json {
            let printed = Printed { version: 1, ok: exit_code == 0, exit_code, checks: &self.checks };
            output::to_stdout(&output::json_line(&printed)).map_err(Failure::Output)?;
        }
        Ok(ExitCode::from(exit_code))
    }

    fn push(&mut self, check: Check) -> Result<(), Failure> {
        if self.format == ListFormat::Human {
            output::to_stdout(&self.marks.line(&check)).map_err(Failure::Output)?;
        }
        self.checks.push(check);
        Ok(())
    }
}

/// The marks at the beginning of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks {
    ok: &'static str,
    failed: &'static str,
    skipped: &'static str,
}

impl Marks {
    /// The marks for `locale`, the value of the first locale variable that is set. A locale that names another
    /// character set than UTF-8 gets ASCII.
    fn of(locale: Option<&str>) -> Self {
        let is_utf8 = locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase().replace('-', "");
            locale.contains("utf8")
        });
        match is_utf8 {
            true => Self { ok: "\u{2713}", failed: "\u{2717}", skipped: "-" },
            false => Self { ok: "ok  ", failed: "FAIL", skipped: "-   " },
        }
    }

    fn line(self, check: &Check) -> String {
        let (mark, detail) = match check.status {
            Status::Ok => (self.ok, escaped(&check.detail)),
            Status::Failed => (self.failed, escaped(&check.detail)),
            Status::Skipped => (self.skipped, format!("skipped: {}", escaped(&check.detail))),
        };
        let fix = check.fix.as_deref().map(|fix| format!("; {}", escaped(fix))).unwrap_or_default();
        format!("{mark} {}: {detail}{fix}\n", check.name.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_mark_name_finding_and_fix_and_no_control_character() {
        let marks = Marks::of(None);
        let ok = Check::new(Name::Dns, Ok(Finding::new("a\u{1b}b")));
        assert_eq!(marks.line(&ok), "\u{2713} DNS: a\\u{1b}b\n");
        let failed = Check::new(Name::Tls, Err(Problem::settings("bad").with_fix("mend it")));
        assert_eq!(marks.line(&failed), "\u{2717} TLS: bad; mend it\n");
        assert_eq!(marks.line(&Check::skipped(Name::Clock, "no date")), "- clock: skipped: no date\n");
    }

    #[test]
    fn only_a_locale_with_another_character_set_gets_ascii() {
        for (locale, is_ascii) in [
            (None, false),
            (Some("en_US.UTF-8"), false),
            (Some("C.utf8"), false),
            (Some("C"), true),
            (Some("POSIX"), true),
            (Some("de_DE.ISO-8859-1"), true),
        ] {
            assert_eq!(Marks::of(locale).ok.is_ascii(), is_ascii, "{locale:?}");
        }
    }
}
