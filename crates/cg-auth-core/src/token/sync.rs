//! The lock, the published pointer and the atomic number that the token lifecycle uses. The interleaving tests replace them by
//! those of `shuttle`, which runs threads in many different orders.

pub(super) use self::primitives::{ArcSwap, AtomicU64, Mutex, MutexGuard};

#[cfg(not(all(test, shuttle)))]
mod primitives {
    pub(in crate::token) use std::sync::{Mutex, MutexGuard, atomic::AtomicU64};

    pub(in crate::token) use arc_swap::ArcSwap;
}

#[cfg(all(test, shuttle))]
mod primitives {
    use std::sync::{Arc, PoisonError};

    use shuttle::sync::RwLock;
    pub(in crate::token) use shuttle::sync::{Mutex, MutexGuard, atomic::AtomicU64};

    /// Replaces the type of `arc-swap`, whose atomics `shuttle` cannot schedule.
    pub(in crate::token) struct ArcSwap<T>(RwLock<Arc<T>>);

    impl<T> ArcSwap<T> {
        pub(in crate::token) fn from_pointee(value: T) -> Self {
            Self(RwLock::new(Arc::new(value)))
        }

        pub(in crate::token) fn new(value: Arc<T>) -> Self {
            Self(RwLock::new(value))
        }

        pub(in crate::token) fn load(&self) -> Arc<T> {
            Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
        }

        pub(in crate::token) fn store(&self, value: Arc<T>) {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = value;
        }
    }
}

/// Ignores poisoning: no code panics while it holds a lock of the lifecycle.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
