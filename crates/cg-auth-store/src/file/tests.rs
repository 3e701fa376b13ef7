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
    let shared = Shared { folder, clock, threads: OffThread::default() };
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
    for name in [".cg-auth-new-dead", "garbage", "NOTES.txt", ".tmp-of-another-program"] {
        fs::write(folder.path().join(name), "not a record").unwrap();
    }
    was_swept(&folder, long_ago());
    claims(&store, "new", 1, HOUR);
    let left = [".lock", ".tmp-of-another-program", "NOTES.txt", "garbage", "lives", "new"];
    assert_eq!(names(&folder), left);
}

/// Many processes that start at once would otherwise wait for each other.
#[test]
fn all_processes_share_one_sweep_in_ten_minutes() {
    let folder = private_folder();
    let ends = |name: &str| {
        let store = FileStore::new(folder.path());
        claims(&store, name, 1, Duration::from_nanos(1));
    };
    ["a", "b", "c"].into_iter().for_each(ends);
    assert_eq!(names(&folder), [".lock", "a", "b", "c"]);
    was_swept(&folder, long_ago());
    ["d", "e"].into_iter().for_each(ends);
    assert_eq!(names(&folder), [".lock", "d", "e"]);
    // The wall clock was wrong, and has been set back.
    was_swept(&folder, std::time::UNIX_EPOCH + 100_000 * 24 * HOUR);
    ["f", "g"].into_iter().for_each(ends);
    assert_eq!(names(&folder), [".lock", "f", "g"]);
}

#[test]
fn an_entry_that_has_ended_is_removed_in_the_end_however_many_others_live() {
    let folder = private_folder();
    let store = FileStore::new(folder.path());
    claims(&store, "ended", 1, Duration::from_nanos(1));
    claims(&store, "lives", 1, HOUR);
    let path = |name: &str| folder.path().join(name);
    for number in 0..700 {
        fs::hard_link(path("lives"), path(&format!("lives{number}"))).unwrap();
    }
    // A sweep looks at 500 of them.
    for _ in 0..1000 {
        was_swept(&folder, long_ago());
        claims(&store, "lives", 1, HOUR);
        if !path("ended").exists() {
            return;
        }
    }
    panic!("it is there after 1000 sweeps");
}

fn was_swept(folder: &tempfile::TempDir, time: std::time::SystemTime) {
    let lock = fs::File::options().write(true).open(folder.path().join(".lock")).unwrap();
    lock.set_modified(time).unwrap();
}

fn long_ago() -> std::time::SystemTime {
    cg_auth_core::time::Now::system().wall() - HOUR
}

fn names(folder: &tempfile::TempDir) -> Vec<String> {
    let files = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
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
