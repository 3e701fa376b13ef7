//! [`EntryFile`]: the file of one entry. [`sweep`] removes those that have ended.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    time::Duration,
};

use cg_auth_core::token::store::StoreError;
use tempfile::Builder;

use super::{clock::StoreClock, folder::Folder};
use crate::{record::Record, record_json};

/// The file of one entry. Every use holds the lock of the folder.
#[derive(Debug)]
pub(super) struct EntryFile<'a> {
    folder: &'a Folder,
    clock: &'a StoreClock,
    name: &'a str,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) record: Record,
    /// Whether something is there that is no record.
    pub(super) is_unreadable: bool,
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

    /// The record, without what has ended.
    pub(super) fn read(&self, now: Duration) -> Result<Content, StoreError> {
        let bytes = match self.read_bytes() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(_) => return Ok(Content { is_unreadable: true, ..Content::default() }),
        };
        let read = record_json::read(&bytes, self.clock.epoch(), now);
        Ok(match read {
            Some(mut record) => {
                record.end_overdue(now);
                Content { record, is_unreadable: false }
            }
            None => Content { is_unreadable: true, ..Content::default() },
        })
    }

    fn read_bytes(&self) -> io::Result<Vec<u8>> {
        let file = self.folder.open(self.name, OpenOptions::new().read(true))?;
        let mut bytes = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > LONGEST {
            true => Err(io::Error::other("the file is too long")),
            false => Ok(bytes),
        }
    }

    /// Replaces the file. It does not wait for the disk: a file that a power cut has torn is an unreadable one.
    pub(super) fn write(&self, record: &Record, now: Duration) -> Result<(), StoreError> {
        if record.is_empty() {
            return self.remove();
        }
        let bytes = record_json::write(record, self.clock.epoch(), now);
        if bytes.len() as u64 > LONGEST {
            return Err(StoreError::new("the token is too long for the store"));
        }
        let written =
            Builder::new().prefix(TEMPORARY).tempfile_in(self.folder.path()).and_then(|mut file| {
                file.write_all(&bytes)?;
                file.persist(self.folder.path().join(self.name)).map_err(|error| error.error)
            });
        written.map(drop).map_err(|error| self.folder.error("cannot write an entry of the store in", error))
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
pub(super) fn sweep(folder: &Folder, clock: &StoreClock, now: Duration) {
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
        if entry.read(now).is_ok_and(|content| !content.is_unreadable && content.record.is_empty()) {
            let _ = entry.remove();
        }
    }
}

fn is_entry_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// How long a file may be. A token is some thousand bytes.
const LONGEST: u64 = 256 * 1024;
/// How the name of a file begins that becomes an entry.
const TEMPORARY: &str = ".tmp-";
/// A sweep of more files would hold the lock for too long.
const MOST_LOOKED_AT: usize = 500;
