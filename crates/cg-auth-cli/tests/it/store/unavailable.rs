//! A store that cannot be used costs a warning, and no command fails because of it.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
};

use cg_auth_emulator::{Emulator, Operation};
use rustix::fs::{FlockOperation, flock};

use super::{Folder, Place, issued};
use crate::{
    harness::{chmod, emulator, stderr, stdout},
    proxy::Running,
    upstream::{Upstream, answer},
};

/// Each command gets a token and warns once, with `problem`.
fn assert_costs_a_warning(emulator: &Emulator, folder: &Folder, problem: &str) {
    for arguments in [&["token"][..], &["exec", "--", "sh", "-c", "echo $CG_AUTH_ACCESS_TOKEN"]] {
        let output = folder.command(emulator, arguments).output().unwrap();
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{shown}");
        assert!(stdout(&output).starts_with("eyJ"), "{}", stdout(&output));
        let start = "warning: cannot share the token: the token store is unavailable: ";
        assert!(shown.starts_with(start) && shown.contains(problem), "{shown}");
        assert_eq!(shown.lines().count(), 1, "{shown}");
    }
}

#[test]
fn a_folder_that_others_can_reach_costs_a_warning_and_nothing_is_written() {
    let (emulator, folder) = (emulator(), Folder::new());
    fs::create_dir(folder.path()).unwrap();
    for mode in [0o755, 0o770, 0o707] {
        chmod(&folder.path(), mode);
        let problem = format!("run: chmod 700 '{}'", folder.path().display());
        assert_costs_a_warning(&emulator, &folder, &problem);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_link_a_file_and_a_folder_that_cannot_be_made_cost_a_warning() {
    let (emulator, folder) = (emulator(), Folder::new());
    symlink(folder.0.path(), folder.path()).unwrap();
    assert_costs_a_warning(&emulator, &folder, "is a symbolic link; name its target");
    fs::remove_file(folder.path()).unwrap();
    fs::write(folder.path(), "").unwrap();
    assert_costs_a_warning(&emulator, &folder, "the folder of the store is no folder; name another one");
    fs::remove_file(folder.path()).unwrap();
    symlink("/proc/1/none", folder.path()).unwrap();
    assert_costs_a_warning(&emulator, &folder, "is a symbolic link");
}

#[test]
fn a_folder_of_another_user_costs_a_warning() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (emulator, folder) = (emulator(), Folder::new());
    fs::create_dir(folder.path()).unwrap();
    chmod(&folder.path(), 0o700);
    std::os::unix::fs::chown(folder.path(), Some(65534), None).unwrap();
    assert_costs_a_warning(&emulator, &folder, "belongs to another user; name another one");
}

#[test]
fn a_store_that_another_process_keeps_locked_costs_a_warning() {
    let (emulator, folder) = (emulator(), Folder::new());
    folder.token(&emulator, &[]);
    // A token that can be adopted is read without the lock.
    let cleared = folder.command(&emulator, &["store", "clear", "--yes"]).output().unwrap();
    assert_eq!(cleared.status.code(), Some(0), "{}", stderr(&cleared));
    let lock = File::open(folder.path().join(".lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    assert_costs_a_warning(&emulator, &folder, "locked for 400ms");
    drop(lock);
    folder.token(&emulator, &[]);
    assert_eq!(issued(&emulator), 4);
}

#[test]
fn a_warning_is_a_json_object_if_errors_are() {
    let (emulator, folder) = (emulator(), Folder::new());
    fs::create_dir(folder.path()).unwrap();
    chmod(&folder.path(), 0o755);
    let output = folder.command(&emulator, &["token", "--format", "json"]).output().unwrap();
    let warning: serde_json::Value = serde_json::from_str(&stderr(&output)).unwrap();
    assert!(warning["warning"].as_str().unwrap().starts_with("cannot share the token: "), "{warning}");
}

#[test]
fn a_proxy_warns_once_and_serves() {
    let (emulator, folder) = (emulator(), Folder::new());
    fs::create_dir(folder.path()).unwrap();
    chmod(&folder.path(), 0o755);
    let upstream = Upstream::always(&answer("200 OK", "", "ok"));
    let running = Running::start(&emulator, &upstream.url, &["--store", &folder.setting()]);
    for _ in 0..3 {
        assert!(running.ask("GET", "/x", "", "").starts_with("HTTP/1.1 200"));
    }
    let (code, _, errors) = running.stop(rustix::process::Signal::TERM);
    assert_eq!(code, Some(0));
    assert_eq!(errors.matches("warning: cannot share the token: ").count(), 1, "{errors}");
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
}

#[test]
fn the_store_commands_themselves_fail_with_the_code_of_a_wrong_setting() {
    let (emulator, folder) = (emulator(), Folder::new());
    fs::create_dir(folder.path()).unwrap();
    chmod(&folder.path(), 0o755);
    for arguments in [&["store", "show"][..], &["store", "clear", "--yes"]] {
        let output = folder.command(&emulator, arguments).output().unwrap();
        let shown = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{shown}");
        let start =
            format!("error: cannot use the store {} (CG_AUTH_STORE)\n  caused by: ", folder.setting());
        assert!(shown.starts_with(&start) && shown.contains("chmod 700"), "{shown}");
    }
}
