//! How the store is set, and where its folder is.

use std::{fs, os::unix::fs::MetadataExt as _};

use super::{Folder, Place, issued};
use crate::harness::{cg_auth, emulator, file, stderr, stdout, with_emulator};

#[test]
fn there_is_no_store_unless_one_is_set() {
    let (emulator, home) = (emulator(), Folder::new());
    for _ in 0..2 {
        let output = with_emulator(&emulator, &["token"]).env("HOME", home.0.path()).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    }
    assert_eq!(issued(&emulator), 2);
    assert_eq!(fs::read_dir(home.0.path()).unwrap().count(), 0);
}

#[test]
fn the_folder_is_in_the_cache_of_the_user() {
    let emulator = emulator();
    for (variables, place) in [
        (&[("XDG_CACHE_HOME", "/xdg")][..], "xdg/cg-auth"),
        (&[], ".cache/cg-auth"),
        // A relative path counts as unset.
        (&[("XDG_CACHE_HOME", "xdg")], ".cache/cg-auth"),
        (&[("XDG_CACHE_HOME", "")], ".cache/cg-auth"),
    ] {
        let home = Folder::new();
        let mut command = with_emulator(&emulator, &["token", "--store", "file"]);
        command.current_dir(home.0.path()).env("HOME", home.0.path());
        for (name, value) in variables {
            let root = home.0.path().display().to_string();
            command.env(name, if value.starts_with('/') { root + value } else { (*value).to_owned() });
        }
        let output = command.output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        let folder = home.0.path().join(place);
        let mode = |path| fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!(mode(folder.clone()), 0o700, "{variables:?}");
        for file in fs::read_dir(folder).unwrap() {
            assert_eq!(mode(file.unwrap().path()), 0o600);
        }
    }
}

#[test]
fn without_a_home_folder_the_error_names_the_way_out() {
    let emulator = emulator();
    let run = |arguments: &[&str]| {
        let mut command = with_emulator(&emulator, arguments);
        command.env_remove("HOME").env("XDG_CACHE_HOME", "relative").output().unwrap()
    };
    let output = run(&["token", "--store", "file"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
    let text = "error: --store: there is no home folder to hold the store; set HOME or XDG_CACHE_HOME, or name a \
                folder with file:FOLDER\n";
    assert_eq!(stderr(&output), text);
    assert_eq!(issued(&emulator), 0);
    let folder = Folder::new();
    assert_eq!(run(&["token", "--store", &folder.setting()]).status.code(), Some(0));
    assert_eq!(run(&["token"]).status.code(), Some(0), "only the store needs the folder");
}

#[test]
fn no_store_switches_off_that_of_the_variable_and_of_the_profile() {
    let (emulator, folder) = (emulator(), Folder::new());
    let config = file("store.toml", format!("[profiles.p]\nstore = '{}'\n", folder.setting()));
    let token = |arguments: &[&str], variable: &str| {
        let mut command = with_emulator(&emulator, &["token", "--profile", "p", "--config"]);
        command.arg(&config).args(arguments).env("CG_AUTH_STORE", variable);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    };
    for (arguments, variable) in [
        (&["--no-store"][..], ""),
        (&["--no-store"], "canary"),
        (&["--store", "none"], ""),
        (&[], "none"),
        (&["--store", "file", "--no-store"], ""),
    ] {
        token(arguments, variable);
        assert!(!folder.path().exists(), "{arguments:?} {variable}");
    }
    token(&["--no-store", "--store", &folder.setting()], "none");
    assert!(folder.path().exists(), "the last flag wins");
    fs::remove_dir_all(folder.path()).unwrap();
    token(&[], "");
    assert!(folder.path().exists(), "the profile has a store");
}

#[test]
fn a_folder_in_a_profile_is_relative_to_the_file() {
    let (emulator, folder) = (emulator(), Folder::new());
    let config = folder.0.path().join("config.toml");
    fs::write(&config, "[profiles.p]\nstore = 'file:tokens'\n").unwrap();
    let mut command = with_emulator(&emulator, &["token", "--profile", "p", "--config"]);
    let output = command.arg(&config).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(folder.0.path().join("tokens").is_dir());
}

#[test]
fn a_value_that_names_no_store_is_an_error_and_is_not_shown() {
    let config = file("bad-store.toml", "[profiles.p]\nstore = 'canary'\n");
    for value in [
        "canary",
        "FILE",
        "http://user:canary@host",
        "file://canary",
        "file:",
        "memory",
        "canary@host",
        "redis+unix:canary",
    ] {
        for by_flag in [true, false] {
            let mut command = cg_auth();
            command.args(["token", "--base-url", "http://127.0.0.1:1", "--upn", "a@b"]);
            command.env("CG_AUTH_CLIENT_SECRET", "s");
            let place = match by_flag {
                true => command.arg(format!("--store={value}")),
                false => command.env("CG_AUTH_STORE", value),
            };
            let output = place.output().unwrap();
            let shown = stderr(&output);
            assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{value}: {shown}");
            let name = if by_flag { "--store: " } else { "CG_AUTH_STORE: " };
            assert!(shown.contains(name) && !shown.contains("canary"), "{value}: {shown}");
            assert!(shown.contains("file:FOLDER"), "the way out: {shown}");
        }
    }
    let mut command = cg_auth();
    let output = command.args(["token", "--profile", "p", "--config"]).arg(config).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("profiles.p.store: expected none, file"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("canary"));
}

#[test]
fn a_command_that_uses_no_store_has_no_flag_for_it_and_ignores_the_variable() {
    let emulator = emulator();
    let token = crate::harness::refresh_token_of(&emulator);
    let mut command = with_emulator(&emulator, &["refresh"]);
    let output = command.env("CG_AUTH_STORE", "canary").env("CG_AUTH_REFRESH_TOKEN", token).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let refused = with_emulator(&emulator, &["refresh", "--store", "file"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}
