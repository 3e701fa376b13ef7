//! A Redis server as the place of a store.

use std::{thread, time::Duration};

use cg_auth_tests::redis_server::RedisServer;

use crate::Place;

impl Place for RedisServer {
    fn url(&self) -> String {
        self.url()
    }

    /// The server stands still. Its connections stay open, and nothing answers.
    fn be_unusable(&mut self, duration: Duration) {
        self.freeze();
        thread::sleep(duration);
        self.thaw();
    }

    /// The server ends, and another one starts on its port.
    fn be_lost(&mut self, duration: Duration) {
        self.stop();
        thread::sleep(duration);
        self.start_again();
    }
}
