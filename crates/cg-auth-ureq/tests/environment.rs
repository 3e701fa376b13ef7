//! A program whose settings come from its own environment: this test, started once more.

#![allow(clippy::unwrap_used)] // a panic in a test helper is a test failure

use std::{env, fs, process::Command};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_transport_util::environment::VARIABLES;
use cg_auth_ureq::{BlockingTokenProvider, ServiceSettings, ThreadRuntime, UreqTransport};

/// The three lines of a program.
fn provider() -> Result<BlockingTokenProvider, Box<dyn std::error::Error>> {
    let settings = ServiceSettings::from_environment()?;
    let transport = UreqTransport::from_settings(settings.transport())?;
    Ok(settings.provider_with_runtime(transport, ThreadRuntime::new())?.into())
}

/// Does nothing as a test of its own. The other tests start it as their program.
#[test]
fn the_program() {
    if env::var_os("IS_THE_PROGRAM").is_some() {
        match provider() {
            Ok(provider) => assert!(provider.token().is_ok()),
            Err(error) => panic!("the program says: {error}"),
        }
    }
}

fn program() -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "the_program", "--nocapture"]).env("IS_THE_PROGRAM", "1");
    for name in VARIABLES {
        command.env_remove(name);
    }
    command
}

#[test]
fn a_program_gets_a_token_with_the_variables_of_the_command() {
    let emulator = Emulator::builder().tls().start_blocking().unwrap();
    let file = env::temp_dir().join(format!("cg-auth-environment-ureq-ca-{}", std::process::id()));
    fs::write(&file, emulator.ca_pem().unwrap()).unwrap();
    let output = program().envs(emulator.env()).env("CG_AUTH_CA_FILE", &file).output().unwrap();
    fs::remove_file(&file).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
}

#[test]
fn without_variables_a_program_names_all_that_are_missing() {
    let output = program().output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected =
        "the program says: CG_AUTH_BASE_URL, CG_AUTH_USER_PRINCIPAL_NAME, CG_AUTH_CLIENT_SECRET are not set";
    assert!(told.contains(expected), "{told}");
}
