//! Peers that do not read, or stop sending in the middle of a request.

use std::{
    io::{Read, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::time::timeout;

use super::*;
use crate::{
    Operation,
    http::{connection::PEER_TIMEOUT, raw_http2, watched_stream::WatchedStream},
    scripts::ScriptBuilder,
};

#[tokio::test(start_paused = true)]
async fn a_connection_is_closed_when_its_peer_does_not_read_the_answer() {
    let http2 = |window| [raw_http2::preface(window), raw_http2::request(false)].concat();
    let mut half = raw_http2::request(false);
    half.truncate(half.len() / 2);
    for sent in [
        http2(65_535),
        [http2(65_535), half].concat(),
        http2(0),
        raw_http2::preface(0),
        b"GET /x HTTP/1.1\r\n\r\n".to_vec(),
        b"GET /x HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n".to_vec(),
    ] {
        let (mut peer, stream) = socket_pair().await;
        let state = EmulatorBuilder::new().state().unwrap();
        let long = ScriptBuilder::new(Arc::clone(&state.scripts), Operation::Other).always();
        long.answer(200, "x".repeat(LONG)).keep();

        peer.write_all(&sent).await.unwrap();
        // The peer never reads.
        timeout(PEER_TIMEOUT * 3, serve(stream, None, state.clone()))
            .await
            .expect("the connection is closed");
        assert_eq!(state.log.count(Operation::Other) > 0, sent != raw_http2::preface(0));
    }
}

#[test]
fn a_shutdown_waits_until_a_slow_peer_has_read_its_answer() {
    let emulator = Emulator::start_blocking().unwrap();
    let _script = emulator.next(Operation::Other).answer(200, "x".repeat(LONG));
    let received = shut_down_during(emulator, b"GET /x HTTP/1.1\r\n\r\n", &[]);
    assert!(received.len() > LONG && received.ends_with(b"x"), "{}", received.len());
}

#[test]
fn a_shutdown_waits_until_the_peers_http2_window_has_room() {
    let emulator = Emulator::start_blocking().unwrap();
    let _script = emulator.next(Operation::Other).answer(200, "x".repeat(100));
    let request = [raw_http2::preface(0), raw_http2::request(false)].concat();
    let late = [1, 1000].map(raw_http2::window_update);
    let received = shut_down_during(emulator, &request, &late);
    assert_eq!(raw_http2::body_length(&received), (100, true));
}

/// Sends `request`, starts a shutdown, sends the `late` bytes and only then reads. Returns the received
/// bytes.
fn shut_down_during(emulator: Emulator, request: &[u8], late: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = std::net::TcpStream::connect(emulator.address()).unwrap();
    stream.write_all(request).unwrap();
    emulator.wait_for_blocking(Operation::Other, 1, PEER_TIMEOUT).unwrap();
    let stopped = thread::spawn(move || emulator.shutdown_blocking());
    thread::sleep(Duration::from_millis(600));
    assert!(!stopped.is_finished());
    for late in late {
        stream.write_all(late).unwrap();
        thread::sleep(Duration::from_millis(400));
    }
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received);
    stopped.join().unwrap();
    received
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_not_idle_while_a_write_is_blocked() {
    let (_peer, stream) = socket_pair().await;
    let connection = Arc::new(Connection::new(&stream));
    let (stream, mut peer) = tokio::io::duplex(10);
    let (mut stream, _returned) = WatchedStream::new(stream, Arc::clone(&connection));
    let mut writing = tokio::spawn(async move { stream.write_all(&[0; 20]).await });
    timeout(PEER_TIMEOUT, &mut writing).await.unwrap_err();
    timeout(PEER_TIMEOUT, connection.wait_until_idle()).await.unwrap_err();
    peer.read_exact(&mut [0; 20]).await.unwrap();
    writing.await.unwrap().unwrap();
    timeout(PEER_TIMEOUT, connection.wait_until_idle()).await.unwrap();
}

/// More bytes than the system buffers for a peer that does not read.
const LONG: usize = 20_000_000;
