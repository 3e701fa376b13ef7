//! The list of the cases against what it is a list of: the contract, the table of failures, and the README.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic in a test helper is a test failure

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use cg_auth_conformance::{Capability, Case, Clause, Level, cases, rows};

#[test]
fn every_rule_of_the_contract_has_a_case_and_every_case_a_rule() {
    let contract = read("../cg-auth-core/src/transport.rs");
    let numbers: BTreeSet<u8> = contract
        .lines()
        .filter_map(|line| line.strip_prefix("//! ")?.split_once(". **"))
        .map(|(number, _)| number.trim().parse().unwrap())
        .collect();
    let tried: BTreeSet<u8> = cases()
        .iter()
        .filter_map(|case| match case.clause {
            Clause::Rule(number) => Some(number),
            Clause::Row(_) => None,
        })
        .collect();
    assert!(numbers.len() >= 11, "the contract has another form: {numbers:?}");
    assert_eq!(tried, numbers);
}

#[test]
fn every_row_of_the_table_of_failures_has_one_case_named_after_it() {
    let table: Vec<_> = table().iter().map(|[failure, ..]| (failure.clone(), name_of(failure))).collect();
    let played: Vec<_> = cases()
        .iter()
        .filter_map(|case| match case.clause {
            Clause::Row(failure) => Some((failure.to_owned(), case.name.to_owned())),
            Clause::Rule(_) => None,
        })
        .collect();
    assert_eq!(played, table);
}

#[test]
fn every_row_says_what_the_table_of_failures_says() {
    const NOTHING: &str = "—";
    let known: Vec<_> = rows()
        .iter()
        .map(|row| {
            let cells = match row.error {
                Some(error) => [
                    format!("`{:?}`", error.kind),
                    if error.may_have_been_sent { "yes" } else { "no" }.to_owned(),
                    format!("`{:?}`", error.recovery),
                    error.says.unwrap_or(NOTHING).to_owned(),
                ],
                None => [NOTHING; 4].map(str::to_owned),
            };
            let [kind, sent, recovery, says] = cells;
            [row.failure.to_owned(), kind, sent, recovery, says]
        })
        .collect();
    assert_eq!(known, table());
}

#[test]
fn names_are_unique() {
    let names: BTreeSet<_> = cases().iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases().len());
}

/// `cargo test` shows the table that belongs into the README, should this fail.
#[test]
fn the_readme_has_a_table_of_all_cases() {
    let readme = read("README.md");
    let start = readme.find("| case |").expect("a table");
    let table = readme[start..].split("\n\n").next().unwrap();
    let mut expected = "| case | tries | level | needs |\n|---|---|---|---|".to_owned();
    for case in cases() {
        expected += &line_of(case);
    }
    assert!(table == expected, "the README needs this table:\n{expected}\n");
}

/// Each capability leaves some case out, and no more is left out than the README says.
#[test]
fn every_capability_but_advice_has_cases() {
    let mut needed: BTreeMap<Capability, usize> = BTreeMap::new();
    for capability in cases().iter().flat_map(|case| case.needs) {
        *needed.entry(*capability).or_default() += 1;
    }
    let needed: Vec<_> = needed.into_keys().collect();
    let all: Vec<_> = Capability::ALL.into_iter().filter(|one| *one != Capability::Advice).collect();
    assert_eq!(needed, all);
}

fn line_of(case: &Case) -> String {
    let level = match case.level {
        Level::Must => "must",
        Level::Should => "should",
    };
    let clause = match case.clause {
        Clause::Rule(number) => format!("rule {number}"),
        Clause::Row(failure) => failure.to_owned(),
    };
    let needs: Vec<_> = case.needs.iter().map(|need| format!("`{need}`")).collect();
    format!("\n| `{}` | {clause} | {level} | {} |", case.name, needs.join(", "))
}

/// The failure, as the name of a function.
fn name_of(failure: &str) -> String {
    let words = failure.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_").to_ascii_lowercase()
}

fn table() -> Vec<[String; 5]> {
    let text = read("../cg-auth-core/docs/failures.md");
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |line: &str| -> Vec<_> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(|line| cells(line).try_into().expect("five cells")).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
