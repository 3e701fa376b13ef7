//! With `--tls`, the clients of other languages trust the emulator through the variables that they read.

use std::{fs, path::Path};

use crate::harness::{cg_auth, skip_without, skip_without_python, stderr, stdout};

const VARIABLES: [&str; 4] = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

#[test]
fn each_client_trusts_the_emulator_through_the_variable_that_it_reads_and_not_without() {
    let urllib = "import os, urllib.request as r; r.urlopen(os.environ['CG_AUTH_CONTROL_URL'] + '/health')";
    let requests =
        "import os, requests as r; r.get(os.environ['CG_AUTH_CONTROL_URL'] + '/health').raise_for_status()";
    let httpx =
        "import os, httpx as r; r.get(os.environ['CG_AUTH_CONTROL_URL'] + '/health').raise_for_status()";
    let node = "fetch(process.env.CG_AUTH_CONTROL_URL + '/health').catch(() => process.exit(1))";
    let curl = "exec curl --silent --show-error --fail \"$CG_AUTH_CONTROL_URL/health\"";
    for (client, variable, command) in [
        ("curl", "CURL_CA_BUNDLE", ["sh", "-c", curl]),
        ("urllib", "SSL_CERT_FILE", ["python3", "-c", urllib]),
        ("httpx", "SSL_CERT_FILE", ["python3", "-c", httpx]),
        ("requests", "REQUESTS_CA_BUNDLE", ["python3", "-c", requests]),
        ("requests", "CURL_CA_BUNDLE", ["python3", "-c", requests]),
        ("node", "NODE_EXTRA_CA_CERTS", ["node", "-e", node]),
    ] {
        let is_missing = match command[0] {
            "python3" => skip_without_python(&[if client == "urllib" { "urllib.request" } else { client }]),
            _ => skip_without(client),
        };
        if is_missing {
            continue;
        }
        let trusts = |variables: &[&str]| {
            let mut emulator = cg_auth();
            emulator.args(["emulator", "--tls", "--", "env"]);
            let removed = VARIABLES.iter().filter(|name| !variables.contains(*name));
            let removed = removed.flat_map(|name| ["-u", name]);
            let output = emulator.args(removed).args(command).output().unwrap();
            (output.status.code() == Some(0), stderr(&output))
        };
        for (variables, is_trusted) in [(&VARIABLES[..], true), (&[variable], true), (&[], false)] {
            let (trusts, messages) = trusts(variables);
            assert_eq!(trusts, is_trusted, "{client} with {variables:?}: {messages}");
        }
    }
}

#[test]
fn the_variables_name_one_file_that_is_removed_at_the_end() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trust");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let mut command = cg_auth();
    command.env("TMPDIR", &folder).args(["emulator", "--tls", "--", "sh", "-c"]);
    let output = command.arg("cat \"$SSL_CERT_FILE\"; printenv \"$@\"").arg("sh").args(VARIABLES).output();
    let printed = stdout(&output.unwrap());
    let (pem, names) = printed.split_once("-----END CERTIFICATE-----\n").unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    let names: Vec<_> = names.lines().collect();
    assert_eq!(names.len(), VARIABLES.len(), "{names:?}");
    assert!(names.iter().all(|name| *name == names[0] && name.starts_with(folder.to_str().unwrap())));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);

    let mut command = cg_auth();
    command.env("TMPDIR", &folder).args(["emulator", "--tls", "--", "/does/not/exist"]);
    assert_eq!(command.output().unwrap().status.code(), Some(127));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn without_tls_the_variables_stay_as_they_are() {
    let mut command = cg_auth();
    for name in VARIABLES {
        command.env(name, "own");
    }
    let output = command.args(["emulator", "--", "printenv"]).args(VARIABLES).output().unwrap();
    assert_eq!(stdout(&output), "own\n".repeat(VARIABLES.len()));
}
