//! Dropping the emulator leaves neither descriptors nor threads behind.
//!
//! The test counts the descriptors and threads of the whole process, so it must be the only test in its
//! binary.

#![cfg(target_os = "linux")]

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use cg_auth_emulator::{Emulator, Operation};

#[test]
fn dropping_the_emulator_leaves_no_socket_and_no_thread_behind() {
    // The first start opens descriptors that the process then keeps, so it happens before the count.
    drop(Emulator::builder().tls().start_blocking().unwrap());
    thread::sleep(Duration::from_millis(100));
    let before = open_resources();
    assert!(before.0 > 0 && before.1 > 0);
    for round in 0..8 {
        let emulator = Emulator::start_blocking().unwrap();
        let mut peers: Vec<_> = (0..4).map(|_| TcpStream::connect(emulator.address()).unwrap()).collect();
        // One peer is idle, one is in the middle of a request, one waits for its answer, one has read its
        // answer.
        emulator.next(Operation::ProtectedResource).delay(Duration::from_secs(60)).keep();
        peers[1].write_all(b"POST /auth/token/delegate HTTP/1.1\r\ncontent-length: 9\r\n\r\n").unwrap();
        peers[2].write_all(b"GET /me HTTP/1.1\r\n\r\n").unwrap();
        emulator.wait_for_blocking(Operation::ProtectedResource, 1, Duration::from_secs(20)).unwrap();
        peers[3].write_all(b"GET /me HTTP/1.1\r\n\r\n").unwrap();
        assert!(peers[3].read(&mut [0; 512]).unwrap() > 0);
        drop(peers.pop());
        if round % 2 == 0 {
            drop(emulator);
        } else {
            // Tokio panics when a runtime is dropped inside an async context; the emulator must not.
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async move { drop(emulator) });
        }
        drop(peers);
        // The system may list a joined thread for a moment longer.
        for _ in 0..100 {
            if open_resources() == before {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(open_resources(), before);
    }
}

/// How many descriptors and threads the process has.
fn open_resources() -> (usize, usize) {
    (entries("/proc/self/fd"), entries("/proc/self/task"))
}

fn entries(directory: &str) -> usize {
    fs::read_dir(directory).map_or(0, Iterator::count)
}
