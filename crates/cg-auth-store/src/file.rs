//! [`FileStore`]: a store of the processes of one machine.

mod clock;
mod deadline;
mod entry_file;
mod folder;
mod folder_lock;
mod off_thread;
mod size_limit;
mod slots;
mod sweep;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::token::store::{Holder, Published, StoreError};

use self::{
    clock::StoreClock,
    deadline::Deadline,
    entry_file::{Content, EntryFile, Kind},
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
/// - **Changes.** An operation holds the lock of the folder (`flock`) while it changes a record, and no process holds it
///   during an acquisition. A file has room for two records: an operation writes the next one beside the last one, so a
///   process that is killed leaves a whole record, and the system releases its lock. A claim that changes nothing takes
///   no lock: it finds a token, a cool-down, "nothing newer" or the lease of another process.
/// - **Deadline.** An operation that has waited for more than 400 ms, for the lock or because its process stood still,
///   changes nothing. The lifetime of a token counts from the call.
/// - **Clock.** On Linux each end is a time of the boot clock, stored with the id of the boot. So restarting the machine
///   ends everything, and setting the wall clock changes nothing. Other systems have only the wall clock: setting it back
///   ends everything, and setting it forward ends what would have ended until then.
/// - **One machine.** Containers share a volume if they have one kernel, one user id and one time namespace, and if each
///   or none can read `/proc/sys`. Network file systems are not supported; several machines share a store on Redis.
/// - **Failures.** A full or read-only disk, a lock that is taken for 400 ms, or a folder of the wrong kind is a
///   [`StoreError`], with which a provider acquires by itself. What cannot be read in place of an entry, such as a
///   torn file after a power cut, counts as an empty entry and is replaced.
///
/// An operation runs on a thread of the store, so it needs no runtime and blocks none.
#[derive(Debug, Clone)]
pub struct FileStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: Folder,
    clock: StoreClock,
    threads: OffThread,
}

impl FileStore {
    /// The store in `folder`, which need not exist. A relative path starts from the current folder of this moment.
    /// It reads nothing before the first operation.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let (clock, threads) = (StoreClock::of_this_machine(), OffThread::default());
        Self { shared: Arc::new(Shared { folder: Folder::new(folder.into()), clock, threads }) }
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

    /// Runs `operation` on a thread of its own. The deadline counts from this call.
    async fn operate<T: Send + 'static>(
        &self,
        name: &str,
        operation: impl FnOnce(&Shared, &EntryFile<'_>, Deadline) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let deadline = Deadline::of_this_operation();
        let (shared, name) = (Arc::clone(&self.shared), name.to_owned());
        let operate = move || {
            let file = EntryFile::new(&shared.folder, &shared.clock, &name)?;
            operation(&shared, &file, deadline)
        };
        self.shared.threads.run(operate).await
    }
}

#[async_trait]
impl ByteStore for FileStore {
    async fn claim(&self, name: &str, claim: &ByteClaim) -> Result<ByteClaimed, StoreError> {
        let claim = claim.clone();
        self.operate(name, move |shared, file, deadline| {
            shared.folder.prepare()?;
            if let Some(claimed) = claimed_without_a_change(file, &claim)? {
                return Ok(claimed);
            }
            let (claimed, kind) = shared.change(file, deadline, |record, now| record.claim(&claim, now))?;
            Ok(match claimed {
                ByteClaimed::Won(lease) if kind == Kind::Unreadable => {
                    ByteClaimed::Won(lease.of_unreadable_entry())
                }
                claimed => claimed,
            })
        })
        .await
    }

    async fn publish(
        &self,
        name: &str,
        holder: Holder,
        publication: &BytePublication,
    ) -> Result<Published, StoreError> {
        let publication = publication.clone();
        self.operate(name, move |shared, file, deadline| {
            shared.folder.prepare()?;
            let publish = |record: &mut Record, now| {
                record.publish(holder, &publication.after(deadline.elapsed()), now)
            };
            Ok(shared.change(file, deadline, publish)?.0)
        })
        .await
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.operate(name, |shared, file, deadline| {
            shared.folder.prepare()?;
            let _lock = shared.lock(deadline)?;
            file.remove()
        })
        .await
    }

    /// Takes no lock, and creates no folder.
    async fn inspect(&self, name: &str) -> Result<ByteEntry, StoreError> {
        self.operate(name, |shared, file, _| {
            if !shared.folder.exists()? {
                return Ok(ByteEntry::default());
            }
            let Content { record, kind, at } = read_between_writes(file)?;
            Ok(ByteEntry { is_unreadable: kind == Kind::Unreadable, ..record.entry(at) })
        })
        .await
    }
}

/// The answer to a claim that changes nothing. `None` if there is no record, or if the claim takes the lease.
fn claimed_without_a_change(
    file: &EntryFile<'_>,
    claim: &ByteClaim,
) -> Result<Option<ByteClaimed>, StoreError> {
    let Content { mut record, kind, at } = file.read()?;
    let before = record.clone();
    let claimed = record.claim(claim, at);
    Ok((kind == Kind::Record && record == before).then_some(claimed))
}

/// What the file holds, read without the lock. A file that is read during two writes seems unreadable for a moment.
fn read_between_writes(file: &EntryFile<'_>) -> Result<Content, StoreError> {
    let mut content = file.read()?;
    for _ in 0..READS {
        if content.kind != Kind::Unreadable {
            break;
        }
        content = file.read()?;
    }
    Ok(content)
}

impl Shared {
    /// Changes the record under the lock. It writes only what has changed, and nothing after the deadline.
    fn change<T>(
        &self,
        file: &EntryFile<'_>,
        deadline: Deadline,
        change: impl FnOnce(&mut Record, Duration) -> T,
    ) -> Result<(T, Kind), StoreError> {
        let _lock = self.lock(deadline)?;
        let Content { mut record, kind, at } = file.read()?;
        let before = record.clone();
        let result = change(&mut record, at);
        if record != before {
            deadline.check(&self.folder)?;
            file.write(&record, at)?;
        }
        Ok((result, kind))
    }

    fn lock(&self, deadline: Deadline) -> Result<FolderLock, StoreError> {
        let lock = FolderLock::acquire(&self.folder, deadline)?;
        sweep::if_due(&self.folder, &self.clock, &lock);
        deadline.check(&self.folder).map(|()| lock)
    }
}

/// How often `inspect` reads a file again that seems unreadable.
const READS: usize = 3;

#[cfg(test)]
#[cfg(unix)]
mod tests;
