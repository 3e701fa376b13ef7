//! The threads that watch idle connections, and when such a connection ends.

use std::{sync::Barrier, thread, time::Duration};

use cg_auth_ureq::TransportSettings;

use crate::{
    server::{Server, exchange, ok, send, transport},
    threads::{alone, threads, wait_for_at_most, wait_for_threads},
};

/// Only what a test does ends its idle connections.
fn for_an_hour() -> TransportSettings {
    TransportSettings::new().pool_idle_timeout(Duration::from_secs(60 * 60))
}

#[test]
fn an_idle_connection_has_one_thread_however_often_it_is_used() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(for_an_hour());
    let (result, mut connection) = exchange(&transport, &server, |server| server.answer(ok("")));
    result.unwrap();
    for _ in 0..200 {
        thread::scope(|scope| {
            scope.spawn(|| {
                connection.read_head();
                connection.write(ok(""));
            });
            send(&transport, server.request()).unwrap();
        });
    }
    wait_for_threads(1);
    assert!(server.is_left_alone());
    drop(transport);
    wait_for_threads(0);
    connection.wait_for_end();
}

#[test]
fn the_end_of_an_idle_connection_ends_its_thread() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(for_an_hour());
    for _ in 0..3 {
        let (result, mut connection) = exchange(&transport, &server, |server| server.answer(ok("")));
        result.unwrap();
        wait_for_threads(1);
        connection.shut_down();
        connection.wait_for_end();
        wait_for_threads(0);
    }
    let (result, connection) = exchange(&transport, &server, |server| server.answer(ok("")));
    result.unwrap();
    connection.reset();
    wait_for_threads(0);
}

#[test]
fn the_idle_timeout_ends_a_connection_and_its_thread() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(TransportSettings::new().pool_idle_timeout(Duration::from_millis(20)));
    let (result, mut connection) = exchange(&transport, &server, |server| server.answer(ok("")));
    result.unwrap();
    connection.wait_for_end();
    wait_for_threads(0);
    drop(transport);
}

/// A watcher that waits since an earlier pause must not end the connection too early, nor too late.
#[test]
fn the_idle_timeout_counts_from_the_last_exchange() {
    let _alone = alone();
    let server = Server::bind();
    let timeout = Duration::from_millis(400);
    let transport = transport(TransportSettings::new().pool_idle_timeout(timeout));
    let (result, mut connection) = exchange(&transport, &server, |server| server.answer(ok("")));
    result.unwrap();
    for _ in 0..4 {
        thread::sleep(timeout / 4);
        thread::scope(|scope| {
            scope.spawn(|| {
                connection.read_head();
                connection.write(ok(""));
            });
            send(&transport, server.request()).unwrap();
        });
    }
    assert!(server.is_left_alone(), "the connection was closed while it was in use");
    connection.wait_for_end();
    wait_for_threads(0);
}

#[test]
fn unrequested_bytes_end_an_idle_connection() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(for_an_hour());
    let (result, mut first) = exchange(&transport, &server, |server| server.answer(ok("first")));
    result.unwrap();
    first.write("HTTP/1.1 408 Request Timeout\r\ncontent-length: 5\r\n\r\nstale");
    let (result, _second) = exchange(&transport, &server, |server| server.answer(ok("second")));
    assert_eq!(result.unwrap().body().as_bytes(), b"second");
    first.wait_for_end();
}

/// They come with the answer, before the connection is idle.
#[test]
fn bytes_after_an_answer_end_its_connection() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(for_an_hour());
    let twice = [ok("first"), ok("stale")].concat();
    let (result, mut first) = exchange(&transport, &server, |server| server.answer(twice));
    assert_eq!(result.unwrap().body().as_bytes(), b"first");
    first.wait_for_end();
    wait_for_threads(0);
}

#[test]
fn a_burst_of_calls_leaves_sixteen_idle_connections() {
    const CALLS: usize = 40;
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(for_an_hour());
    let all_there = Barrier::new(CALLS);
    thread::scope(|scope| {
        let connections: Vec<_> = (0..CALLS)
            .map(|_| {
                scope.spawn(|| send(&transport, server.request()).unwrap());
                let mut connection = server.accept();
                let all_there = &all_there;
                scope.spawn(move || {
                    connection.read_head();
                    all_there.wait();
                    connection.write(ok(""));
                    connection
                })
            })
            .collect();
        let _held: Vec<_> = connections.into_iter().map(|connection| connection.join().unwrap()).collect();
        wait_for_at_most(16);
        assert!(threads().is_none_or(|threads| threads > 1));
    });
    drop(transport);
    wait_for_threads(0);
}

#[test]
fn a_clone_keeps_the_idle_connections() {
    let _alone = alone();
    let server = Server::bind();
    let transport = transport(for_an_hour());
    let clone = transport.clone();
    let (result, mut connection) = exchange(&transport, &server, |server| server.answer(ok("")));
    result.unwrap();
    drop(transport);
    thread::scope(|scope| {
        scope.spawn(|| {
            connection.read_head();
            connection.write(ok(""));
        });
        send(&clone, server.request()).unwrap();
    });
    wait_for_threads(1);
    drop(clone);
    wait_for_threads(0);
}
