//! The Markdown: the table of goals, and the tables of all figures.

use std::fmt::Write;

use crate::{
    goals::Goal,
    herds,
    subject::{MISSING, Subject},
    table::Row,
};

pub fn goals(goals: &[Goal]) -> String {
    let mut page = String::from(
        "| what | floor | stands at | best peer | to reach | reached |\n|---|---|---|---|---|---|\n",
    );
    for goal in goals {
        let reached = if goal.is_met { "yes" } else { "no" };
        let Goal { what, floor, stands_at, best_peer, to_reach, .. } = goal;
        writeln!(page, "| {what} | {floor} | {stands_at} | {best_peer} | {to_reach} | {reached} |").unwrap();
    }
    let missed: Vec<_> = goals.iter().filter(|goal| !goal.is_met && !goal.reason.is_empty()).collect();
    if !missed.is_empty() {
        page.push_str("\nWhy a figure is missed:\n\n");
    }
    for goal in missed {
        writeln!(page, "- {}: {}", goal.what, goal.reason).unwrap();
    }
    page
}

/// All figures, with a table for each kind of row.
pub fn figures(rows: &[Row]) -> String {
    let mut page = String::new();
    for (title, groups, keys_of_herds) in [
        (
            "Cached tokens: the time of a hit as a share of the floor's, and its allocations.",
            &["cache", "pool"][..],
            false,
        ),
        (
            "Requests and answers: the time as a share of the floor's, and the allocations.",
            &["sans-io", "call"][..],
            false,
        ),
        (
            "Calls over loopback: the rate as a share of the floor's, and the processor time beside it.",
            &["loopback"][..],
            false,
        ),
        (HERDS, &["cache"][..], true),
        (
            "A herd of 10,000 on an expired token, from the first caller to the last: the time as a share of the floor's.",
            &["herd"][..],
            false,
        ),
    ] {
        let of_group =
            |row: &&Row| groups.contains(&row.group) && row.key.starts_with("herd, ") == keys_of_herds;
        let rows: Vec<&Row> = rows.iter().filter(of_group).collect();
        if !rows.is_empty() {
            write!(page, "{title}\n\n{}\n", table(&rows)).unwrap();
        }
    }
    page
}

fn table(rows: &[&Row]) -> String {
    let subjects: Vec<Subject> = Subject::ALL
        .into_iter()
        .filter(|subject| rows.iter().any(|row| row.figures.contains_key(subject)))
        .collect();
    let mut page = String::from("| |");
    subjects.iter().for_each(|subject| write!(page, " {} |", subject.name()).unwrap());
    page.push_str("\n|---|");
    subjects.iter().for_each(|_| page.push_str("---|"));
    page.push('\n');
    let mut reasons: Vec<String> = Vec::new();
    for row in rows {
        write!(page, "| {} |", row.what).unwrap();
        for subject in &subjects {
            match row.figures.get(subject) {
                Some(figure) => write!(page, " {} |", figure.text).unwrap(),
                None => write!(page, " – {}|", mark(&mut reasons, *subject, row.group)).unwrap(),
            }
        }
        page.push('\n');
    }
    if !reasons.is_empty() {
        page.push('\n');
    }
    for (number, reason) in reasons.iter().enumerate() {
        writeln!(page, "- {} {reason}.", MARKS[number]).unwrap();
    }
    page
}

/// The mark of the reason why `subject` has no figure in a row of `group`.
fn mark(reasons: &mut Vec<String>, subject: Subject, group: &str) -> String {
    let reason =
        MISSING.iter().find(|(subjects, of_group, _)| subjects.contains(&subject) && *of_group == group);
    let Some((_, _, reason)) = reason else { return String::new() };
    let number = reasons.iter().position(|known| known == reason).unwrap_or_else(|| {
        reasons.push((*reason).to_owned());
        reasons.len() - 1
    });
    format!("{} ", MARKS[number])
}

const HERDS: &str = "Herds of 10,000 callers, whose service takes 20 ms for an answer: the requests that they cause, and when \
the last caller is served, in answers. After three seconds the herd is sent away.";
const MARKS: [&str; 9] = ["ᵃ", "ᵇ", "ᶜ", "ᵈ", "ᵉ", "ᶠ", "ᵍ", "ʰ", "ⁱ"];
const _: () =
    assert!(herds::CALLERS == 10_000 && herds::ANSWER.as_millis() == 20 && herds::LONGEST.as_secs() == 3);
