//! [`confirm`]: asks before something is deleted.

use std::io;

use crate::{blocking::blocking, console::Console, failure::Failure, output};

/// Refuses to ask where there is no terminal. `is_confirmed` is `--yes`.
pub(super) fn check(subcommand: &'static str, is_confirmed: bool, console: &Console) -> Result<(), Failure> {
    let problem = "no terminal to confirm on; pass --yes";
    match is_confirmed || console.can_prompt() {
        true => Ok(()),
        false => Err(Failure::Usage { subcommand, problem }),
    }
}

/// Asks `question`, and fails unless the answer is yes.
pub(super) async fn confirm(question: &str) -> Result<(), Failure> {
    output::to_stderr(&format!("{} [y/N] ", output::escaped(question)));
    let answer = blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    match answer.await {
        Ok(line) if is_yes(&line) => Ok(()),
        _ => Err(Failure::Declined),
    }
}

fn is_yes(line: &str) -> bool {
    let word = line.trim();
    word.eq_ignore_ascii_case("y") || word.eq_ignore_ascii_case("yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_y_and_yes_confirm() {
        assert!(["y\n", "Yes\r\n", " y \n"].into_iter().all(is_yes));
        assert!(!["", "\n", "n\n", "yess\n", "да\n"].into_iter().any(is_yes));
    }
}
