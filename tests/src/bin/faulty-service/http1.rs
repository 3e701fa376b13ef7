//! The port for HTTP/1.1, which writes its answers byte by byte.

use std::{
    fmt::Write as _,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use cg_auth_core::body::Body;
use cg_auth_tests::{listener::Connection, raw_message::RawMessage};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tokio::{net::TcpListener, time::sleep};

use crate::{
    faults::Fault,
    front::{Front, Sending},
    http2::LONGER_THAN_THE_CLIENT_WAITS,
};

pub(crate) async fn serve(port: TcpListener, front: Arc<Front>) {
    loop {
        let (stream, _) = port.accept().await.unwrap();
        if front.faults().resets() {
            stream.set_zero_linger().unwrap();
        }
        tokio::spawn(serve_connection(stream.into(), front.clone()));
    }
}

/// Answers until one end closes.
async fn serve_connection(mut connection: Connection, front: Arc<Front>) {
    while let Some(request) = connection.receive().await {
        front.counted().http1.fetch_add(1, Relaxed);
        let path = request.line().split(' ').nth(1).unwrap().to_owned();
        let headers = headers(&request);
        let keeps = match front.answer(&path, headers, request.body).await {
            Sending::Whole(answer) => {
                connection.write_in_vain(&bytes(&answer)).await;
                true
            }
            Sending::Disturbed(answer, fault) => disturb(&mut connection, &bytes(&answer), fault).await,
        };
        if !keeps {
            break;
        }
    }
}

/// Whether the connection may be used again.
async fn disturb(connection: &mut Connection, answer: &[u8], fault: Fault) -> bool {
    match fault {
        Fault::Slow(pause) => {
            for piece in answer.chunks(answer.len().div_ceil(4)) {
                sleep(pause).await;
                connection.write_in_vain(piece).await;
            }
            return true;
        }
        Fault::Hang => sleep(LONGER_THAN_THE_CLIENT_WAITS).await,
        Fault::Truncate => connection.write_in_vain(&answer[..answer.len() / 2]).await,
        Fault::NotHttp => connection.write_in_vain(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await,
        Fault::GoAway => {
            let text = String::from_utf8(answer.to_vec()).unwrap();
            connection.write_in_vain(text.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes()).await;
        }
        _ => {}
    }
    false
}

fn headers(request: &RawMessage) -> HeaderMap {
    let names = ["clientsecret", "userprincipalname", "refresh_token", "content-type"];
    let header = |name| {
        let value = HeaderValue::from_bytes(request.values(name).first()?).unwrap();
        Some((HeaderName::from_static(name), value))
    };
    names.into_iter().filter_map(header).collect()
}

fn bytes(answer: &Response<Body>) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {}\r\ncontent-length: {}\r\n", answer.status(), answer.body().len());
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != http::header::CONTENT_LENGTH) {
        write!(head, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    [head.as_bytes(), b"\r\n", answer.body().as_bytes()].concat()
}
