//! [`bounded`]: no test waits for ever.

use std::time::Duration;

/// Longer than any test takes on a slow machine, short enough to be told from a test that hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// The output of `test`, which panics when it hangs.
pub async fn bounded<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, test).await.expect("the test hangs")
}
