//! Tests with environment variables of their own, each in a process of its own.

use tokio::process::Command;

use super::subject::Configurable;

/// Runs one behaviour for `T` in a process with `variables` and without any other that names a proxy.
///
/// `module` is the `module_path!()` of the behaviour.
pub(crate) async fn run_in_environment<T: Configurable>(
    module: &str,
    behaviour: &str,
    variables: &[(&str, &str)],
) {
    run_test_in_environment(&test_of::<T>(module, behaviour), variables).await;
}

/// Like [`run_in_environment`], for a test of any name.
pub(crate) async fn run_test_in_environment(test: &str, variables: &[(&str, &str)]) {
    let mut process = Command::new(std::env::current_exe().unwrap());
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        process.env_remove(name).env_remove(name.to_uppercase());
    }
    process.args(["--exact", test]).envs(variables.iter().copied());
    let output = process.kill_on_drop(true).output().await.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{test}: {printed}");
}

/// The name of the test of `behaviour` for `T`, as the test harness has it.
pub(crate) fn test_of<T: Configurable>(module: &str, behaviour: &str) -> String {
    let (_crate, module) = module.split_once("::").expect("a module of this suite");
    format!("{module}::{behaviour}::{}", <T as Configurable>::NAME)
}
