//! What stands in the place of the folder, of the lock or of an entry.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use cg_auth_core::{
    time::ThreadRuntime,
    token::store::{Claimed, EntryState, Holder, Lease, StoreError, TokenStore as _},
};
use cg_auth_store::file_store;
use rustix::fs::{FlockOperation, flock};

use super::{HOUR, claim, entry, private_folder, publish, source_of, token};

#[test]
fn folder_and_files_belong_to_the_user_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/b");
    publish(&file_store(&folder), Holder::new(1), &token("the-token")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("the-token") && !text.contains("someone"), "{text}");
    }
}

#[test]
fn a_folder_that_others_can_reach_is_refused_with_the_way_out() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("store");
    fs::create_dir(&folder).unwrap();
    for mode in [0o755, 0o770, 0o702, 0o701, 0o1777] {
        fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
        let error = claim(&file_store(&folder), Holder::new(1), Some(HOUR)).unwrap_err();
        let path = folder.display();
        let expected = format!("other users can reach the folder of the store; run: chmod 700 '{path}'");
        assert_eq!(source_of(&error), format!("{path}: {expected}"));
        assert!(file_store(&folder).byte_store().check_folder().is_err());
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "nothing was written");
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    claim(&file_store(&folder), Holder::new(1), Some(HOUR)).unwrap();
}

/// After `chmod -R 755`, the way out that the error names is enough.
#[test]
fn a_folder_whose_files_others_could_read_is_used_again_after_the_way_out() {
    let folder = private_folder();
    let store = file_store(folder.path());
    publish(&store, Holder::new(1), &token("eyJ")).unwrap();
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        set(&file.unwrap().path(), 0o755);
    }
    set(folder.path(), 0o755);
    assert!(claim(&store, Holder::new(2), Some(HOUR)).is_err());
    set(folder.path(), 0o700);
    let claimed = claim(&store, Holder::new(2), Some(HOUR)).unwrap();
    assert!(matches!(claimed, Claimed::Won(Lease { is_unreadable: true, .. })), "{claimed:?}");
    publish(&store, Holder::new(2), &token("eyJ")).unwrap();
    assert!(matches!(claim(&store, Holder::new(3), Some(HOUR)), Ok(Claimed::Token(_))));
}

#[test]
fn a_link_a_file_and_a_folder_of_another_user_are_refused() {
    let parent = tempfile::tempdir().unwrap();
    let (target, link, file) =
        (parent.path().join("target"), parent.path().join("link"), parent.path().join("file"));
    fs::create_dir(&target).unwrap();
    fs::set_permissions(&target, Permissions::from_mode(0o700)).unwrap();
    symlink(&target, &link).unwrap();
    fs::write(&file, "").unwrap();
    let problem = |folder: &Path| source_of(&claim(&file_store(folder), Holder::new(1), None).unwrap_err());
    assert!(problem(&link).ends_with("the folder of the store is a symbolic link; name its target"));
    assert!(problem(&file).ends_with("the folder of the store is no folder; name another one"));
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&target, Some(65534), None).unwrap();
        let expected = "the folder of the store belongs to another user; name another one";
        assert!(problem(&target).ends_with(expected));
    }
}

/// Puts something in the place of the entry, and expects a claim that wins and says so, and then an ordinary entry.
fn is_replaced(what: &str, put: impl FnOnce(&Path)) {
    let folder = private_folder();
    let store = file_store(folder.path());
    let path = folder.path().join(entry().name());
    put(&path);
    let claimed = claim(&store, Holder::new(1), Some(HOUR)).unwrap();
    assert!(matches!(claimed, Claimed::Won(Lease { is_unreadable: true, .. })), "{what}: {claimed:?}");
    publish(&store, Holder::new(1), &token("eyJ")).unwrap();
    let claimed = claim(&store, Holder::new(2), None).unwrap();
    assert!(matches!(claimed, Claimed::Token(_)), "{what}: {claimed:?}");
    assert!(path.symlink_metadata().unwrap().is_file(), "{what}");
}

#[test]
fn whatever_stands_in_the_place_of_an_entry_is_a_miss_and_is_replaced() {
    is_replaced("an empty file", |path| private(path, b""));
    is_replaced("garbage", |path| private(path, &[0xff; 1000]));
    is_replaced("JSON of another kind", |path| private(path, b"[{\"version\":1}]"));
    is_replaced("deep JSON", |path| private(path, "[".repeat(200_000).as_bytes()));
    is_replaced("a huge file", |path| {
        private(path, b"{");
        File::options().write(true).open(path).unwrap().set_len(1 << 40).unwrap();
    });
    is_replaced("a file that others can read", |path| {
        private(path, b"{}");
        fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    });
    is_replaced("a pipe", |path| {
        assert!(Command::new("mkfifo").arg("-m600").arg(path).status().unwrap().success());
    });
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("target");
    private(&target, b"precious");
    is_replaced("a symbolic link", |path| symlink(&target, path).unwrap());
    assert_eq!(fs::read(&target).unwrap(), b"precious", "the target of the link is as it was");
}

