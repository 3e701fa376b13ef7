//! [`complete`]: reads a command line up to the cursor, as clap would, and says what can follow.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command};

use super::values::{self, Value};
use crate::help_topics;

/// What can stand at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// One of the values, after the `prefix` that stands in the same word, such as `--format=`.
    Values { prefix: String, values: Vec<Value> },
    /// The name of a file, after the `prefix`.
    Files { prefix: String },
    /// The command line of another program, which starts with the word at this index.
    Command { at: usize },
}

/// What can stand in place of the word `current`, after `words`, on the command line that `root` describes.
/// The caller has called `Command::build` on it.
pub(super) fn complete(root: &Command, words: &[String], current: &str) -> Answer {
    let mut line = Line::new(root);
    for word in words {
        line.read(word);
    }
    line.answer(current)
}

/// What the words before the cursor mean.
struct Line<'a> {
    root: &'a Command,
    command: &'a Command,
    /// Whether the words name a subcommand for `cg-auth help`.
    is_help: bool,
    /// The flags of `command` that were given.
    given: Vec<&'a Arg>,
    /// The flag whose value the next word is.
    pending: Option<&'a Arg>,
    positionals: Vec<String>,
    /// The number of words so far.
    count: usize,
    /// The number of words up to `--`. After it, no word is a flag.
    escaped_at: Option<usize>,
    /// The value of `--config`.
    config: Option<PathBuf>,
}

impl<'a> Line<'a> {
    const fn new(root: &'a Command) -> Self {
        Self {
            root,
            command: root,
            is_help: false,
            given: Vec::new(),
            pending: None,
            positionals: Vec::new(),
            count: 0,
            escaped_at: None,
            config: None,
        }
    }

    /// Reads a word before the cursor.
    fn read(&mut self, word: &str) {
        let at = self.count;
        self.count += 1;
        if let Some(flag) = self.pending.take() {
            self.note_value(flag, word);
        } else if self.escaped_at.is_some() {
            self.positionals.push(word.to_owned());
        } else if word == "--" {
            self.escaped_at = Some(self.count);
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            if let Some(flag) = self.long(name) {
                self.note_flag(flag, value);
            }
        } else if let Some(cluster) = word.strip_prefix('-').filter(|cluster| !cluster.is_empty()) {
            self.read_cluster(cluster);
        } else if let Some(command) = self.subcommand(word) {
            self.is_help |= std::ptr::eq(self.command, self.root) && word == "help";
            self.command = command;
            self.given.retain(|flag| flag.is_global_set());
        } else if self.positional().is_some_and(Arg::is_trailing_var_arg_set) {
            self.escaped_at = Some(at);
            self.positionals.push(word.to_owned());
        } else {
            self.positionals.push(word.to_owned());
        }
    }

    /// Reads short flags in one word, the last perhaps with its value.
    fn read_cluster(&mut self, cluster: &str) {
        for (at, short) in cluster.char_indices() {
            let Some(flag) = self.short(short) else { return };
            let rest = Some(&cluster[at + short.len_utf8()..]).filter(|rest| !rest.is_empty());
            self.note_flag(flag, rest.filter(|_| takes_value(flag)));
            if takes_value(flag) {
                return;
            }
        }
    }

    fn note_flag(&mut self, flag: &'a Arg, value: Option<&str>) {
        self.given.push(flag);
        match value {
            Some(value) => self.note_value(flag, value),
            None if takes_value(flag) && !flag.is_require_equals_set() => self.pending = Some(flag),
            None => {}
        }
    }

    fn note_value(&mut self, flag: &Arg, value: &str) {
        if flag.get_id() == "config" {
            self.config = Some(value.into());
        }
    }

    fn answer(&self, current: &str) -> Answer {
        if let Some(flag) = self.pending {
            return self.values_of(flag, String::new());
        }
        let is_delegated = |arg: &Arg| arg.is_last_set() || arg.is_trailing_var_arg_set();
        if let Some(at) = self.escaped_at {
            let delegates = self.command.get_positionals().any(is_delegated);
            return if delegates { Answer::Command { at } } else { self.words(current) };
        }
        if let Some((flag, prefix)) = self.attached_value(current) {
            return self.values_of(flag, prefix);
        }
        if current.starts_with('-') { bare(self.flags(current)) } else { self.words(current) }
    }

