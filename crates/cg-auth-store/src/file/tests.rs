use std::fs;

use cg_auth_core::time::ThreadRuntime;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn claim(holder: u128, lease: Duration) -> ByteClaim {
    ByteClaim { holder: Holder::new(holder), held: None, unwanted: Vec::new(), lease: Some(lease) }
}

fn claims(store: &FileStore, name: &str, holder: u128, lease: Duration) -> ByteClaimed {
    ThreadRuntime::block_on(store.claim(name, &claim(holder, lease))).unwrap()
}

/// The store as after another start of the machine.
fn after_another_boot(folder: &Path) -> FileStore {
    let (folder, clock) = (Folder::new(folder.to_owned()), StoreClock::of_another_boot());
    let shared = Shared { folder, clock, threads: OffThread::default(), last_sweep: Mutex::default() };
    FileStore { shared: Arc::new(shared) }
}

#[test]
fn another_start_of_the_machine_ends_everything() {
    let folder = private_folder();
    let store = FileStore::new(folder.path());
    assert!(matches!(claims(&store, "a", 1, HOUR), ByteClaimed::Won(_)));
    assert!(matches!(claims(&store, "a", 2, HOUR), ByteClaimed::Held(_)));
    let store = after_another_boot(folder.path());
    assert!(matches!(claims(&store, "a", 2, HOUR), ByteClaimed::Won(lease) if !lease.is_unreadable));
}

#[test]
fn a_sweep_removes_what_has_ended_and_what_killed_processes_left_and_nothing_else() {
    let folder = private_folder();
    let store = FileStore::new(folder.path());
    assert!(matches!(claims(&store, "lives", 1, HOUR), ByteClaimed::Won(_)));
    assert!(matches!(claims(&store, "ended", 1, Duration::from_nanos(1)), ByteClaimed::Won(_)));
    for name in [".tmp-dead", "garbage", "NOTES.txt", ".lock"] {
        fs::write(folder.path().join(name), "not a record").unwrap();
    }
    // The first operation of another process.
    claims(&FileStore::new(folder.path()), "new", 1, HOUR);
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, [".lock", "NOTES.txt", "garbage", "lives", "new"]);
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let folder = private_folder();
    let store = FileStore::new(folder.path());
    for name in ["", "..", "../a", "a/b", "/a", ".lock", "A", "a.b", "a\0", &"a".repeat(129)] {
        let claimed = ThreadRuntime::block_on(store.claim(name, &claim(1, HOUR)));
        assert!(claimed.is_err(), "{name:?}");
        assert!(ThreadRuntime::block_on(store.remove(name)).is_err(), "{name:?}");
    }
}

#[test]
fn a_token_that_is_too_long_is_an_error_and_leaves_the_entry_as_it_was() {
    let folder = private_folder();
    let store = FileStore::new(folder.path());
    let sealed = crate::byte_store::SealedToken { sealed: vec![7; 300_000], digest: [7; 16], left: HOUR };
    let publication = BytePublication::Token(sealed);
    assert!(matches!(claims(&store, "a", 1, HOUR), ByteClaimed::Won(_)));
    let published = ThreadRuntime::block_on(store.publish("a", Holder::new(1), &publication));
    let error = std::error::Error::source(&published.unwrap_err()).unwrap().to_string();
    assert_eq!(error, "the token is too long for the store");
    assert!(matches!(claims(&store, "a", 2, HOUR), ByteClaimed::Held(_)));
}

/// A new folder of this user alone.
fn private_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;

    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir().unwrap()
}
