//! `cg-auth delete-token-cache` without a terminal.

use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName};
use cg_auth_emulator::{Emulator, Operation, User};

use crate::harness::{block_on, emulator, stderr, stdout, with_emulator};

#[test]
fn without_a_terminal_it_needs_yes_and_sends_nothing() {
    let emulator = emulator();
    let output = with_emulator(&emulator, &["delete-token-cache"]).write_stdin("y\n").output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
    assert!(stderr(&output).contains("no terminal to confirm on; pass --yes"), "{}", stderr(&output));
    assert!(emulator.requests().is_empty());
}

#[test]
fn yes_deletes_over_each_transport() {
    let emulator = emulator();
    for transport in ["reqwest", "hyper"] {
        let arguments = ["delete-token-cache", "--yes", "--transport", transport];
        let output = with_emulator(&emulator, &arguments).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    }
    assert_eq!(emulator.count(Operation::DeleteTokenCache), 2);
}

#[test]
fn a_user_who_is_not_an_administrator_gets_a_hint() {
    let credential =
        ApiCredential::new(ClientSecret::new("s3cret").unwrap(), UserPrincipalName::new("a@b").unwrap());
    let emulator = block_on(Emulator::builder().user(User::new(credential)).start()).unwrap();
    let output = with_emulator(&emulator, &["delete-token-cache", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("hint: the user must be a Service Administrator"),
        "{}",
        stderr(&output)
    );
}
