//! Runs a scene in many orders of its threads.

use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler},
};

/// Runs `scene` in `rounds` random orders, and in as many that look for a rare one.
pub(crate) fn in_any_order(scene: impl Fn() + Clone + Send + Sync + 'static, rounds: usize) {
    let mut config = Config::new();
    config.stack_size = STACK;
    Runner::new(RandomScheduler::new(rounds), config.clone()).run(scene.clone());
    Runner::new(PctScheduler::new(3, rounds), config).run(scene);
}

/// In bytes. An acquisition in a debug build does not fit into the 60 KiB that shuttle gives a thread.
const STACK: usize = 512 * 1024;
