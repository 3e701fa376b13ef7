//! Answers that ureq reads otherwise than the contract says, or without a limit.

use cg_auth_ureq::{Http2, TransportErrorKind, TransportSettings, UreqTransport, cause_chain};

use crate::{
    server::{Connection, Server, exchange, ok, transport},
    threads::alone,
};

/// The body of the answer, or the kind of the error.
fn outcome(play: impl FnOnce(&Server) -> Option<Connection> + Send) -> Result<String, TransportErrorKind> {
    let server = Server::bind();
    let transport = transport(TransportSettings::new());
    let (result, _held) = exchange(&transport, &server, play);
    match result {
        Ok(response) => Ok(String::from_utf8(response.body().as_bytes().to_vec()).unwrap()),
        Err(error) => {
            assert!(error.may_have_been_sent(), "{error:?}");
            Err(error.kind())
        }
    }
}

/// ureq refuses a `100 Continue` with headers.
#[test]
fn interim_answers_are_skipped_with_and_without_headers() {
    let _alone = alone();
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nserver: x\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
        "\r\n\r\nHTTP/1.1 100\r\n\r\n",
    ] {
        let answer = [interim, &ok("{}")].concat();
        assert_eq!(outcome(|server| Some(server.answer(answer))), Ok("{}".to_owned()), "{interim:?}");
    }
}

#[test]
fn the_other_protocol_of_a_101_is_not_read() {
    let _alone = alone();
    let server = Server::bind();
    let switch = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nother bytes";
    let transport = transport(TransportSettings::new());
    let (result, mut connection) = exchange(&transport, &server, |server| server.answer(switch));
    let response = result.unwrap();
    assert_eq!((response.status().as_u16(), response.body().as_bytes()), (101, b"".as_slice()));
    connection.wait_for_end();
}

/// ureq takes a reset for the end of such a body.
#[test]
fn a_reset_within_a_body_of_unknown_length_is_no_answer() {
    let _alone = alone();
    let reset = |server: &Server| {
        server.answer("HTTP/1.1 200 OK\r\n\r\n{\"half\":").reset();
        None
    };
    assert_eq!(outcome(reset), Err(TransportErrorKind::Closed));
    let ended = |server: &Server| {
        server.answer("HTTP/1.1 200 OK\r\n\r\n{}");
        None
    };
    assert_eq!(outcome(ended), Ok("{}".to_owned()));
}

/// ureq takes the end of the connection for the end of the last chunk.
#[test]
fn a_chunked_body_without_its_last_line_is_no_answer() {
    let _alone = alone();
    for chunks in ["2\r\n{}\r\n0\r\n", "2\r\n{}\r\n0\r\nx-trailer: 1\r\n", "2\r\n{}\r\n0\r\n\r"] {
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}");
        let ended = |server: &Server| {
            server.answer(answer);
            None
        };
        assert_eq!(outcome(ended), Err(TransportErrorKind::Closed), "{chunks:?}");
    }
}

#[test]
fn nothing_endless_is_read_for_ever() {
    let _alone = alone();
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (start, piece) in [
        ("", "HTTP/1.1 100 Continue\r\nx: y\r\n\r\n"),
        ("", "\r\n"),
        ("HTTP/1.1 200 OK\r\n", "x-filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"),
        (
            "HTTP/1.1 200 OK\r\nx: ",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ),
        (chunked, "1"),
        (
            &[chunked, "0\r\n"].concat(),
            "x-trailer: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
        ),
    ] {
        let endless = |server: &Server| {
            let mut connection = server.answer(start);
            connection.write_until_closed(piece.repeat(100));
            None
        };
        assert_eq!(outcome(endless), Err(TransportErrorKind::Malformed), "{start:?} {piece:?}");
    }
}

/// The connection stays open, so only the bytes can tell.
#[test]
fn another_protocol_is_malformed_at_once() {
    let _alone = alone();
    for greeting in
        ["220 mail.example ESMTP\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "\0\0\0", "HTTP/2 200\r\n", "HTTX"]
    {
        let outcome = outcome(|server| Some(server.answer(greeting)));
        assert_eq!(outcome, Err(TransportErrorKind::Malformed), "{greeting:?}");
    }
}

#[test]
fn a_head_within_the_limits_is_read_in_pieces_of_any_size() {
    let _alone = alone();
    let head = format!("HTTP/1.1 200 OK\r\n{}content-length: 2\r\n\r\n", "x: yy\r\n".repeat(120));
    let slowly = |server: &Server| {
        let mut connection = server.answer("");
        for byte in head.bytes() {
            connection.write([byte]);
        }
        connection.write("{}");
        Some(connection)
    };
    assert_eq!(outcome(slowly), Ok("{}".to_owned()));
    let long =
        format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 2\r\n\r\n{{}}", "y".repeat(64 * 1024 - 100));
    assert_eq!(outcome(|server| Some(server.answer(long))), Ok("{}".to_owned()));
}

#[test]
fn headers_and_body_of_an_answer_are_kept() {
    let _alone = alone();
    let server = Server::bind();
    let answer = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nContent-Type: text/plain; charset=utf-16\r\n\
                  set-cookie: a=b\r\nset-cookie: c=d\r\ncontent-typeset: x\r\ncontent-length: 3\r\n\r\n\u{ff}\0x";
    let bytes: Vec<u8> = answer.chars().map(|character| character as u8).collect();
    let transport = transport(TransportSettings::new());
    let (result, _connection) = exchange(&transport, &server, |server| server.answer(bytes));
    let response = result.unwrap();
    let values = |name| response.headers().get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(values("content-encoding"), ["gzip"]);
    assert_eq!(values("content-type"), ["text/plain; charset=utf-16"]);
    assert_eq!(values("content-typeset"), ["x"]);
    assert_eq!(values("set-cookie"), ["a=b", "c=d"]);
    assert_eq!(response.headers().len(), 6);
    assert_eq!(response.body().as_bytes(), b"\xff\0x");
}

#[test]
fn prior_knowledge_of_http2_is_a_config_error_with_a_way_out() {
    let error = UreqTransport::builder().http2(Http2::PriorKnowledge).build().unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Config);
    let text = cause_chain(&error);
    assert!(text.contains("ureq does not speak HTTP/2") && text.contains("use cg-auth-hyper"), "{text}");
    for http2 in [Http2::Off, Http2::Negotiated] {
        UreqTransport::builder().http2(http2).build().unwrap();
    }
}
