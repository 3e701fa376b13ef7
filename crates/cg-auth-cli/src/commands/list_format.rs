//! [`ListFormat`]: the format of a command that shows facts, for people or for programs.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ListFormat {
    /// Lines for a person.
    #[default]
    Human,
    /// One object on one line.
    Json,
}
