//! `cg-auth __candidates`: what can stand at the cursor of a command line. The completion scripts ask it.
//!
//! It reads the description of the command line and the names of the profiles, and nothing else. It never
//! fails and writes nothing to standard error, because the user is in the middle of a line.
//!
//! The first line of the output is `values`, and each further line is a value, a tab and its description. Or it
//! is `files PREFIX`, where PREFIX is what stands before the file name in the same word. Or it is `command N`:
//! the words from the Nth on are a command line of their own.

mod bash_word;
mod line;
mod values;

use std::ffi::OsString;

use clap::{Args, Command, ValueEnum};

use self::{
    bash_word::BashWord,
    line::{Answer, complete},
};
use crate::output;

#[derive(Args)]
pub(crate) struct CompleteArgs {
    /// The shell that asks.
    #[arg(long, value_enum)]
    shell: AskingShell,

    /// The words of the line after `cg-auth`, the last up to the cursor.
    #[arg(last = true)]
    words: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AskingShell {
    /// The words are as they were typed, and the values are written in the same way.
    Bash,
    /// zsh and fish unquote the words, choose among the values and quote the one that they insert.
    Zsh,
    Fish,
}

/// Prints what can stand at the cursor of the command line that `cli` describes.
pub(crate) fn run(args: &CompleteArgs, mut cli: Command) {
    cli.build();
    let mut words: Vec<_> = args.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let current = words.pop().unwrap_or_default();
    let answer = match args.shell {
        AskingShell::Bash => in_bash(&cli, &words, &current),
        AskingShell::Zsh | AskingShell::Fish => complete(&cli, &words, &current),
    };
    // An error is ignored, because it means that the shell has stopped reading.
    let _ = output::to_stdout(&text(&answer));
}

/// bash compares the values with the word as it was typed, so they are written in the same quotes.
fn in_bash(cli: &Command, words: &[String], current: &str) -> Answer {
    let words: Vec<_> = words.iter().map(|word| BashWord::new(word).text).collect();
    let current = BashWord::new(current);
    match complete(cli, &words, &current.text) {
        Answer::Values { prefix, mut values } => {
            values.retain(|value| format!("{prefix}{}", value.text).starts_with(&current.text));
            values.retain_mut(|value| match current.quoted(&prefix, &value.text) {
                Some(text) => {
                    value.text = text;
                    true
                }
                None => false,
            });
            Answer::Values { prefix: String::new(), values }
        }
        answer => answer,
    }
}

fn text(answer: &Answer) -> String {
    match answer {
        Answer::Files { prefix } => format!("files {prefix}\n"),
        Answer::Command { at } => format!("command {at}\n"),
        Answer::Values { prefix, values } => {
            // A line break or a tab in a name would forge another candidate.
            let is_clean = |text: &str| !text.chars().any(char::is_control);
            let lines = values.iter().filter(|value| is_clean(&value.text));
            let lines = lines.map(|value| format!("{prefix}{}\t{}\n", value.text, value.help));
            format!("values\n{}", lines.collect::<String>())
        }
    }
}