    /// The flag and the prefix of a word that holds a flag and the beginning of its value.
    fn attached_value(&self, current: &str) -> Option<(&'a Arg, String)> {
        if let Some(long) = current.strip_prefix("--") {
            let (name, _) = long.split_once('=')?;
            let flag = self.long(name).filter(|flag| takes_value(flag))?;
            return Some((flag, format!("--{name}=")));
        }
        let cluster = current.strip_prefix('-')?;
        for (at, short) in cluster.char_indices() {
            let (flag, end) = (self.short(short)?, at + short.len_utf8());
            if takes_value(flag) {
                return (end < cluster.len()).then(|| (flag, format!("-{}", &cluster[..end])));
            }
        }
        None
    }

    /// Subcommands and positional arguments, or flags where there is neither.
    fn words(&self, current: &str) -> Answer {
        let mut found = Vec::new();
        if self.positionals.is_empty() && self.escaped_at.is_none() {
            found.extend(values::subcommands(self.command));
            if self.is_help && self.command.get_name() == "help" {
                found.extend(help_topics::ALL.iter().map(|(name, about)| Value::new(*name, *about)));
            }
        }
        if let Some(positional) = self.positional() {
            if positional.is_trailing_var_arg_set() {
                return Answer::Command { at: self.count };
            }
            match self.values_of(positional, String::new()) {
                Answer::Values { values, .. } => found.extend(values),
                answer if found.is_empty() => return answer,
                _ => {}
            }
        }
        if found.is_empty() && self.escaped_at.is_none() && current.is_empty() {
            found = self.flags("--");
        }
        bare(found)
    }

    /// The positional argument at the cursor.
    fn positional(&self) -> Option<&'a Arg> {
        let all = || self.command.get_positionals().filter(|arg| !arg.is_last_set());
        let repeats = |arg: &&Arg| arg.get_num_args().is_some_and(|range| range.max_values() > 1);
        all().nth(self.positionals.len()).or_else(|| all().last().filter(repeats))
    }

    /// The flags that may still be given: the long ones, and after a single hyphen the short ones too.
    fn flags(&self, current: &str) -> Vec<Value> {
        if current.len() > 1 && !current.starts_with("--") {
            return vec![Value::new(current, "")];
        }
        let repeats = |flag: &Arg| matches!(flag.get_action(), ArgAction::Count | ArgAction::Append);
        let is_given = |flag: &Arg| self.given.iter().any(|given| given.get_id() == flag.get_id());
        let mut found = Vec::new();
        for flag in self.command.get_arguments() {
            if flag.is_positional() || flag.is_hide_set() || (is_given(flag) && !repeats(flag)) {
                continue;
            }
            let help = values::first_sentence(flag.get_help());
            if let Some(short) = flag.get_short().filter(|_| current == "-") {
                found.push(Value::new(format!("-{short}"), help.clone()));
            }
            let longs = flag.get_long_and_visible_aliases().unwrap_or_default();
            found.extend(longs.iter().map(|long| Value::new(format!("--{long}"), help.clone())));
        }
        found
    }

    fn values_of(&self, arg: &Arg, prefix: String) -> Answer {
        if values::is_path(arg) {
            return Answer::Files { prefix };
        }
        let values = match arg.get_id().as_str() {
            // The argument of `cg-auth man`.
            "subcommand" => {
                let command = self
                    .positionals
                    .iter()
                    .try_fold(self.root, |command, word| command.find_subcommand(word));
                command.map(values::subcommands).unwrap_or_default()
            }
            "profile" => values::profiles(self.config.as_deref()),
            _ => values::of(arg),
        };
        Answer::Values { prefix, values }
    }

    /// The subcommand that `word` names, unless an argument precedes it.
    fn subcommand(&self, word: &str) -> Option<&'a Command> {
        self.command.find_subcommand(word).filter(|_| self.positionals.is_empty())
    }

    fn long(&self, name: &str) -> Option<&'a Arg> {
        self.command.get_arguments().find(|arg| {
            arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|all| all.contains(&name))
        })
    }

    fn short(&self, name: char) -> Option<&'a Arg> {
        self.command.get_arguments().find(|arg| {
            arg.get_short() == Some(name)
                || arg.get_all_short_aliases().is_some_and(|all| all.contains(&name))
        })
    }
}

const fn bare(values: Vec<Value>) -> Answer {
    Answer::Values { prefix: String::new(), values }
}

fn takes_value(flag: &Arg) -> bool {
    flag.get_num_args().is_some_and(|range| range.takes_values())
}

#[cfg(test)]
mod tests;
