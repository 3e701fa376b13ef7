//! Tests with environment variables of their own, each in a process of its own.

use std::{io::Write, process::Output};

use cg_auth_transport_util::environment::VARIABLES;
use tokio::process::Command;

use super::subject::{Configurable, Subject};

/// Runs one behaviour for `T` in a process with `variables`, and without any other that names a proxy or is a
/// setting of cg-auth.
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
    without_settings(&mut process).args(["--exact", test]).envs(variables.iter().copied());
    let output = process.output().await.unwrap();
    assert_passed(test, &output);
}

/// Runs this behaviour for `T` in a process whose network has the loopback interface alone, with the
/// additional address 192.0.2.2. Its hosts file is `hosts`, and its name server is on the loopback interface.
/// Returns false in that process: then the behaviour goes on.
///
/// Where namespaces cannot be made, the behaviour is skipped.
#[cfg(target_os = "linux")]
pub(crate) async fn run_in_namespace<T: Subject>(module: &str, behaviour: &str, hosts: &str) -> bool {
    run_test_in_namespace(&test_of::<T>(module, behaviour), hosts).await
}

/// The same for a test of any name.
#[cfg(target_os = "linux")]
pub(crate) async fn run_test_in_namespace(test: &str, hosts: &str) -> bool {
    const MARK: &str = "CG_AUTH_TESTS_NAMESPACE";
    const SETUP: &str = "ip link set lo up && ip addr add 192.0.2.2/32 dev lo \
                         && mount --bind \"$CG_AUTH_TESTS_NAMESPACE\" /etc/hosts \
                         && mount --bind \"$CG_AUTH_TESTS_RESOLVER\" /etc/resolv.conf \
                         || exit 77; exec \"$0\" \"$@\"";
    const RESOLVER: &str = "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n";
    if std::env::var_os(MARK).is_some() {
        return false;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), hosts).unwrap();
    let resolver = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(resolver.path(), RESOLVER).unwrap();
    let mut process = Command::new("unshare");
    without_settings(&mut process).args(["--map-root-user", "--mount", "--net", "sh", "-c", SETUP]);
    process.arg(std::env::current_exe().unwrap()).args(["--exact", test]).env(MARK, file.path());
    process.env("CG_AUTH_TESTS_RESOLVER", resolver.path());
    match process.output().await {
        Ok(output) if output.status.success() || !output.stdout.is_empty() => assert_passed(test, &output),
        cannot => skipped(&format!("{test} needs namespaces, unshare, ip and mount: {cannot:?}")),
    }
    true
}

/// Says why a behaviour is not tested here, past the test harness, which shows the output of failed tests
/// alone.
pub(crate) fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

fn without_settings(process: &mut Command) -> &mut Command {
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        process.env_remove(name).env_remove(name.to_uppercase());
    }
    for name in VARIABLES {
        process.env_remove(name);
    }
    process.kill_on_drop(true)
}

fn assert_passed(test: &str, output: &Output) {
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{test}: {printed}");
}

/// The name of the test of `behaviour` for `T`, as the test harness has it.
pub(crate) fn test_of<T: Subject>(module: &str, behaviour: &str) -> String {
    let (_crate, module) = module.split_once("::").expect("a module of this suite");
    format!("{module}::{behaviour}::{}", <T as Subject>::NAME)
}
