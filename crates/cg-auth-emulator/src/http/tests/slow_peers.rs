//! Peers that do not read, or fall silent in the middle.

use std::{io::Read, io::Write, thread};

use super::*;
use crate::{Operation, raw_http2, sending::Watched};

#[tokio::test(start_paused = true)]
async fn a_peer_that_falls_silent_after_its_request_is_given_up() {
    let http2 = |window| [raw_http2::preface(window), raw_http2::request(false)].concat();
    let mut half = raw_http2::request(false);
    half.truncate(half.len() / 2);
    for said in [
        http2(65_535),
        [http2(65_535), half].concat(),
        http2(0),
        raw_http2::preface(0),
        b"GET /x HTTP/1.1\r\n\r\n".to_vec(),
        b"GET /x HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n".to_vec(),
    ] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (_serving, phase) = watch::channel(Phase::Serving);
        let connection = Connection::new(1, &stream);
        let state = EmulatorBuilder::new().state();
        let long = ScriptBuilder::new(Arc::clone(&state.scripts), Operation::Other).always();
        long.answer(200, "x".repeat(LONG)).keep();
        let served = conversation::serve(stream, connection, None, state.clone(), phase);

        peer.write_all(&said).await.unwrap();
        // Nothing is ever read.
        timeout(PATIENCE * 3, served).await.expect("the connection is given up");
        assert_eq!(state.log.count(Operation::Other) > 0, said != raw_http2::preface(0));
    }
}

#[test]
fn a_shutdown_waits_until_a_slow_peer_has_taken_its_answer() {
    let emulator = Emulator::start_blocking().unwrap();
    let _script = emulator.next(Operation::Other).answer(200, "x".repeat(LONG));
    let received = shut_down_during(emulator, b"GET /x HTTP/1.1\r\n\r\n", &[]);
    assert!(received.len() > LONG && received.ends_with(b"x"), "{}", received.len());
}

#[test]
fn a_shutdown_waits_for_a_window_of_http2() {
    let emulator = Emulator::start_blocking().unwrap();
    let _script = emulator.next(Operation::Other).answer(200, "x".repeat(100));
    let request = [raw_http2::preface(0), raw_http2::request(false)].concat();
    let late = [1, 1000].map(raw_http2::window_update);
    let received = shut_down_during(emulator, &request, &late);
    assert_eq!(raw_http2::body_length(&received), (100, true));
}

/// Sends `request`, has the emulator shut down, sends what is `late` and only then reads: what was received.
fn shut_down_during(emulator: Emulator, request: &[u8], late: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = std::net::TcpStream::connect(emulator.address()).unwrap();
    stream.write_all(request).unwrap();
    emulator.wait_for_blocking(Operation::Other, 1, PATIENCE).unwrap();
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
async fn a_connection_is_not_idle_while_its_socket_takes_nothing() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let connection = Arc::new(Connection::new(1, &stream));
    let (stream, mut peer) = tokio::io::duplex(10);
    let mut stream = Watched { stream, connection: Arc::clone(&connection) };
    let mut writing = tokio::spawn(async move { stream.write_all(&[0; 20]).await });
    timeout(PATIENCE, &mut writing).await.unwrap_err();
    timeout(PATIENCE, connection.idle()).await.unwrap_err();
    peer.read_exact(&mut [0; 20]).await.unwrap();
    writing.await.unwrap().unwrap();
    timeout(PATIENCE, connection.idle()).await.unwrap();
}

/// More than the system keeps for a peer that does not read.
const LONG: usize = 20_000_000;
