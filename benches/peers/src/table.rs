//! [`Row`]: the figures of all subjects for one question.

use std::collections::BTreeMap;

use crate::subject::Subject;

/// One figure, and how a table shows it.
#[derive(Debug, Clone)]
pub struct Figure {
    pub value: f64,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct Row {
    /// What other parts of the program know the row by.
    pub key: &'static str,
    /// Why peers have no figure in it: a group of [`MISSING`](crate::subject::MISSING).
    pub group: &'static str,
    pub what: String,
    pub figures: BTreeMap<Subject, Figure>,
}

impl Row {
    pub fn new(key: &'static str, group: &'static str, what: impl Into<String>) -> Self {
        Self { key, group, what: what.into(), figures: BTreeMap::new() }
    }

    /// The row of a contest: shares of the floor.
    pub fn of_shares(
        key: &'static str,
        group: &'static str,
        what: impl Into<String>,
        shares: Vec<(String, [f64; 3])>,
    ) -> Self {
        let mut row = Self::new(key, group, what);
        for (name, [_, median, _]) in shares {
            row.set(Subject::named(&name).unwrap(), median, rounded(median));
        }
        row
    }

    pub fn set(&mut self, subject: Subject, value: f64, text: impl Into<String>) {
        self.figures.insert(subject, Figure { value, text: text.into() });
    }

    /// The peer with the least figure, or with the greatest.
    pub fn best_peer(&self, least: bool) -> Option<(Subject, &Figure)> {
        let order = |figure: &Figure| if least { figure.value } else { -figure.value };
        let peers = self.figures.iter().filter(|(subject, _)| subject.is_peer());
        let best = peers.min_by(|a, b| order(a.1).total_cmp(&order(b.1)))?;
        Some((*best.0, best.1))
    }
}

/// Three digits that count.
pub fn rounded(value: f64) -> String {
    match value {
        value if value < 9.995 => format!("{value:.2}"),
        value if value < 99.95 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
