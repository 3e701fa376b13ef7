//! Scripts over real sockets.

use cg_auth_core::CallErrorKind;

use super::*;
use crate::Fault;

const OPERATION: Operation = Operation::GetDelegateAccessToken;

#[test]
fn a_script_answers_the_next_requests_and_then_the_service_answers() {
    let emulator = Emulator::start_blocking().unwrap();
    let script = emulator.next(OPERATION).times(2).answer(418, r#"{"tea":true}"#);
    for status in [418, 418, 200] {
        assert_eq!(delegate(&emulator).0, status);
    }
    assert_eq!(script.hits(), 2);
    let scripted: Vec<_> = emulator.requests().iter().map(RecordedRequest::is_scripted).collect();
    assert_eq!(scripted, [true, true, false]);
}

#[tokio::test]
async fn a_scripted_refusal_is_a_documented_error() {
    let emulator = Emulator::start().await.unwrap();
    let _busy = emulator.next(OPERATION).retry_after(Duration::from_millis(1500)).refuse(503);
    let client = AuthClient::new(emulator.base_url().clone(), HyperTransport::new().unwrap())
        .with_retry_policy(RetryPolicy::none());
    let error = client.get_delegate_access_token(emulator.credential()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (CallErrorKind::Api, Some("Scripted")));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    assert!(client.get_delegate_access_token(emulator.credential()).await.is_ok());
}

#[test]
fn scripts_apply_in_the_order_in_which_they_were_written() {
    let emulator = Emulator::start_blocking().unwrap();
    let _first = emulator.next(OPERATION).answer(500, "");
    let _second = emulator.next(OPERATION).always().answer(501, "");
    let _other = emulator.next(Operation::ProtectedResource).answer(502, "");
    assert_eq!([(); 3].map(|()| delegate(&emulator).0), [500, 501, 501]);
}

#[test]
fn dropping_the_guard_removes_its_script_unless_it_is_kept() {
    let emulator = Emulator::start_blocking().unwrap();
    drop(emulator.next(OPERATION).answer(500, ""));
    assert_eq!(delegate(&emulator).0, 200);
    emulator.next(OPERATION).answer(500, "").keep();
    assert_eq!([(); 2].map(|()| delegate(&emulator).0), [500, 200]);
}

#[test]
fn a_delay_precedes_the_services_answer_and_a_scripted_one() {
    let emulator = Emulator::start_blocking().unwrap();
    let delay = Duration::from_millis(100);
    let _passthrough = emulator.next(OPERATION).delay(delay);
    let _answer = emulator.next(OPERATION).after(delay).answer(500, "");
    assert_eq!([(); 2].map(|()| delegate(&emulator).0), [200, 500]);
    assert!(emulator.requests().iter().all(|request| request.elapsed().unwrap() >= delay));
}

#[tokio::test]
async fn a_dropped_connection_is_closed_without_an_answer() {
    let emulator = Emulator::builder().tls().start().await.unwrap();
    let pem = emulator.ca_pem().unwrap().as_bytes();
    let tls = HyperTransport::builder().extra_root_certificates_pem(pem).unwrap().build().unwrap();
    let plain = Emulator::start().await.unwrap();
    let http2 = HyperTransport::builder().http2(Http2::PriorKnowledge).build().unwrap();
    for (emulator, transport) in [(&emulator, tls), (&plain, HyperTransport::new().unwrap()), (&plain, http2)]
    {
        let client =
            AuthClient::new(emulator.base_url().clone(), transport).with_retry_policy(RetryPolicy::none());
        let script = emulator.next(OPERATION).drop_connection();
        let error = client.get_delegate_access_token(emulator.credential()).await.unwrap_err();
        assert_eq!((error.kind(), error.status(), script.hits()), (CallErrorKind::Transport, None, 1));
        assert_eq!(emulator.requests().last().unwrap().status(), None);
        assert!(client.get_delegate_access_token(emulator.credential()).await.is_ok());
        let connections: Vec<_> = emulator.requests().iter().map(RecordedRequest::connection).collect();
        let [.., dropped, next] = connections[..] else { panic!("{connections:?}") };
        assert_ne!(dropped, next);
    }
    let script = plain.next(Operation::ProtectedResource).drop_connection();
    assert_eq!(raw_http::exchange(plain.address(), "GET /me HTTP/1.1\r\n\r\n"), "");
    drop(script);
}

#[test]
fn a_scripted_response_is_sent_with_its_status_headers_and_body() {
    let emulator = Emulator::start_blocking().unwrap();
    let response =
        http::Response::builder().status(307).header("location", "http://localhost:1/").body("x".into());
    let _script = emulator.next(Operation::Other).answer_with(response.unwrap());
    let answer = raw_http::exchange(emulator.address(), "GET /x HTTP/1.1\r\nconnection: close\r\n\r\n");
    assert!(
        answer.starts_with("HTTP/1.1 307") && answer.contains("location: http://localhost:1/"),
        "{answer}"
    );
    assert!(answer.contains("\r\ndate: ") && answer.ends_with("\r\n\r\nx"), "{answer}");
}

#[test]
#[should_panic(expected = "the status 99 is not a final status")]
fn a_status_below_200_panics() {
    drop(SHARED.next(OPERATION).answer(99, ""));
}

#[test]
#[should_panic(expected = "the status 101 is not a final status")]
fn a_response_with_an_informational_status_panics() {
    drop(SHARED.next(OPERATION).answer_with(http::Response::builder().status(101).body("".into()).unwrap()));
}

#[test]
fn framing_headers_of_a_scripted_response_are_replaced() {
    let emulator = Emulator::start_blocking().unwrap();
    for version in [http::Version::HTTP_09, http::Version::HTTP_2, http::Version::HTTP_3] {
        let response = http::Response::builder()
            .version(version)
            .header("content-length", "9")
            .header("transfer-encoding", "chunked")
            .header("connection", "upgrade")
            .body("x".into());
        let _script = emulator.next(Operation::Other).answer_with(response.unwrap());
        let answer = raw_http::exchange(emulator.address(), "GET /x HTTP/1.1\r\nconnection: close\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nx"), "{answer}");
        assert!(answer.contains("content-length: 1\r\n") && !answer.contains("chunked"), "{answer}");
    }
}

