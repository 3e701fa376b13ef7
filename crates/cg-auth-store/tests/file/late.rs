//! Operations that need no lock, and operations that get it too late.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use cg_auth_core::{
    Recovery,
    time::{Now, ThreadRuntime},
    token::store::{
        Claim, Claimed, CoolDown, Holder, Publication, Published, SharedFailure, StoredToken, TokenStore as _,
    },
};
use cg_auth_store::file_store;
use rustix::{
    fs::{FlockOperation, flock},
    process::{Pid, Signal, kill_process},
};

use super::{HOUR, claim, entry, private_folder, publish, source_of, token};

/// Takes the lock of the folder, as another process that changes something.
fn lock(folder: &Path) -> File {
    let lock = File::open(folder.join(".lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    lock
}

#[test]
fn a_claim_that_changes_nothing_needs_no_lock() {
    let folder = private_folder();
    let store = file_store(folder.path());
    let (one, other) = (Holder::new(1), Holder::new(2));

    assert!(matches!(claim(&store, one, Some(HOUR)), Ok(Claimed::Won(_))));
    let held = lock(folder.path());
    let claimed = claim(&store, other, Some(HOUR));
    assert!(matches!(claimed, Ok(Claimed::Held(left)) if left > HOUR / 2), "{claimed:?}");
    drop(held);

    let failure = SharedFailure::new("api", Recovery::Retry, Some(503));
    let cool_down = CoolDown { left: HOUR, failures: 3, failure };
    publish(&store, one, &Publication::CoolDown(cool_down)).unwrap();
    let held = lock(folder.path());
    let claimed = claim(&store, other, Some(HOUR));
    assert!(matches!(&claimed, Ok(Claimed::CoolingDown(it)) if it.failures == 3), "{claimed:?}");
    drop(held);

    publish(&store, one, &token("eyJ")).unwrap();
    let held = lock(folder.path());
    let Ok(Claimed::Token(StoredToken { access_token, left, .. })) = claim(&store, other, Some(HOUR)) else {
        panic!("no token");
    };
    assert_eq!(access_token.expose_secret(), "eyJ");
    assert!(matches!(claim(&store, other, None), Ok(Claimed::Token(_))), "a look");
    drop(held);

    publish(&store, other, &token("eyJ")).unwrap();
    let held = lock(folder.path());
    let mut renewal = Claim::new(Holder::new(3));
    (renewal.held, renewal.lease) = (Some((access_token, left)), Some(HOUR));
    let claimed = ThreadRuntime::block_on(store.claim(&entry(), &renewal));
    assert!(matches!(claimed, Ok(Claimed::NothingNewer)), "{claimed:?}");
    drop(held);
}

#[test]
fn an_operation_that_changes_something_waits_for_the_lock_in_vain() {
    let folder = private_folder();
    let store = file_store(folder.path());
    publish(&store, Holder::new(1), &token("eyJ")).unwrap();
    let before = fs::read(folder.path().join(entry().name())).unwrap();
    let _held = lock(folder.path());
    for error in [
        publish(&store, Holder::new(1), &token("another")).unwrap_err(),
        publish(&store, Holder::new(1), &Publication::CoolDown(cool_down())).unwrap_err(),
        ThreadRuntime::block_on(store.remove(&entry())).unwrap_err(),
    ] {
        assert!(source_of(&error).ends_with("locked for 400ms"), "{error:?}");
    }
    assert_eq!(fs::read(folder.path().join(entry().name())).unwrap(), before);
}

fn cool_down() -> CoolDown {
    CoolDown { left: HOUR, failures: 1, failure: SharedFailure::new("api", Recovery::Retry, None) }
}

/// The file grows to its second record and no further, and no file is created or renamed in its place.
#[test]
fn a_record_is_replaced_in_its_file() {
    use std::os::unix::fs::MetadataExt as _;

    let folder = private_folder();
    let store = file_store(folder.path());
    let file = || fs::metadata(folder.path().join(entry().name())).unwrap();
    publish(&store, Holder::new(1), &token(&"eyJ".repeat(1000))).unwrap();
    publish(&store, Holder::new(1), &token(&"eyK".repeat(1000))).unwrap();
    let (inode, length) = (file().ino(), file().len());
    for number in 0..100 {
        let text = format!("{number:03}").repeat(1000);
        assert_eq!(publish(&store, Holder::new(1), &token(&text)).unwrap(), Published::Done);
        let Ok(Claimed::Token(found)) = claim(&store, Holder::new(2), None) else { panic!("no token") };
        assert_eq!(found.access_token.expose_secret(), text);
        assert_eq!((file().ino(), file().len()), (inode, length));
    }
}

/// Threads that look all the time see each record as a whole, and in its order.
#[test]
fn a_look_during_changes_sees_a_whole_record() {
    let folder = private_folder();
    let store = file_store(folder.path());
    // Of some pages, so that it is written in several steps.
    let text = |number: u32| format!("{number:04}").repeat(5000);
    publish(&store, Holder::new(1), &token(&text(0))).unwrap();
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut last = 0;
                    while last < LAST {
                        let Ok(Claimed::Token(found)) = claim(&store, Holder::new(2), None) else {
                            panic!("no token")
                        };
                        let found = found.access_token.expose_secret().to_owned();
                        let number = found[..4].parse().unwrap();
                        assert!(found == text(number), "record {number} is torn");
                        assert!(number >= last, "{number} after {last}");
                        last = number;
                    }
                })
            })
            .collect();
        for number in 1..=LAST {
            // A loaded machine may keep an operation for longer than its limit.
            while publish(&store, Holder::new(1), &token(&text(number))).is_err() {}
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}

