//! Settings, state, metrics, and what errors say.

use super::*;
use crate::metrics::METRICS;

#[test]
fn every_setting_changes_while_the_emulator_runs_and_a_reset_restores_it() {
    let emulator =
        Emulator::builder().token_lifetime(std::time::Duration::from_secs(50)).start_blocking().unwrap();
    let (_, before) = ask(&emulator, "GET /_emulator/settings", "");
    assert_eq!(before["token_lifetime_seconds"], 50);
    let other = json!({
        "token_lifetime_seconds": 7200, "refresh_token_lifetime_seconds": 9, "duration_unit": "minutes",
        "refresh_rotation": "keep", "reuse_detection": true, "token_cache": false,
        "key_header_policy": "either", "contract": "pascal_case", "refusals": "is_success_false",
    });
    let (status, changed) = ask(&emulator, "PATCH /_emulator/settings", &other.to_string());
    assert_eq!((status, &changed), (200, &other));
    assert_eq!(ask(&emulator, "GET /_emulator/settings", "").1, other);
    let (_, issued) = delegate(&emulator);
    assert_eq!(issued["Value"]["Duration"], 120);
    assert_eq!(emulator.settings().refresh_token_lifetime, Some(std::time::Duration::from_secs(9)));

    let (status, _) = ask(&emulator, "PATCH /_emulator/settings", r#"{"token_cache":true,"refusals":1}"#);
    assert_eq!((status, emulator.settings().token_cache), (400, false), "all or nothing");
    ask(&emulator, "PATCH /_emulator/settings", r#"{"contract":null,"refresh_token_lifetime_seconds":null}"#);
    assert_eq!((emulator.settings().contract, emulator.settings().refresh_token_lifetime), (None, None));
    let mut settings = emulator.settings();
    settings.token_cache = true;
    emulator.set_settings(settings);
    assert_eq!(ask(&emulator, "GET /_emulator/settings", "").1["token_cache"], true);
    assert_eq!(ask(&emulator, "POST /_emulator/reset/settings", "").0, 204);
    assert_eq!(ask(&emulator, "GET /_emulator/settings", "").1, before);
}

#[test]
fn the_state_counts_what_the_emulator_keeps() {
    let emulator = Emulator::builder().frozen(true).start_blocking().unwrap();
    delegate(&emulator);
    delegate(&emulator);
    emulator.next(crate::Operation::Other).always().answer(200, "").keep();
    let (status, state) = ask(&emulator, "GET /_emulator/state", "");
    assert_eq!(status, 200);
    assert_eq!(state["tokens"], json!({ "issued": 1, "refresh_tokens": 1, "cached_tokens": 1 }));
    assert_eq!(state["users"], json!({ "total": 2, "enabled": 2, "administrators": 1 }));
    assert_eq!((&state["scripts"], &state["requests"]["kept"]), (&json!(1), &json!(2)));
    assert_eq!(state["settings"], ask(&emulator, "GET /_emulator/settings", "").1);
    emulator.clock().advance(std::time::Duration::from_secs(3600));
    assert_eq!((emulator.token_counts().cached_tokens, emulator.token_counts().refresh_tokens), (0, 1));
    ask(&emulator, "POST /_emulator/reset", "");
    assert_eq!(ask(&emulator, "GET /_emulator/state", "").1["tokens"]["issued"], 0);
}

#[test]
fn metrics_are_prometheus_text_with_one_help_and_type_for_each() {
    let emulator = Emulator::builder().frozen(true).start_blocking().unwrap();
    delegate(&emulator);
    let answer = raw_http::exchange(
        emulator.address(),
        "GET /_emulator/metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    );
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    assert_eq!(text, emulator.metrics());
    assert!(
        text.contains("\ncg_auth_emulator_requests_total{operation=\"get_delegate_access_token\"} 1\n"),
        "{text}"
    );
    assert!(text.contains("\ncg_auth_emulator_clock_frozen 1\n"));
    for metric in METRICS {
        assert_eq!(text.matches(&format!("# TYPE {} {}\n", metric.name, metric.kind)).count(), 1);
        assert_eq!(text.matches(&format!("# HELP {} {}\n", metric.name, metric.help)).count(), 1);
        assert_eq!(metric.kind == "counter", metric.name.ends_with("_total"), "{}", metric.name);
        let row = format!("| `{}` | {} | {} |", metric.name, metric.kind, metric.help);
        assert!(include_str!("../../../README.md").contains(&row), "the README lacks {row}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(
            value.parse::<f64>().is_ok() && METRICS.iter().any(|it| name.split('{').next() == Some(it.name))
        );
    }
}
