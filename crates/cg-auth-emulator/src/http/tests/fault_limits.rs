//! How long a fault lasts at most, by a clock that stands still while there is something to do.

use std::time::Duration;

use tokio::{
    io::AsyncWriteExt,
    time::{Instant, timeout},
};

use super::*;
use crate::{
    Script,
    http::{
        connection::{LONGEST, PEER_TIMEOUT},
        raw_http2,
    },
};

#[tokio::test(start_paused = true)]
async fn a_fault_that_waits_for_the_peer_ends_after_ten_minutes() {
    for fault in [
        r#""never_answers""#,
        r#""stall_in_head""#,
        r#""stall_in_body""#,
        r#""lost_answer_stall""#,
        r#""extra_bytes""#,
        r#"{"name":"slow_head","interval_seconds":86400}"#,
        r#"{"name":"slow_body","interval_seconds":86400}"#,
    ] {
        for is_http2 in [false, true] {
            let lasted = lasted(fault, is_http2).await;
            assert!(
                lasted >= LONGEST && lasted < LONGEST + PEER_TIMEOUT * 3,
                "{fault} {is_http2} {lasted:?}"
            );
        }
    }
    assert_eq!(LONGEST, Duration::from_secs(10 * 60), "the README says ten minutes");
}

#[tokio::test(start_paused = true)]
async fn a_fault_ends_when_the_peer_does_not_read_for_ten_seconds() {
    for fault in [
        r#"{"name":"endless_headers","limit_bytes":1073741824}"#,
        r#"{"name":"informational_flood","count":10000000}"#,
    ] {
        for is_http2 in [false, true] {
            let lasted = lasted(fault, is_http2).await;
            assert!(lasted >= PEER_TIMEOUT && lasted < PEER_TIMEOUT * 3, "{fault} {is_http2} {lasted:?}");
        }
    }
    assert_eq!(PEER_TIMEOUT, Duration::from_secs(10), "the README says 10 s");
}

/// How long the emulator serves a client that sends a request and then neither reads nor closes.
async fn lasted(fault: &str, is_http2: bool) -> Duration {
    let state = Emulator::builder().state().unwrap();
    let script = format!(r#"{{"operation":"other","fault":{fault}}}"#);
    state.scripts.add(Script::from_json(script).unwrap()).unwrap();
    let (mut client, stream) = socket_pair().await;
    let request = if is_http2 {
        [raw_http2::preface(65_535), raw_http2::request_on(1)].concat()
    } else {
        b"GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()
    };
    client.write_all(&request).await.unwrap();
    let start = Instant::now();
    let served = timeout(LONGEST * 2, serve(stream, None, state.clone())).await;
    assert!(served.is_ok(), "{fault} never ends");
    drop(client);
    assert_eq!(state.scripts.len(), 0, "the request followed the script");
    start.elapsed()
}