const LAST: u32 = 200;

/// A process waits for the lock and stands still. Once it goes on, the lock is free, but its caller has waited for longer
/// than any does.
#[cfg(target_os = "linux")]
#[test]
fn a_process_that_stood_still_changes_nothing_once_it_goes_on() {
    for operation in ["claim", "publish", "remove"] {
        let folder = private_folder();
        let store = file_store(folder.path());
        publish(&store, Holder::new(1), &token("eyJ")).unwrap();
        let held = lock(folder.path());
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "late::late_process", "--nocapture"])
            .env("CG_AUTH_TEST_LATE_FOLDER", folder.path())
            .env("CG_AUTH_TEST_LATE_OPERATION", operation)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until_it_has_opened(child.id(), &folder.path().join(".lock"));
        let pid = Pid::from_child(&child);
        kill_process(pid, Signal::STOP).unwrap();
        // Longer than an operation may take. Its caller would have given it up.
        thread::sleep(Duration::from_millis(600));
        drop(held);
        kill_process(pid, Signal::CONT).unwrap();
        let output = child.wait_with_output().unwrap();
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.contains("outcome: failed"), "{operation}: {output}");

        let Ok(Claimed::Token(found)) = claim(&store, Holder::new(2), None) else { panic!("{operation}") };
        assert_eq!(found.access_token.expose_secret(), "eyJ", "{operation}");
        let renewal = {
            let mut claim = Claim::new(Holder::new(2));
            (claim.unwanted, claim.lease) = (vec![found.access_token], Some(HOUR));
            ThreadRuntime::block_on(store.claim(&entry(), &claim))
        };
        assert!(matches!(renewal, Ok(Claimed::Won(_))), "{operation}: {renewal:?}");
    }
}

/// It opens the lock each time it tries to take it.
#[cfg(target_os = "linux")]
fn wait_until_it_has_opened(process: u32, path: &Path) {
    let begun = Now::system().monotonic();
    let is_open = || {
        let files = fs::read_dir(format!("/proc/{process}/fd")).unwrap().flatten();
        files.map(|file| fs::read_link(file.path())).any(|target| target.is_ok_and(|target| target == path))
    };
    while !is_open() {
        assert!(Now::system().monotonic() - begun < Duration::from_secs(60), "it does not try");
    }
}

/// The program of the test above. Without its variables it does nothing.
#[test]
fn late_process() {
    let Ok(operation) = std::env::var("CG_AUTH_TEST_LATE_OPERATION") else { return };
    let store = file_store(std::env::var_os("CG_AUTH_TEST_LATE_FOLDER").unwrap());
    let holder = Holder::new(7);
    let outcome = match operation.as_str() {
        "claim" => {
            let mut claim = Claim::new(holder);
            let unwanted = cg_auth_core::model::AccessToken::new("eyJ").unwrap();
            (claim.unwanted, claim.lease) = (vec![unwanted], Some(HOUR));
            ThreadRuntime::block_on(store.claim(&entry(), &claim)).map(drop)
        }
        "publish" => publish(&store, holder, &token("late")).map(drop),
        _ => ThreadRuntime::block_on(store.remove(&entry())),
    };
    println!("outcome: {}", if outcome.is_err() { "failed" } else { "done" });
}
