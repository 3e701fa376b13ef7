//! The platform's root certificates are read only if a connection needs them. Here they are a FIFO
//! without a writer, so a process that opens it waits.

#![cfg(target_os = "linux")]

use std::{path::PathBuf, process::Command as Process, time::Duration};

use assert_cmd::Command;
use cg_auth_emulator::Emulator;

use crate::harness::{block_on, cg_auth, emulator, file, stderr, stdout, token_from};

fn fifo(name: &str) -> PathBuf {
    let path = file(name, "");
    std::fs::remove_file(&path).unwrap();
    assert!(Process::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// `command`, with only the FIFO for the platform's roots, over `transport`.
fn over<'a>(command: &'a mut Command, transport: &str, roots: &PathBuf) -> &'a mut Command {
    command.env("SSL_CERT_FILE", roots).env_remove("SSL_CERT_DIR").args(["--transport", transport])
}

fn tls_emulator() -> Emulator {
    block_on(Emulator::builder().tls().start()).unwrap()
}

#[test]
fn plain_http_opens_no_root_certificates() {
    let (emulator, roots) = (emulator(), fifo("roots-http"));
    for transport in ["reqwest", "hyper"] {
        let output = over(&mut token_from(&emulator), transport, &roots).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{transport}: {}", stderr(&output));
        assert!(stdout(&output).starts_with("eyJ"));
    }
}

#[test]
fn version_and_help_read_neither_settings_nor_roots() {
    let roots = fifo("roots-version");
    for argument in ["--version", "--help", "-h"] {
        let mut command = cg_auth();
        let output =
            command.arg(argument).env("SSL_CERT_FILE", &roots).env("CG_AUTH_CONFIG", &roots).output();
        assert_eq!(output.unwrap().status.code(), Some(0), "{argument}");
    }
}

#[test]
fn a_certificate_that_the_ca_file_vouches_for_opens_no_other_roots() {
    let (emulator, roots) = (tls_emulator(), fifo("roots-ca-file"));
    let ca_file = file("roots-ca.pem", emulator.ca_pem().unwrap());
    for transport in ["reqwest", "hyper"] {
        let mut command = token_from(&emulator);
        let output = over(&mut command, transport, &roots).arg("--ca-file").arg(&ca_file).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{transport}: {}", stderr(&output));
    }
}

#[test]
fn root_certificates_that_cannot_be_read_in_time_end_with_the_deadline() {
    let (emulator, roots) = (tls_emulator(), fifo("roots-https"));
    for transport in ["reqwest", "hyper"] {
        let mut command = token_from(&emulator);
        let output = over(&mut command, transport, &roots)
            .args(["--timeout", "1s"])
            .timeout(Duration::from_secs(30))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(6), "{transport}: {}", stderr(&output));
    }
}
