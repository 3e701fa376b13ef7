//! [`FileStore`]: a store of the processes of one machine.

mod clock;
mod entry_file;
mod folder;
mod folder_lock;
mod off_thread;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::token::store::{Holder, Published, StoreError};

use self::{
    clock::StoreClock,
    entry_file::{Content, EntryFile},
    folder::Folder,
    folder_lock::FolderLock,
    off_thread::OffThread,
};
use crate::{
    byte_store::{ByteClaim, ByteClaimed, ByteEntry, BytePublication, ByteStore},
    record::Record,
    sealed::Sealed,
};

/// The store of the processes that reach `folder`: a sealed [`FileStore`].
#[must_use]
pub fn file_store(folder: impl Into<PathBuf>) -> Sealed<FileStore> {
    Sealed::new(FileStore::new(folder))
}

/// A [`ByteStore`] in a folder, with one file for each entry. A clone is the same store.
///
/// - **Access.** Folder and files belong to the user of the process, and no other user can read or write them (0700
///   and 0600). Each operation creates a missing folder, and refuses one of another owner or mode, and a
///   symbolic link. Windows has no such modes: there the permissions of the parent folder count.
/// - **Changes.** An operation holds the lock of the folder (`flock`) while it reads and changes a record, and never
///   during an acquisition. It replaces a file atomically. The system ends the lock of a process that is killed.
/// - **Ends** are readings of the boot clock of Linux beside the id of the boot, so restarting the machine ends
///   everything, and setting the wall clock changes nothing. Other systems have the wall clock: setting it
///   back ends everything, and setting it forward ends what would end until then.
/// - **One machine.** Containers share a volume if they have one kernel and one user id. Network file systems are not
///   supported; several machines share a store on Redis.
/// - **Failures.** A full or read-only disk, a lock that is taken for 400 ms, or a folder of the wrong kind is a
///   [`StoreError`], with which a provider acquires by itself. What cannot be read in place of an entry, such as a
///   torn file after a power cut, counts as an empty entry and is replaced.
///
/// An operation runs on a thread of its own, so it needs no runtime and blocks none.
#[derive(Debug, Clone)]
pub struct FileStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: Folder,
    clock: StoreClock,
    threads: OffThread,
    last_sweep: Mutex<Option<Duration>>,
}

impl FileStore {
    /// The store in `folder`, which need not exist. Nothing is read before the first operation.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let (clock, threads) = (StoreClock::of_this_machine(), OffThread::default());
        let shared =
            Shared { folder: Folder::new(folder.into()), clock, threads, last_sweep: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.shared.folder.path()
    }

    /// Creates the folder if it is missing, and checks it as each operation does. This blocks for the time of a few
    /// system calls.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be created, or if others can reach it. Its source names the way out.
    pub fn check_folder(&self) -> Result<(), StoreError> {
        self.shared.folder.prepare()
    }

    async fn operate<T: Send + 'static>(
        &self,
        name: &str,
        operation: impl FnOnce(&EntryFile<'_>, Duration) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (shared, name) = (Arc::clone(&self.shared), name.to_owned());
        self.shared.threads.run(move || shared.operate(&name, operation)).await
    }

    async fn change<T: Send + 'static>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Record, Duration) -> T + Send + 'static,
    ) -> Result<(T, bool), StoreError> {
        self.operate(name, move |file, now| {
            let Content { mut record, is_unreadable } = file.read(now)?;
            let before = record.clone();
            let result = change(&mut record, now);
            if record != before {
                file.write(&record, now)?;
            }
            Ok((result, is_unreadable))
        })
        .await
    }
}

#[async_trait]
impl ByteStore for FileStore {
    async fn claim(&self, name: &str, claim: &ByteClaim) -> Result<ByteClaimed, StoreError> {
        let claim = claim.clone();
        let (claimed, is_unreadable) =
            self.change(name, move |record, now| record.claim(&claim, now)).await?;
        Ok(match claimed {
            ByteClaimed::Won(lease) if is_unreadable => ByteClaimed::Won(lease.of_unreadable_entry()),
            claimed => claimed,
        })
    }

    async fn publish(
        &self,
        name: &str,
        holder: Holder,
        publication: &BytePublication,
    ) -> Result<Published, StoreError> {
        let publication = publication.clone();
        let (published, _) =
            self.change(name, move |record, now| record.publish(holder, &publication, now)).await?;
        Ok(published)
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.operate(name, |file, _| file.remove()).await
    }

    /// Takes no lock, because each file is replaced as a whole, and creates no folder.
    async fn inspect(&self, name: &str) -> Result<ByteEntry, StoreError> {
        let (shared, name) = (Arc::clone(&self.shared), name.to_owned());
        self.shared.threads.run(move || shared.inspect(&name)).await
    }
}

impl Shared {
    fn operate<T>(
        &self,
        name: &str,
        operation: impl FnOnce(&EntryFile<'_>, Duration) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let file = EntryFile::new(&self.folder, &self.clock, name)?;
        self.folder.prepare()?;
        let lock = FolderLock::acquire(&self.folder)?;
        let now = self.clock.now();
        self.sweep(now);
        let result = operation(&file, now);
        drop(lock);
        result
    }

    fn inspect(&self, name: &str) -> Result<ByteEntry, StoreError> {
        let file = EntryFile::new(&self.folder, &self.clock, name)?;
        if !self.folder.exists()? {
            return Ok(ByteEntry::default());
        }
        let now = self.clock.now();
        let Content { record, is_unreadable } = file.read(now)?;
        Ok(ByteEntry { is_unreadable, ..record.entry(now) })
    }

    /// Removes what has ended, and what killed processes have left, every ten minutes. A failure is no matter: the
    /// next sweep tries again.
    fn sweep(&self, now: Duration) {
        let mut last = self.last_sweep.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| now.saturating_sub(last) > BETWEEN_SWEEPS) {
            *last = Some(now);
            drop(last);
            entry_file::sweep(&self.folder, &self.clock, now);
        }
    }
}

const BETWEEN_SWEEPS: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
#[cfg(unix)]
mod tests;