/// Even where the link leads to an entry that could be read.
#[test]
fn no_link_to_an_entry_is_followed() {
    let (one, other) = (private_folder(), private_folder());
    publish(&file_store(one.path()), Holder::new(1), &token("eyJ")).unwrap();
    symlink(one.path().join(entry().name()), other.path().join(entry().name())).unwrap();
    let claimed = claim(&file_store(other.path()), Holder::new(2), Some(HOUR)).unwrap();
    assert!(matches!(claimed, Claimed::Won(Lease { is_unreadable: true, .. })), "{claimed:?}");
    let claimed = claim(&file_store(one.path()), Holder::new(2), None).unwrap();
    assert!(matches!(claimed, Claimed::Token(_)), "the target is as it was: {claimed:?}");
}

fn private(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_folder_in_the_place_of_an_entry_is_an_error() {
    let folder = private_folder();
    fs::create_dir(folder.path().join(entry().name())).unwrap();
    let error = claim(&file_store(folder.path()), Holder::new(1), Some(HOUR)).unwrap_err();
    assert!(source_of(&error).starts_with("cannot write an entry of the store in "), "{error:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
}

#[test]
fn a_pipe_or_a_link_in_the_place_of_the_lock_is_an_error_and_is_not_waited_for() {
    for is_pipe in [true, false] {
        let folder = private_folder();
        let lock = folder.path().join(".lock");
        match is_pipe {
            true => assert!(Command::new("mkfifo").arg(&lock).status().unwrap().success()),
            false => {
                private(&folder.path().join("target"), b"");
                symlink(folder.path().join("target"), &lock).unwrap();
            }
        }
        let error = claim(&file_store(folder.path()), Holder::new(1), Some(HOUR)).unwrap_err();
        assert!(source_of(&error).starts_with("cannot use the lock of the store in "), "{error:?}");
    }
}

#[test]
fn a_lock_that_another_process_keeps_is_an_error_and_ends_soon() {
    let folder = private_folder();
    let store = file_store(folder.path());
    claim(&store, Holder::new(1), None).unwrap();
    let lock = File::open(folder.path().join(".lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    #[allow(clippy::disallowed_methods)] // a hang bound
    let began = Instant::now();
    let error = claim(&store, Holder::new(1), Some(HOUR)).unwrap_err();
    assert!(source_of(&error).ends_with("locked for 400ms"), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(lock);
    claim(&store, Holder::new(1), Some(HOUR)).unwrap();
}

/// A process that holds the lock of a deleted file delays no other process.
#[test]
fn a_deleted_lock_is_made_anew() {
    let folder = private_folder();
    let store = file_store(folder.path());
    claim(&store, Holder::new(1), None).unwrap();
    let lock = File::open(folder.path().join(".lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    fs::remove_file(folder.path().join(".lock")).unwrap();
    claim(&store, Holder::new(1), Some(HOUR)).unwrap();
}

#[test]
fn a_folder_that_was_deleted_is_made_anew() {
    let parent = tempfile::tempdir().unwrap();
    let store = file_store(parent.path().join("store"));
    publish(&store, Holder::new(1), &token("eyJ")).unwrap();
    fs::remove_dir_all(parent.path().join("store")).unwrap();
    assert!(matches!(claim(&store, Holder::new(1), Some(HOUR)), Ok(Claimed::Won(_))));
}

fn inspect(folder: &Path) -> Result<EntryState, StoreError> {
    ThreadRuntime::block_on(file_store(folder).inspect(&entry()))
}

#[test]
fn a_look_at_a_store_leaves_no_trace_on_the_disk_and_needs_no_lock() {
    let parent = private_folder();
    let folder = parent.path().join("store");
    assert!(inspect(&folder).unwrap().is_empty());
    assert!(!folder.exists());
    publish(&file_store(&folder), Holder::new(1), &token("eyJ")).unwrap();
    let lock = File::open(folder.join(".lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let before = fs::read(folder.join(entry().name())).unwrap();
    assert!(inspect(&folder).unwrap().token.is_some());
    assert_eq!(fs::read(folder.join(entry().name())).unwrap(), before);
}

#[test]
fn a_look_refuses_a_folder_that_others_can_reach_and_tells_of_garbage() {
    let folder = private_folder();
    private(&folder.path().join(entry().name()), b"garbage");
    let state = inspect(folder.path()).unwrap();
    assert!(state.is_unreadable && state.token.is_none(), "{state:?}");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let error = inspect(folder.path()).unwrap_err();
    assert!(source_of(&error).contains("other users can reach the folder of the store"), "{error:?}");
}
