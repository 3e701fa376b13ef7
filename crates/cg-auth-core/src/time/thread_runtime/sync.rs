//! The locks and the threads of this runtime. The interleaving tests replace them by those of `shuttle`, which runs
//! threads in many different orders.

#[cfg(not(all(test, shuttle)))]
pub(super) use std::{
    sync::{Condvar, Mutex, MutexGuard},
    thread::Builder,
};

#[cfg(all(test, shuttle))]
pub(super) use shuttle::{
    sync::{Condvar, Mutex, MutexGuard},
    thread::Builder,
};
