//! [`within`]: a future with a time limit.

use std::time::Duration;

use cg_auth_core::time::{Runtime as _, TokioRuntime};

/// The output of `future`, or `None` if it takes longer than `limit`. It needs no timer of tokio.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = TokioRuntime::current().sleep(limit) => None,
    }
}
