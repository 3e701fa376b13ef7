//! `cg-auth config profiles`: the profiles of the configuration file.

use std::process::ExitCode;

use serde::Serialize;

use crate::{
    commands::list_format::ListFormat,
    console::Console,
    failure::Failure,
    output::{self, escaped},
    settings::{ConfigFile, ConfigLocation, ProfileSummary},
};

/// The output of `--format json`. Scripts depend on the names.
#[derive(Serialize)]
struct Printed<'a> {
    version: u8,
    file: &'a str,
    default_profile: Option<&'a str>,
    profiles: &'a [ProfileSummary],
}

pub(super) fn run(
    location: &ConfigLocation,
    format: ListFormat,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let file = location.file();
    let config = ConfigFile::read(location)?;
    let profiles = config.as_ref().map(|config| config.summaries(&file)).unwrap_or_default();
    let default_profile = config.as_ref().and_then(|config| config.default_profile.as_deref());
    let text = match format {
        ListFormat::Human => human(&profiles),
        ListFormat::Json => {
            output::json_line(&Printed { version: 1, file: &file, default_profile, profiles: &profiles })
        }
    };
    output::to_stdout(&text).map_err(Failure::Output)?;
    if config.is_none() {
        console.warn(&format!("the configuration file {file} does not exist"));
    } else if profiles.is_empty() {
        console.warn(&format!("the configuration file {file} holds no profile"));
    }
    let has_default = default_profile.is_none_or(|name| profiles.iter().any(|profile| profile.name == name));
    if !has_default {
        console.warn(&format!("default_profile in {file} names a profile that the file does not hold"));
    }
    Ok(ExitCode::SUCCESS)
}

/// One line for each profile, in columns. A star marks the default.
fn human(profiles: &[ProfileSummary]) -> String {
    let rows: Vec<_> = profiles.iter().map(columns).collect();
    let widest = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (name, base_url) = (widest(1), widest(2));
    let line = |[mark, own_name, own_url, user]: &[String; 4]| {
        let line = format!("{mark} {own_name:name$}  {own_url:base_url$}  {user}");
        line.trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn columns(profile: &ProfileSummary) -> [String; 4] {
    let text =
        |text: &Option<String>, what: &str| text.as_deref().map_or_else(|| format!("no {what}"), escaped);
    let mark = if profile.is_default { "*" } else { " " }.to_owned();
    let name = escaped(&profile.name);
    match &profile.problem {
        Some(problem) => [mark, name, format!("unusable: {}", escaped(problem)), String::new()],
        None => [
            mark,
            name,
            text(&profile.base_url, "base URL"),
            text(&profile.user_principal_name, "user principal name"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_stand_in_columns_and_a_star_marks_the_default() {
        let profile =
            |name: &str, is_default, base_url: Option<&str>, problem: Option<&str>| ProfileSummary {
                name: name.to_owned(),
                is_default,
                base_url: base_url.map(str::to_owned),
                user_principal_name: base_url.map(|_| "a@b".to_owned()),
                problem: problem.map(str::to_owned),
            };
        let profiles = [
            profile("lab\u{1b}", false, Some("https://a.example"), None),
            profile("w", true, None, None),
            profile("x", false, None, Some("colour is not a known setting")),
        ];
        assert_eq!(
            human(&profiles[..2]),
            "  lab\\u{1b}  https://a.example  a@b\n* w          no base URL        no user principal name\n"
        );
        assert!(human(&profiles).ends_with("  x          unusable: colour is not a known setting\n"));
    }
}
