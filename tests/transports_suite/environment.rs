//! Other environment variables, which are those of a whole process.

use tokio::process::Command;

use super::subject::Configurable;

/// Runs a behaviour of the suite in a process with `variables`, and without any other that names a proxy.
pub(crate) async fn run_in_environment<T: Configurable>(behaviour: &str, variables: &[(&str, &str)]) {
    run_test_in_environment(&format!("{}::{behaviour}", T::MODULE), variables).await;
}

/// The same for any test of this suite.
pub(crate) async fn run_test_in_environment(test: &str, variables: &[(&str, &str)]) {
    let mut process = Command::new(std::env::current_exe().unwrap());
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        process.env_remove(name).env_remove(name.to_uppercase());
    }
    process.args(["--exact", test]).envs(variables.iter().copied());
    let output = process.kill_on_drop(true).output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}