#[test]
fn no_body_is_sent_with_204_or_304_or_to_head() {
    let emulator = Emulator::start_blocking().unwrap();
    for (status, is_head, length) in [(204, false, 0), (304, false, 0), (200, true, 0), (200, false, 1)] {
        let body = if status == 200 { "x" } else { "" };
        let script = emulator.next(Operation::Other).answer(status, body);
        let mut stream = std::net::TcpStream::connect(emulator.address()).unwrap();
        let request = [raw_http2::preface(9), raw_http2::request(is_head)].concat();
        std::io::Write::write_all(&mut stream, &request).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut received = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut received);
        assert_eq!(raw_http2::body_length(&received), (length, true), "{status}");
        assert_eq!(script.hits(), 1);
    }
}

#[test]
fn delays_add_up() {
    let emulator = Emulator::start_blocking().unwrap();
    let part = Duration::from_millis(100);
    let _script = emulator.next(OPERATION).after(part).after(part).delay(part);
    delegate(&emulator);
    assert!(emulator.requests()[0].elapsed().unwrap() >= part * 3);
}

#[test]
#[should_panic(expected = "256 scripts are active")]
fn one_script_more_than_256_panics() {
    let emulator = Emulator::start_blocking().unwrap();
    for _ in 0..257 {
        emulator.next(OPERATION).answer(500, "").keep();
    }
}

#[test]
fn debug_of_a_script_shows_only_the_status_of_its_answer() {
    let emulator = Emulator::start_blocking().unwrap();
    let response = http::Response::builder().status(418).header("set-cookie", "s3cret").body("s3cret".into());
    let script = emulator.next(OPERATION).answer_with(response.unwrap());
    let shown = format!("{script:?} {emulator:?}");
    assert!(shown.contains("418") && !shown.contains("s3cret") && !shown.contains("set-cookie"), "{shown}");
}

#[test]
fn a_script_of_the_builder_that_can_never_apply_or_loses_a_part_panics_with_the_reason() {
    type Make = fn(ScriptBuilder) -> ScriptGuard;
    let cases: [(Make, &str); 15] = [
        (|it| it.times(0).refuse(500), "`times` is 0; it must be a whole number of at least 1"),
        (|it| it.probability(0.0).refuse(500), "`probability` is out of range; it must be a number greater"),
        (|it| it.probability(f64::NAN).refuse(500), "`probability` is out of range"),
        (|it| it.probability(1.1).refuse(500), "`probability` is out of range"),
        (|it| it.for_user("").refuse(500), "`match.user` is an empty string"),
        (|it| it.delay(Duration::from_secs(86_401)), "`delay_seconds` is longer than a day"),
        (|it| it.answer(204, "x"), "`answer.body` cannot be sent with the status 204, 205 or 304"),
        (|it| it.answer(205, "x"), "`answer.body` cannot be sent with the status 204, 205 or 304"),
        (|it| it.answer(304, "x"), "`answer.body` cannot be sent with the status 204, 205 or 304"),
        (
            |it| it.retry_after(Duration::ZERO).delay(Duration::ZERO),
            "`retry_after_seconds` needs an `answer`",
        ),
        (|it| it.retry_after(Duration::ZERO).drop_connection(), "`retry_after_seconds` needs an `answer`"),
        (|it| it.with_fault(Fault::DROP).answer(200, "x"), "`fault` sends nothing of the answer"),
        (|it| it.with_fault(Fault::DROP).never_answer(), "`with_fault` gives a fault already"),
        (|it| it.with_fault(Fault::Overlong { surplus: 1 }).answer(200, ""), "`fault` disturbs the body"),
        (
            |it| {
                let answer = http::Response::builder().header("retry-after", "1").body("".into()).unwrap();
                it.retry_after(Duration::ZERO).answer_with(answer)
            },
            "`answer.retry_after_seconds` cannot stand beside the header Retry-After",
        ),
    ];
    let emulator = Emulator::start_blocking().unwrap();
    for (make, reason) in cases {
        let script = std::panic::AssertUnwindSafe(emulator.next(OPERATION));
        let panic = std::panic::catch_unwind(|| drop(make({ script }.0))).unwrap_err();
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default();
        assert!(message.starts_with(reason), "{message}");
    }
    assert_eq!(emulator.active_scripts(), 0);
    // A delay of zero lets requests pass to the service, and counts them.
    let pass = emulator.next(OPERATION).times(2).delay(Duration::ZERO);
    let _third = emulator.next(OPERATION).refuse(503);
    assert_eq!([(); 4].map(|()| delegate(&emulator).0), [200, 200, 503, 200]);
    assert_eq!(pass.hits(), 2);
}
