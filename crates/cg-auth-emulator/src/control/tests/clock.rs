//! The clock over HTTP.

use super::*;

#[test]
fn the_clock_is_set_frozen_advanced_and_thawed() {
    let emulator = Emulator::start_blocking().unwrap();
    let post = |body| ask(&emulator, "POST /_emulator/clock", body);
    let (status, set) = post(r#"{"set":"2031-05-06T07:08:09.5Z","frozen":true}"#);
    assert_eq!(
        (status, set),
        (200, json!({ "now": "2031-05-06T07:08:09.500Z", "now_epoch": 1_935_817_689, "frozen": true }))
    );
    assert_eq!(post(r#"{"advance_seconds":0.5}"#).1["now"], "2031-05-06T07:08:10.000Z");
    assert_eq!(post(r#"{"set":86400}"#).1["now"], "1970-01-02T00:00:00.000Z");
    assert_eq!(ask(&emulator, "GET /_emulator/clock", "").1["frozen"], true);
    let (_, thawed) = post(r#"{"frozen":false}"#);
    assert_eq!(
        (&thawed["frozen"], thawed["now_epoch"].as_u64().map(|at| at < 90_000)),
        (&json!(false), Some(true))
    );
}

#[test]
fn a_manual_clock_cannot_run() {
    let clock = cg_auth_core::testing::ManualClock::new();
    let emulator = Emulator::builder().clock(clock).start_blocking().unwrap();
    let (status, error) = ask(&emulator, "POST /_emulator/clock", r#"{"frozen":false,"set":0}"#);
    assert_eq!((status, &error["error"]["code"]), (409, &json!("ManualClock")));
    let (_, shown) = ask(&emulator, "POST /_emulator/clock", r#"{"frozen":true}"#);
    assert_eq!(
        shown,
        json!({ "now": "2030-01-01T00:00:00.000Z", "now_epoch": 1_893_456_000, "frozen": true })
    );
}

#[test]
fn a_reset_returns_to_the_builders_time() {
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(86_400);
    let emulator = Emulator::builder().now(at).frozen(true).start_blocking().unwrap();
    assert_eq!((emulator.clock().now().wall(), emulator.clock().is_frozen()), (at, true));
    ask(&emulator, "POST /_emulator/clock", r#"{"frozen":false,"advance_seconds":9}"#);
    assert_eq!(ask(&emulator, "POST /_emulator/reset/clock", "").0, 204);
    assert_eq!((emulator.clock().now().wall(), emulator.clock().is_frozen()), (at, true));

    let before = std::time::UNIX_EPOCH - std::time::Duration::from_secs(1);
    let error = Emulator::builder().now(before).start_blocking().unwrap_err();
    assert_eq!(error.to_string(), "the emulator's clock cannot start at that time");
}
