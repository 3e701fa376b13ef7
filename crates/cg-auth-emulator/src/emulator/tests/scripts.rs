//! Scripts over real sockets.

use cg_auth_core::CallErrorKind;

use super::*;

const OPERATION: Operation = Operation::GetDelegateAccessToken;

#[test]
fn the_next_requests_are_answered_as_the_script_says_and_then_in_truth() {
    let emulator = Emulator::start_blocking().unwrap();
    let script = emulator.next(OPERATION).times(2).answer(418, r#"{"tea":true}"#);
    for status in [418, 418, 200] {
        assert_eq!(raw_http::delegate(&emulator).0, status);
    }
    assert_eq!(script.hits(), 2);
    let scripted: Vec<_> = emulator.requests().iter().map(RecordedRequest::is_scripted).collect();
    assert_eq!(scripted, [true, true, false]);
}

#[tokio::test]
async fn a_refusal_reads_as_the_documented_error() {
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
fn the_script_that_was_written_first_wins() {
    let emulator = Emulator::start_blocking().unwrap();
    let _first = emulator.next(OPERATION).answer(500, "");
    let _second = emulator.next(OPERATION).always().answer(501, "");
    let _other = emulator.next(Operation::ProtectedResource).answer(502, "");
    assert_eq!([(); 3].map(|()| raw_http::delegate(&emulator).0), [500, 501, 501]);
}

#[test]
fn a_script_ends_with_its_guard_unless_it_is_kept() {
    let emulator = Emulator::start_blocking().unwrap();
    drop(emulator.next(OPERATION).answer(500, ""));
    assert_eq!(raw_http::delegate(&emulator).0, 200);
    emulator.next(OPERATION).answer(500, "").keep();
    assert_eq!([(); 2].map(|()| raw_http::delegate(&emulator).0), [500, 200]);
}

#[test]
fn a_delay_comes_before_the_truth_and_before_an_answer() {
    let emulator = Emulator::start_blocking().unwrap();
    let delay = Duration::from_millis(100);
    let _truth = emulator.next(OPERATION).delay(delay);
    let _answer = emulator.next(OPERATION).after(delay).answer(500, "");
    assert_eq!([(); 2].map(|()| raw_http::delegate(&emulator).0), [200, 500]);
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
fn a_response_is_sent_as_it_is() {
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
#[should_panic(expected = "99 is no status of an answer")]
fn a_status_that_cannot_be_sent_is_the_tests_own_mistake() {
    drop(SHARED.next(OPERATION).answer(99, ""));
}

#[test]
#[should_panic(expected = "101 is no status of an answer")]
fn a_response_whose_status_cannot_be_sent_is_the_tests_own_mistake() {
    drop(SHARED.next(OPERATION).answer_with(http::Response::builder().status(101).body("".into()).unwrap()));
}

#[test]
fn a_response_whose_framing_is_nonsense_is_framed_anew() {
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
fn an_answer_that_has_no_body_in_http_is_sent_without_one() {
    let emulator = Emulator::start_blocking().unwrap();
    for (status, is_head, length) in [(204, false, 0), (304, false, 0), (200, true, 0), (200, false, 1)] {
        let script = emulator.next(Operation::Other).answer(status, "x");
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
    raw_http::delegate(&emulator);
    assert!(emulator.requests()[0].elapsed().unwrap() >= part * 3);
}

#[test]
#[should_panic(expected = "there are 256 scripts already")]
fn a_script_too_many_is_the_tests_own_mistake() {
    let emulator = Emulator::start_blocking().unwrap();
    for _ in 0..257 {
        emulator.next(OPERATION).answer(500, "").keep();
    }
}

#[test]
fn debug_of_a_script_shows_nothing_of_its_answer_but_the_status() {
    let emulator = Emulator::start_blocking().unwrap();
    let response = http::Response::builder().status(418).header("set-cookie", "s3cret").body("s3cret".into());
    let script = emulator.next(OPERATION).answer_with(response.unwrap());
    let shown = format!("{script:?} {emulator:?}");
    assert!(shown.contains("418") && !shown.contains("s3cret") && !shown.contains("set-cookie"), "{shown}");
}
