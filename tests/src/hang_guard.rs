//! [`bounded`]: ends a test that hangs.

use std::time::Duration;

/// Ten times what the longest test takes on an idle machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test`. Panics if it takes longer than a minute.
pub async fn bounded<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, test).await.expect("the test hangs")
}
