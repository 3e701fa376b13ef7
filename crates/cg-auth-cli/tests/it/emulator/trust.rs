//! With `--tls`, the clients of other languages trust the emulator through the variables that they read.

use std::{fs, path::Path};

use crate::harness::{cg_auth, skip_without, stderr, stdout};

const VARIABLES: [&str; 4] = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

#[test]
fn curl_python_and_node_trust_the_emulator_without_a_setting_of_their_own() {
    let python = "import os, urllib.request as r; r.urlopen(os.environ['CG_AUTH_CONTROL_URL'] + '/health')";
    let node = "fetch(process.env.CG_AUTH_CONTROL_URL + '/health')";
    for (program, arguments) in [
        ("sh", &["-c", "curl --silent --show-error --fail \"$CG_AUTH_CONTROL_URL/health\""][..]),
        ("python3", &["-c", python]),
        ("node", &["-e", node]),
    ] {
        let needed = if program == "sh" { "curl" } else { program };
        if skip_without(needed) {
            continue;
        }
        let mut command = cg_auth();
        command.args(["emulator", "--tls", "--", program]).args(arguments);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{program}: {}", stderr(&output));
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
