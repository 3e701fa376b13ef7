//! Command lines of kinds that `cg-auth` may have one day, or has in one place only.

use clap::{Arg, ArgAction, Command, value_parser};

use super::*;

fn cli() -> Command {
    let path = Arg::new("file").long("file").short('f').value_parser(value_parser!(PathBuf));
    let color = Arg::new("color").long("color").value_parser(["red", "green"]);
    let level = Arg::new("level").short('l').long("level").num_args(0..=1).require_equals(true);
    let nested = Command::new("show")
        .arg(Arg::new("what").value_parser(["all", "one"]))
        .arg(Arg::new("names").num_args(0..).value_parser(["x", "y"]));
    let run = Command::new("run").arg(Arg::new("words").num_args(1..).trailing_var_arg(true));
    let mut cli = Command::new("root")
        .arg(Arg::new("quiet").short('q').long("quiet").global(true).action(ArgAction::SetTrue))
        .arg(color.global(true))
        .subcommand(Command::new("config").subcommand(nested).subcommand(Command::new("secret").hide(true)))
        .subcommand(Command::new("copy").arg(path).arg(level.value_parser(["low", "high"])))
        .subcommand(run);
    cli.build();
    cli
}

fn answer(words: &[&str], current: &str) -> Answer {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    complete(&cli(), &words, current)
}

/// The values with their prefix.
fn values(words: &[&str], current: &str) -> Vec<String> {
    match answer(words, current) {
        Answer::Values { prefix, values } => {
            values.iter().map(|value| format!("{prefix}{}", value.text)).collect()
        }
        answer => panic!("{words:?}: {answer:?}"),
    }
}

#[test]
fn nested_subcommands_are_listed_without_the_hidden_ones() {
    assert_eq!(values(&["config"], ""), ["show", "help"]);
    assert_eq!(values(&["-q", "config", "--color", "red"], ""), ["show", "help"]);
    assert_eq!(values(&["config", "help"], ""), ["show", "help"]);
}

#[test]
fn positional_arguments_follow_each_other_and_the_last_may_repeat() {
    assert_eq!(values(&["config", "show"], ""), ["all", "one"]);
    assert_eq!(values(&["config", "show", "all"], ""), ["x", "y"]);
    assert_eq!(values(&["config", "show", "all", "x", "y"], ""), ["x", "y"]);
    assert_eq!(values(&["config", "show", "--", "all"], ""), ["x", "y"]);
}

#[test]
fn a_global_flag_before_the_subcommand_is_not_offered_after_it() {
    let flags = values(&["--color=red", "copy"], "--");
    assert!(!flags.contains(&"--color".to_owned()) && flags.contains(&"--quiet".to_owned()), "{flags:?}");
}

#[test]
fn a_value_may_be_attached_to_its_flag() {
    assert_eq!(values(&["copy", "-q"], "--color=r"), ["--color=red", "--color=green"]);
    assert_eq!(answer(&["copy"], "--file="), Answer::Files { prefix: "--file=".into() });
    assert_eq!(answer(&["copy"], "-qfname"), Answer::Files { prefix: "-qf".into() });
    assert_eq!(answer(&["copy", "-qf"], "name"), Answer::Files { prefix: String::new() });
    assert_eq!(values(&["copy"], "-qf"), ["-qf"]);
}

#[test]
fn a_value_that_needs_an_equals_sign_is_not_the_next_word() {
    assert_eq!(values(&["copy"], "--level="), ["--level=low", "--level=high"]);
    assert!(values(&["copy", "--level"], "").contains(&"--file".to_owned()));
}

#[test]
fn the_words_of_another_program_are_left_to_it() {
    assert_eq!(answer(&["run"], ""), Answer::Command { at: 1 });
    assert_eq!(answer(&["-q", "run", "git"], "--f"), Answer::Command { at: 2 });
    assert_eq!(answer(&["run", "--", "git"], "--f"), Answer::Command { at: 2 });
}

#[test]
fn an_unknown_flag_or_word_ends_nothing() {
    assert_eq!(values(&["--nothing", "config", "-zz"], ""), ["show", "help"]);
    assert_eq!(values(&["nothing"], ""), ["--quiet", "--color", "--help"]);
}
