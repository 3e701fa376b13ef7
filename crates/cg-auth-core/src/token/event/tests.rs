use std::collections::BTreeMap;

/// The rows of the table of levels, names and fields: the name of each event with the text of its fields.
fn events() -> BTreeMap<&'static str, &'static str> {
    let source = include_str!("../event.rs");
    let (_, table) = source.split_once("macro_rules! with_table").unwrap();
    let (table, _) = table.split_once("\n}\n").unwrap();
    let rows = table.split("Event::").skip(1);
    rows.map(|row| {
        let (_, row) = row.split_once("$macro!(").unwrap();
        let (_, row) = row.split_once('"').unwrap();
        row.split_once('"').unwrap()
    })
    .collect()
}

struct Row {
    instrument: &'static str,
    attributes: Vec<&'static str>,
    source: &'static str,
}

fn code(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split('`').skip(1).step_by(2)
}

fn rows() -> Vec<Row> {
    let page = include_str!("../../../docs/guides/metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").collect();
        let [instrument, kind, unit, attributes, source] = cells[..] else { panic!("{line}") };
        assert!(["histogram", "counter", "gauge"].contains(&kind), "{line}");
        assert!(code(unit).count() == 1, "{line}");
        let instrument = code(instrument).next().unwrap();
        let attributes = attributes.split(':').next().unwrap();
        Row { instrument, attributes: code(attributes).collect(), source }
    })
    .collect()
}

#[test]
fn the_guide_to_metrics_records_every_event_and_no_other() {
    let events = events();
    assert!(events.len() > 8, "{events:?}");
    let named = |row: &Row| code(row.source).filter(|word| events.contains_key(word)).collect::<Vec<_>>();
    let mut recorded: Vec<_> = rows().iter().flat_map(named).collect();
    recorded.sort_unstable();
    recorded.dedup();
    assert_eq!(recorded, events.keys().copied().collect::<Vec<_>>());
    for row in rows() {
        let names: Vec<_> = code(row.source).filter(|word| !word.contains("::")).collect();
        let fields: Vec<_> = names.iter().filter(|name| !events.contains_key(*name)).copied().collect();
        let from = named(&row);
        assert!(from.is_empty() || fields.len() <= 1, "{}: {names:?} are no events", row.instrument);
        for event in &from {
            assert!(fields.iter().all(|field| has_field(&events, event, field)), "{event} {fields:?}");
        }
    }
}

#[test]
fn the_attributes_in_the_guide_to_metrics_are_fields_of_the_events() {
    let events = events();
    for Row { instrument, attributes, source } in rows() {
        assert!(!attributes.contains(&"user"), "{instrument}");
        let from: Vec<_> = code(source).filter(|word| events.contains_key(word)).collect();
        for attribute in attributes.iter().filter(|name| **name != "event" && !from.is_empty()) {
            assert!(
                from.iter().any(|event| has_field(&events, event, attribute)),
                "{instrument}: no event has the field {attribute}"
            );
        }
    }
}

fn has_field(events: &BTreeMap<&str, &str>, event: &str, field: &str) -> bool {
    events[event].contains(&format!(" {field}: "))
}
