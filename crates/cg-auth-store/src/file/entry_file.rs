//! [`EntryFile`]: the file of one entry. [`sweep`] removes those that have ended.

use std::{
    fs::{self, OpenOptions},
    io,
    time::Duration,
};

use cg_auth_core::token::store::StoreError;
use tempfile::Builder;

use super::{
    clock::StoreClock,
    folder::Folder,
    slots::{LONGEST, Slots},
};
use crate::{record::Record, record_json};

/// The file of one entry. Every change holds the lock of the folder.
#[derive(Debug)]
pub(super) struct EntryFile<'a> {
    folder: &'a Folder,
    clock: &'a StoreClock,
    name: &'a str,
}

/// What a file held when it was read.
#[derive(Debug)]
pub(super) struct Content {
    /// Without the parts that had ended by then.
    pub(super) record: Record,
    pub(super) kind: Kind,
    /// When it was read, by the clock of the store.
    pub(super) at: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Missing,
    Record,
    /// The file holds no record, or is no file.
    Unreadable,
}

impl<'a> EntryFile<'a> {
    pub(super) fn new(folder: &'a Folder, clock: &'a StoreClock, name: &'a str) -> Result<Self, StoreError> {
        match is_entry_name(name) {
            true => Ok(Self { folder, clock, name }),
            false => Err(StoreError::new(
                "the name of an entry on disk has 1 to 128 lower-case letters and digits",
            )),
        }
    }

    /// What the file holds. The clock is read last, so that a record that was saved during the read is not of the future.
    pub(super) fn read(&self) -> Content {
        let found = self.read_bytes();
        let at = self.clock.now();
        let read = match found {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Content { record: Record::default(), kind: Kind::Missing, at };
            }
            found => found.ok().flatten().and_then(|bytes| record_json::read(&bytes, self.clock.epoch(), at)),
        };
        match read {
            Some(mut record) => {
                record.end_overdue(at);
                Content { record, kind: Kind::Record, at }
            }
            None => Content { record: Record::default(), kind: Kind::Unreadable, at },
        }
    }

    fn read_bytes(&self) -> io::Result<Option<Vec<u8>>> {
        let file = self.folder.open(self.name, OpenOptions::new().read(true))?;
        Ok(Slots::new(file).read()?.map(|newest| newest.bytes))
    }

    /// Saves the record. It does not wait for the disk, because a record that a power cut has torn has ended by the next
    /// start.
    ///
    /// A file that holds a record gets the next one in its other slot. If other programs write much, creating or renaming
    /// a file can wait for the disk for a second, and every other process would wait for the lock.
    pub(super) fn write(&self, record: &Record, now: Duration) -> Result<(), StoreError> {
        if record.is_empty() {
            return self.remove();
        }
        let bytes = record_json::write(record, self.clock.epoch(), now);
        if bytes.len() > LONGEST {
            return Err(StoreError::new("the token is too long for the store"));
        }
        let written = self.overwrite(&bytes).and_then(|done| if done { Ok(()) } else { self.create(&bytes) });
        written.map_err(|error| self.folder.error("cannot write an entry of the store in", error))
    }

    /// Whether the file holds a record, so that this one could be saved beside it.
    fn overwrite(&self, bytes: &[u8]) -> io::Result<bool> {
        let opened = self.folder.open(self.name, OpenOptions::new().read(true).write(true));
        let Ok(mut slots) = opened.map(Slots::new) else { return Ok(false) };
        match slots.read() {
            Ok(Some(newest)) => slots.write_after(&newest, bytes).map(|()| true),
            _ => Ok(false),
        }
    }

    /// Replaces whatever has the name of the entry by a new file.
    fn create(&self, bytes: &[u8]) -> io::Result<()> {
        let file = Builder::new().prefix(TEMPORARY).tempfile_in(self.folder.path())?;
        Slots::new(file.as_file()).write_first(bytes)?;
        file.persist(self.folder.path().join(self.name)).map(drop).map_err(|error| error.error)
    }

    pub(super) fn remove(&self) -> Result<(), StoreError> {
        match fs::remove_file(self.folder.path().join(self.name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.folder.error("cannot remove an entry of the store in", error))
            }
            _ => Ok(()),
        }
    }
}

/// Removes the entries that have ended, and the temporary files of processes that were killed: none is in use while
/// the lock of the folder is held. Other files stay.
pub(super) fn sweep(folder: &Folder, clock: &StoreClock) {
    let Ok(files) = fs::read_dir(folder.path()) else { return };
    let mut looked_at = 0;
    for file in files.flatten() {
        let name = file.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.starts_with(TEMPORARY) {
            let _ = fs::remove_file(file.path());
            continue;
        }
        let Ok(entry) = EntryFile::new(folder, clock, name) else { continue };
        looked_at += 1;
        if looked_at > MOST_LOOKED_AT {
            return;
        }
        // An unreadable file stays, so that the next claim of its entry tells of it.
        let content = entry.read();
        if content.kind == Kind::Record && content.record.is_empty() {
            let _ = entry.remove();
        }
    }
}

fn is_entry_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// How the name of a temporary file begins.
const TEMPORARY: &str = ".tmp-";
/// How many entries a sweep reads, so that it does not hold the lock for too long.
const MOST_LOOKED_AT: usize = 500;
