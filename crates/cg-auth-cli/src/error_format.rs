//! [`ErrorFormat`]: text for a person or JSON for a program, on standard error.

use std::ffi::OsString;

use clap::ValueEnum;

use crate::{setting_error::SettingError, variable};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ErrorFormat {
    #[default]
    Human,
    Json,
}

impl ErrorFormat {
    /// The format of `flag`, else of `CG_AUTH_ERROR_FORMAT`, else JSON if the command prints JSON.
    pub(crate) fn choose(flag: Option<Self>, prints_json: bool) -> Result<Self, SettingError> {
        if let Some(format) = flag {
            return Ok(format);
        }
        let implied = if prints_json { Self::Json } else { Self::Human };
        Ok(variable::ERROR_FORMAT.parsed(Self::parse)?.unwrap_or(implied))
    }

    /// The format that the raw arguments `args` ask for, after clap has refused to parse them.
    pub(crate) fn of_refused(args: impl Iterator<Item = OsString>) -> Self {
        // The arguments after `--` belong to another command.
        let own = args.take_while(|arg| arg != "--");
        let args: Vec<_> = own.map(|arg| arg.to_string_lossy().into_owned()).collect();
        let asks = |flag: &str, value: &str| {
            args.contains(&format!("{flag}={value}"))
                || args.windows(2).any(|pair| pair[0] == flag && pair[1] == value)
        };
        let asks_short = args.iter().any(|arg| arg == "-ojson");
        let variable = variable::ERROR_FORMAT.parsed(Self::parse).ok().flatten();
        match variable {
            _ if asks("--error-format", "json") => Self::Json,
            _ if asks("--error-format", "human") => Self::Human,
            Some(format) => format,
            None if asks("--format", "json") || asks("-o", "json") || asks_short => Self::Json,
            None => Self::Human,
        }
    }

    /// Reads the value of the variable.
    fn parse(text: &str) -> Result<Self, String> {
        Self::from_str(text, false).map_err(|_| "expected human or json".into())
    }
}
