//! Processes with odd limits, current folders and umasks.

use std::{
    env,
    fs::{self, File, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
    process::Command,
};

use cg_auth_core::{
    time::ThreadRuntime,
    token::store::{Claimed, Holder, Publication, TokenStore as _},
};
use cg_auth_store::file_store;

use super::{HOUR, claim, entry, private_folder, publish, source_of, token};

/// Runs `phase` of [`odd_process`] after the shell command `before`, in `current` with the store in `folder`.
fn runs(phase: &str, before: &str, current: &Path, folder: &Path) {
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("{before} && exec \"$@\" \"$0\" --exact odd_processes::odd_process"))
        .arg(env::current_exe().unwrap())
        .env("CG_AUTH_TEST_ODD_PHASE", phase)
        .env("CG_AUTH_TEST_ODD_FOLDER", folder)
        .current_dir(current)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && text.contains("1 passed");
    assert!(passed, "{before}: {:?} {text} {}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// The second record of a file would lie beyond the limit, and the system would kill the process.
#[test]
fn a_limit_on_the_size_of_files_ends_no_process() {
    let folder = private_folder();
    runs("small_files", "ulimit -f 100", folder.path(), folder.path());
    runs("no_files", "ulimit -f 0", folder.path(), folder.path());
}

#[test]
fn an_operation_without_room_for_an_open_file_is_an_error_and_leaves_the_entry_as_it_was() {
    let folder = private_folder();
    runs("open_files", "ulimit -n 40", folder.path(), folder.path());
}

#[test]
fn a_relative_folder_stays_where_it_is() {
    let folder = private_folder();
    runs("another_current_folder", "true", folder.path(), Path::new("store"));
    assert!(folder.path().join("store").is_dir());
}

#[test]
fn a_folder_without_a_name_is_an_error_and_not_the_current_one() {
    let folder = private_folder();
    runs("no_name", "true", folder.path(), Path::new(""));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_slash_at_the_end_leads_through_no_link() {
    let parent = tempfile::tempdir().unwrap();
    let (target, link) = (private_folder(), parent.path().join("link"));
    symlink(target.path(), &link).unwrap();
    for end in ["/", "//", "/.", "/./"] {
        let store = file_store(format!("{}{end}", link.display()));
        let problem = source_of(&claim(&store, Holder::new(1), None).unwrap_err());
        assert!(
            problem.ends_with("the folder of the store is a symbolic link; name its target"),
            "{problem}"
        );
        claim(&file_store(format!("{}{end}", target.path().display())), Holder::new(1), None).unwrap();
    }
}

/// A folder that its user cannot enter would stay.
#[test]
fn a_umask_that_takes_rights_from_the_user_leaves_folders_and_files_that_can_be_used() {
    for umask in ["0777", "0177", "0377", "0"] {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        runs("umask", &format!("umask {umask}"), parent.path(), &folder);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!([mode(&parent.path().join("a")), mode(&folder)], [0o700; 2], "umask {umask}");
        for file in fs::read_dir(&folder).unwrap() {
            assert_eq!(mode(&file.unwrap().path()), 0o600, "umask {umask}");
        }
    }
}

/// A file system such as that of the processes says that a parent is missing, although it is there.
#[test]
fn a_folder_that_can_never_be_made_is_an_error() {
    let folder = private_folder();
    symlink(folder.path().join("missing"), folder.path().join("dangling")).unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    for path in [folder.path().join("dangling/a/b"), folder.path().join("file/a"), "/proc/a/b".into()] {
        let problem = source_of(&claim(&file_store(&path), Holder::new(1), None).unwrap_err());
        assert!(problem.starts_with("cannot "), "{path:?}: {problem}");
    }
}

/// The boot clock of a time namespace differs from that of the machine, while the id of the boot is the same. A token
/// of the one would live too long in the other.
#[cfg(target_os = "linux")]
#[test]
fn a_process_with_another_boot_clock_starts_anew() {
    let namespace = "unshare --map-root-user --time --boottime 5";
    let can_move = Command::new("sh").arg("-c").arg(format!("{namespace} true")).output();
    if !can_move.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no time namespace for a test, because unshare is not allowed here");
        return;
    }
    let folder = private_folder();
    publish(&file_store(folder.path()), Holder::new(1), &token("eyJ")).unwrap();
    runs("finds_token", "true", folder.path(), folder.path());
    runs("finds_nothing", &format!("set -- {namespace}"), folder.path(), folder.path());
}

/// The programs of the tests above. Without its variables it does nothing.
#[test]
fn odd_process() {
    let Ok(phase) = env::var("CG_AUTH_TEST_ODD_PHASE") else { return };
    let store = file_store(env::var_os("CG_AUTH_TEST_ODD_FOLDER").unwrap());
    let (one, other) = (Holder::new(1), Holder::new(2));
    match phase.as_str() {
        "small_files" => {
            for text in ["eyJ1", "eyJ2", "eyJ3", "eyJ4"] {
                publish(&store, one, &token(text)).unwrap();
                let Ok(Claimed::Token(found)) = claim(&store, other, None) else { panic!("no token") };
                assert_eq!(found.access_token.expose_secret(), text);
            }
        }
        "no_files" => {
            let problem = source_of(&publish(&store, one, &token("eyJ5")).unwrap_err());
            assert!(problem.ends_with("file too large"), "{problem}");
            assert!(matches!(claim(&store, other, None), Ok(Claimed::Token(_))));
        }
        "open_files" => {
            assert!(matches!(claim(&store, one, Some(HOUR)), Ok(Claimed::Won(_))));
            let mut others: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
            let is_short = |error| source_of(&error).contains("Too many open files");
            let inspected = ThreadRuntime::block_on(store.inspect(&entry()));
            assert!(is_short(inspected.unwrap_err()));
            // There is room for the lock, and then none for the entry.
            others.pop();
            assert!(is_short(publish(&store, one, &Publication::Released).unwrap_err()));
            others.clear();
            assert!(matches!(claim(&store, other, Some(HOUR)), Ok(Claimed::Held(_))));
        }
        "another_current_folder" => {
            assert!(matches!(claim(&store, one, Some(HOUR)), Ok(Claimed::Won(_))));
            env::set_current_dir("/").unwrap();
            assert!(matches!(claim(&store, other, Some(HOUR)), Ok(Claimed::Held(_))));
        }
        "finds_token" => assert!(matches!(claim(&store, other, None), Ok(Claimed::Token(_)))),
        "finds_nothing" => assert!(matches!(claim(&store, other, None), Ok(Claimed::Free))),
        "no_name" => {
            let folder = env::current_dir().unwrap();
            fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
            claim(&store, one, Some(HOUR)).unwrap_err();
        }
        _ => {
            assert!(matches!(claim(&store, one, Some(HOUR)), Ok(Claimed::Won(_))));
            assert!(matches!(claim(&store, other, Some(HOUR)), Ok(Claimed::Held(_))));
        }
    }
}
