//! What the lifecycle locks and publishes with. Its test with `shuttle`, which plays threads in ever other orders,
//! puts in what can be played.

pub(crate) use self::primitives::{ArcSwap, Mutex, MutexGuard};

#[cfg(not(all(test, shuttle)))]
mod primitives {
    pub(crate) use std::sync::{Mutex, MutexGuard};

    pub(crate) use arc_swap::ArcSwap;
}

#[cfg(all(test, shuttle))]
mod primitives {
    use std::sync::{Arc, PoisonError};

    use shuttle::sync::RwLock;
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};

    /// Stands for the one of `arc-swap`, whose atomics nobody else can play.
    pub(crate) struct ArcSwap<T>(RwLock<Arc<T>>);

    impl<T> ArcSwap<T> {
        pub(crate) fn from_pointee(value: T) -> Self {
            Self(RwLock::new(Arc::new(value)))
        }

        pub(crate) fn load(&self) -> Arc<T> {
            Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
        }

        pub(crate) fn store(&self, value: Arc<T>) {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = value;
        }
    }
}

/// Nobody panics while holding a lock of the lifecycle.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
