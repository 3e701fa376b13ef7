//! Which figures the charts of the README show.

use crate::{
    chart::{Chart, Group},
    subject::Subject,
    table::Row,
};

/// The name of each chart's file, and the chart.
pub fn charts(rows: &[Row]) -> Vec<(&'static str, String)> {
    let mut charts = Vec::new();
    for (file, title, scale, keys, series) in [
        (
            "hit.svg",
            "A cached token: the time of a hit",
            "as a share of the floor's, an ArcSwap and a clock; less is better",
            &["hit", "header", "hit, 64 tasks"][..],
            &["the token, one thread", "the header, one thread", "the token, 64 tasks"][..],
        ),
        (
            "herd.svg",
            "A herd of 10,000 callers: the requests that it causes",
            "and after them when the last caller is served, in the time of an answer; less is better",
            &["herd, expired", "herd, early", "herd, short-lived", "herd, failing"],
            &["the token has expired", "it is due and valid", "new ones live for 4 s", "the service is down"],
        ),
        (
            "tail.svg",
            "A hit while the token is renewed once a second: the 99.9th percentile",
            "as a share of the floor's; less is better",
            &["turnover"],
            &["p99.9"],
        ),
    ] {
        let rows: Vec<&Row> = keys.iter().filter_map(|key| rows.iter().find(|row| row.key == *key)).collect();
        if rows.len() == keys.len() {
            charts.push((file, Chart { title, scale, series, groups: groups(&rows) }.svg()));
        }
    }
    charts
}

fn groups(rows: &[&Row]) -> Vec<Group> {
    let has_figure = |subject: &Subject| rows.iter().any(|row| row.figures.contains_key(subject));
    Subject::ALL
        .into_iter()
        .filter(has_figure)
        .map(|subject| Group {
            label: subject.name().to_owned(),
            is_ours: subject == Subject::CgAuth,
            bars: rows
                .iter()
                .map(|row| row.figures.get(&subject).map(|figure| (figure.value, figure.text.clone())))
                .collect(),
        })
        .collect()
}
