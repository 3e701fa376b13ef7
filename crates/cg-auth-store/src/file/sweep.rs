//! Removes ended entries and temporary files that are left over from the folder of a store.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use cg_auth_core::time::Now;

use super::{
    clock::StoreClock,
    entry_file::{EntryFile, Kind, TEMPORARY},
    folder::Folder,
    folder_lock::FolderLock,
};

/// Removes the entries that have ended and the temporary files of processes that were killed, unless a process has done
/// so within ten minutes. No temporary file is in use while `lock` is held. Other files stay, and failures are ignored.
///
/// The time of the last sweep is that of the lock's file. Many processes that start at once would otherwise sweep one
/// after the other, and those that wait for the lock would give up.
pub(super) fn if_due(folder: &Folder, clock: &StoreClock, lock: &FolderLock) {
    let now = Now::system().wall();
    let last = lock.file().metadata().and_then(|metadata| metadata.modified());
    if last.is_ok_and(|last| !is_due(last, now)) || lock.file().set_modified(now).is_err() {
        return;
    }
    sweep(folder, clock);
}

/// A time of the future comes from a clock that was wrong.
fn is_due(last: SystemTime, now: SystemTime) -> bool {
    now.duration_since(last).map_or(true, |since| since > BETWEEN_SWEEPS)
}

fn sweep(folder: &Folder, clock: &StoreClock) {
    let Ok(files) = fs::read_dir(folder.path()) else { return };
    let names = files.flatten().filter_map(|file| file.file_name().into_string().ok());
    let (temporary, mut others): (Vec<_>, Vec<_>) =
        names.take(MOST_NAMES).partition(|name| name.starts_with(TEMPORARY));
    for name in temporary {
        let _ = fs::remove_file(folder.path().join(name));
    }
    // Each sweep reads other files, so that every file has its turn.
    let start = clock.now().subsec_nanos() as usize % others.len().max(1);
    others.rotate_left(start);
    let entries = others.iter().filter_map(|name| EntryFile::new(folder, clock, name).ok());
    for entry in entries.take(MOST_LOOKED_AT) {
        // An unreadable file stays, so that the next claim of its entry tells of it.
        if entry.read().is_ok_and(|it| it.kind == Kind::Record && it.record.is_empty()) {
            let _ = entry.remove();
        }
    }
}

const BETWEEN_SWEEPS: Duration = Duration::from_secs(10 * 60);
/// How many entries a sweep reads, so that it does not hold the lock for too long.
const MOST_LOOKED_AT: usize = 500;
const MOST_NAMES: usize = 20_000;
