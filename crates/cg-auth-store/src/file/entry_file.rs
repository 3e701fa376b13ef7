//! [`EntryFile`]: the file of one entry.

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
    size_limit,
    slots::{LONGEST, Slots, end_of_first},
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

    /// What the file holds. The clock is read last, so that a record that was saved during the read is not of the
    /// future.
    ///
    /// # Errors
    /// [`StoreError`] if the system has no room to open a file, so that nothing is known of it.
    pub(super) fn read(&self) -> Result<Content, StoreError> {
        let found = self.read_bytes();
        let at = self.clock.now();
        let read = match found {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Content { record: Record::default(), kind: Kind::Missing, at });
            }
            Err(error) if is_shortage(&error) => {
                return Err(self.folder.error("cannot read an entry of the store in", error));
            }
            found => found.ok().flatten().and_then(|bytes| record_json::read(&bytes, self.clock.epoch(), at)),
        };
        Ok(match read {
            Some(mut record) => {
                record.end_overdue(at);
                Content { record, kind: Kind::Record, at }
            }
            None => Content { record: Record::default(), kind: Kind::Unreadable, at },
        })
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

    /// Whether the file holds a record, so that this one could be saved beside it. Where a limit on the size of files
    /// leaves no room for that, a new file has it.
    fn overwrite(&self, bytes: &[u8]) -> io::Result<bool> {
        let opened = self.folder.open(self.name, OpenOptions::new().read(true).write(true));
        let mut slots = match opened.map(Slots::new) {
            Err(error) if is_shortage(&error) => return Err(error),
            Err(_) => return Ok(false),
            Ok(slots) => slots,
        };
        match slots.read() {
            Ok(Some(newest)) if size_limit::allows(newest.end_of_next(bytes)) => {
                slots.write_after(&newest, bytes).map(|()| true)
            }
            _ => Ok(false),
        }
    }

    /// Replaces whatever has the name of the entry by a new file.
    fn create(&self, bytes: &[u8]) -> io::Result<()> {
        if !size_limit::allows(end_of_first(bytes)) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let file = Builder::new().prefix(TEMPORARY).tempfile_in(self.folder.path())?;
        Folder::make_private(file.as_file())?;
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

/// Whether the process or the system has no room for an open file.
#[cfg(unix)]
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|error| shortages.contains(&error))
}

#[cfg(not(unix))]
fn is_shortage(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}

fn is_entry_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// How the name of a temporary file begins. No other program names a file so.
pub(super) const TEMPORARY: &str = ".cg-auth-new-";
