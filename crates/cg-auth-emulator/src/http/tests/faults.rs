//! Every named fault over real sockets: what a raw client receives over HTTP/1.1 and over HTTP/2, and how the
//! connection ends.

use std::collections::BTreeSet;

use cg_auth_core::time::Now;

use super::*;
use crate::{
    Emulator, NamedFault, Operation, Script,
    http::{
        raw_client::{Ended, RawClient, summary_of_http1, summary_of_http2, summary_of_stream},
        raw_http2,
    },
};

use Ended::{Closed, Cut, Open, Reset};

/// Makes one test for each named fault, and the list of their names.
macro_rules! played {
    ($($name:ident: $http1:literal $end1:ident, $http2:literal $end2:ident;)*) => {
        $(#[test]
        fn $name() {
            play(stringify!($name), ($http1, $end1), ($http2, $end2));
        })*

        const PLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

played! {
    close_before_answer: "" Closed, "" Closed;
    reset_before_answer: "" Reset, "" Reset;
    tls_cut_before_answer: "" Cut, "" Cut;
    close_in_head: "head 20" Closed, "cut 20" Closed;
    reset_in_head: "head 20" Reset, "cut 20" Reset;
    tls_cut_in_head: "head 20" Cut, "cut 20" Cut;
    close_in_body: "200 part 10" Closed, "HEADERS DATA 10" Closed;
    reset_in_body: "200 part 10" Reset, "HEADERS DATA 10" Reset;
    tls_cut_in_body: "200 part 10" Cut, "HEADERS DATA 10" Cut;
    close_after_answer: "404 whole" Closed, "HEADERS DATA+" Closed;
    reset_after_answer: "404 whole" Reset, "HEADERS DATA+" Reset;
    never_answers: "" Open, "" Open;
    stall_in_head: "head 20" Open, "cut 20" Open;
    stall_in_body: "200 part 10" Open, "HEADERS DATA 10" Open;
    lost_answer: "" Closed, "" Closed;
    lost_answer_reset: "" Reset, "" Reset;
    lost_answer_in_body: "404 part 10" Reset, "HEADERS DATA 10" Reset;
    lost_answer_stall: "" Open, "" Open;
    lost_answer_gateway: "504 whole" Open, "HEADERS DATA+" Open;
    truncated_body: "200 part 92" Closed, "HEADERS DATA+" Open;
    overlong_body: "200 surplus 10" Open, "HEADERS DATA+" Open;
    slow_head: "404 whole" Closed, "HEADERS DATA+ GOAWAY 0 after 1" Closed;
    slow_body: "404 whole" Closed, "HEADERS DATA+ GOAWAY 0 after 1" Closed;
    extra_bytes: "404 surplus 5" Open, "HEADERS DATA+ raw 5" Open;
    second_answer: "404 surplus 40" Open, "HEADERS DATA+ raw 40" Open;
    garbage_status_line: "raw 20" Closed, "raw 20" Closed;
    status_out_of_range: "raw 38" Closed, "raw 38" Closed;
    garbage_bytes: "raw 12" Closed, "raw 12" Closed;
    wrong_protocol: "raw 21" Closed, "raw 21" Closed;
    switching_protocols: "raw 69" Closed, "raw 69" Closed;
    endless_headers: "endless" Closed, "endless" Closed;
    early_hints: "1 x 103, 404 whole" Closed, "2 x HEADERS DATA+ GOAWAY 0 after 1" Closed;
    informational_flood: "100000 x 103, 200 whole" Closed, "endless DATA+ GOAWAY 0 after 1" Closed;
    goaway: "" Closed, "GOAWAY 0 after 0" Closed;
    goaway_enhance_your_calm: "" Closed, "GOAWAY 11 after 0 too_many_requests" Closed;
    goaway_lost_answer: "" Closed, "GOAWAY 2 after 2147483647" Closed;
    goaway_with_answer: "404 whole" Closed, "GOAWAY 0 after 1 HEADERS DATA+" Closed;
    rst_stream_refused: "" Reset, "RST 7" Open;
    rst_stream_internal: "" Reset, "RST 2" Open;
    rst_stream_cancel: "" Reset, "RST 8" Open;
    rst_stream_http_1_1_required: "" Reset, "RST 13" Open;
    rst_stream_in_body: "200 part 10" Reset, "HEADERS DATA 10 RST 2" Open;
    late: "404 whole" Open, "HEADERS DATA+" Open;
    late_answer: "404 whole" Open, "HEADERS DATA+" Open;
    too_many_requests: "429 whole" Open, "HEADERS DATA+" Open;
    unavailable: "503 whole" Open, "HEADERS DATA+" Open;
    unavailable_until: "503 whole" Open, "HEADERS DATA+" Open;
    endless_retry_after: "503 whole" Open, "HEADERS DATA+" Open;
    internal_error: "500 whole" Open, "HEADERS DATA+" Open;
    bad_gateway_page: "502 whole" Open, "HEADERS DATA+" Open;
    forbidden_page: "403 whole" Open, "HEADERS DATA+" Open;
    login_redirect: "302 whole" Open, "HEADERS+" Open;
    repeated_retry_after: "503 whole" Open, "HEADERS+" Open;
    no_content: "204 whole" Open, "HEADERS+" Open;
    empty_body: "200 whole" Open, "HEADERS+" Open;
    html_page: "200 whole" Open, "HEADERS DATA+" Open;
    half_json: "200 whole" Open, "HEADERS DATA+" Open;
    not_utf8: "200 whole" Open, "HEADERS DATA+" Open;
    unasked_gzip: "200 whole" Open, "HEADERS DATA+" Open;
    wrong_shape: "200 whole" Open, "HEADERS DATA+" Open;
    no_token: "200 whole" Open, "HEADERS DATA+" Open;
    refused_in_200: "200 whole" Open, "HEADERS DATA+" Open;
    flaky: "503 whole" Open, "HEADERS DATA+" Open;
}

/// Plays a fault over both protocols, with and without TLS.
fn play(name: &str, http1: (&str, Ended), http2: (&str, Ended)) {
    // The parameters that a test changes: no long pause, and no chance.
    let parameters = match name {
        "late" | "late_answer" => r#","delay_seconds":0.01"#,
        "flaky" => r#","probability":1"#,
        _ => "",
    };
    let script = format!(r#"{{"operation":"other","fault":"{name}"{parameters}}}"#);
    for tls in [false, true] {
        let builder = Emulator::builder();
        let emulator = if tls { builder.tls() } else { builder }.start_blocking().unwrap();
        for (is_http2, (expected, ended)) in [(false, http1), (true, http2)] {
            let script = Script::from_json(&script).unwrap();
            let Ok(guard) = emulator.add_script(script) else {
                assert!(ended == Cut && !tls, "{name}");
                continue;
            };
            let summary =
                |bytes: &[u8]| if is_http2 { summary_of_http2(bytes) } else { summary_of_http1(bytes) };
            let mut client = RawClient::get(&emulator, is_http2);
            let actual = if ended == Open {
                emulator.wait_for_blocking(Operation::Other, 1, LONG).unwrap();
                client.read_and_linger(|bytes| summary(bytes) == expected)
            } else {
                client.read_to_end()
            };
            assert_eq!(
                (&*summary(client.received()), actual),
                (expected, ended),
                "{name}, tls {tls}, http2 {is_http2}"
            );
            assert_eq!(guard.hits(), 1);
            drop((client, guard));

            // The emulator serves the next request.
            let mut next = RawClient::get(&emulator, is_http2);
            let served = if is_http2 { "HEADERS DATA+" } else { "404 whole" };
            next.read_and_linger(|bytes| summary(bytes) == served);
            assert_eq!(summary(next.received()), served, "{name}");
        }
    }
}

#[test]
fn every_named_fault_is_played() {
    let named: BTreeSet<_> = NamedFault::ALL.iter().map(|it| it.name).collect();
    assert_eq!(PLAYED.iter().copied().collect::<BTreeSet<_>>(), named);
}

#[test]
fn the_other_streams_of_a_connection_outlive_a_fault_of_one() {
    for name in
        ["never_answers", "stall_in_body", "truncated_body", "rst_stream_in_body", "rst_stream_refused"]
    {
        let emulator = Emulator::start_blocking().unwrap();
        let _script = add(&emulator, name);
        let mut client = RawClient::get(&emulator, true);
        client.read_and_linger(|_| !emulator.requests().is_empty());
        client.write(&raw_http2::request_on(3));
        client.read_and_linger(|bytes| summary_of_stream(bytes, 3) == "HEADERS DATA+");
        assert_eq!(summary_of_stream(client.received(), 3), "HEADERS DATA+", "{name}");
        assert_eq!(
            emulator.requests().iter().map(crate::RecordedRequest::connection).collect::<Vec<_>>(),
            [1, 1]
        );
    }
}

#[test]
fn a_drop_ends_every_request_on_an_http2_connection() {
    let emulator = Emulator::start_blocking().unwrap();
    let _late = emulator.next(Operation::Other).delay(LONG);
    let _drop = emulator.next(Operation::Other).drop_connection();
    let mut client = RawClient::get(&emulator, true);
    emulator.wait_for_blocking(Operation::Other, 1, LONG).unwrap();
    client.write(&raw_http2::request_on(3));
    assert_eq!(client.read_to_end(), Closed);
    assert_eq!(summary_of_http2(client.received()), "");
    let requests = emulator.requests();
    assert!(requests.len() == 2 && requests.iter().all(|request| request.status().is_none()));
}

#[test]
fn a_fault_begins_between_two_frames_of_another_stream() {
    // The first answer fills the window of the connection, so the fault's marker meets frames in flight.
    let emulator = Emulator::start_blocking().unwrap();
    let _long = emulator.next(Operation::Other).answer(200, "x".repeat(60_000));
    let _reset = add(&emulator, "rst_stream_in_body");
    let requests = [raw_http2::preface(65_535), raw_http2::request_on(1), raw_http2::request_on(3)].concat();
    let mut client = RawClient::send(&emulator, true, &requests);
    let is_complete = |bytes: &[u8]| {
        summary_of_stream(bytes, 1) == "HEADERS DATA+"
            && summary_of_stream(bytes, 3) == "HEADERS DATA 10 RST 2"
    };
    client.read_and_linger(is_complete);
    assert!(is_complete(client.received()), "{}", summary_of_http2(client.received()));
}

#[test]
fn no_fault_delays_a_shutdown() {
    for name in
        ["never_answers", "stall_in_head", "stall_in_body", "slow_head", "extra_bytes", "close_in_body"]
    {
        for is_http2 in [false, true] {
            let emulator = Emulator::start_blocking().unwrap();
            let script = format!(r#"{{"operation":"other","fault":"{name}"}}"#);
            let slow = script.replace(r#""slow_head""#, r#"{"name":"slow_head","interval_seconds":80000}"#);
            emulator.add_script(Script::from_json(slow).unwrap()).unwrap().keep();
            let client = RawClient::get(&emulator, is_http2);
            emulator.wait_for_blocking(Operation::Other, 1, LONG).unwrap();
            let start = Now::system();
            emulator.shutdown_blocking();
            // A request in flight would be waited for, for ten seconds.
            let taken = Now::system().saturating_since(start);
            assert!(taken < std::time::Duration::from_secs(8), "{name} {is_http2} {taken:?}");
            drop(client);
        }
    }
}

#[tokio::test]
async fn a_transport_reports_every_broken_answer_and_the_next_call_succeeds() {
    let emulator = Emulator::builder().tls().start().await.unwrap();
    let pem = emulator.ca_pem().unwrap().as_bytes();
    for is_http2 in [false, true] {
        let builder = HyperTransport::builder().extra_root_certificates_pem(pem).unwrap();
        let transport = builder.http2(if is_http2 { Http2::Negotiated } else { Http2::Off }).build().unwrap();
        let client = AuthClient::new(emulator.base_url().clone(), transport)
            .with_retry_policy(cg_auth_core::RetryPolicy::none());
        for fault in NamedFault::ALL {
            let name = fault.name;
            let waits = ["stall", "never"].iter().any(|it| name.contains(it));
            let script = format!(
                r#"{{"operation":"get_delegate_access_token","fault":"{name}","delay_seconds":0,"probability":1,"always":false}}"#
            );
            let _script = emulator.add_script(Script::from_json(script).unwrap()).unwrap();
            let timeout = if waits { std::time::Duration::from_millis(300) } else { LONG };
            let hasty = client.clone().with_timeout(timeout);
            let result = hasty.get_delegate_access_token(emulator.credential()).await;
            let whole = ["after_answer", "slow_", "early_hints", "goaway_with_answer", "late"];
            let may_be_whole = ["extra_bytes", "second_answer", "reset_after_answer"];
            if may_be_whole.contains(&name) {
            } else if (whole.iter().any(|it| name.contains(it)) || name == "late_answer")
                && !name.contains("lost")
            {
                assert!(result.is_ok(), "{name} http2 {is_http2}: {result:?}");
            } else {
                assert!(result.is_err(), "{name} http2 {is_http2}");
            }
            drop(_script);
            let next =
                client.clone().with_timeout(LONG).with_retry_policy(cg_auth_core::RetryPolicy::default());
            let next = next.get_delegate_access_token(emulator.credential()).await;
            assert!(next.is_ok(), "{name} http2 {is_http2}: {next:?}");
        }
    }
}

fn add(emulator: &Emulator, name: &str) -> crate::ScriptGuard {
    let script = format!(r#"{{"operation":"other","fault":"{name}"}}"#);
    emulator.add_script(Script::from_json(script).unwrap()).unwrap()
}
