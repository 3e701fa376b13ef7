//! The file of an entry in a file store, and the sealed bytes in it.

use std::{fs, path::Path, time::Duration};

use cg_auth_core::{
    BaseUrl, ClientSecret, UserPrincipalName,
    time::ThreadRuntime,
    token::store::{Claim, Claimed, EntryOwner, Holder, TokenStore as _},
};
use cg_auth_store::file_store;

/// Whatever the file holds, a claim is answered, hands out no token that was not sealed under the secret, and
/// the entry can be removed.
pub fn check(input: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    make_private(folder.path(), 0o700);
    answers(folder.path(), input);
}

fn answers(folder: &Path, input: &[u8]) {
    let base_url = BaseUrl::parse("https://governance.example.com").expect("a base URL");
    let user = UserPrincipalName::new("someone@example.com").expect("a user");
    let secret = ClientSecret::new("s3cret").expect("a secret");
    let store = file_store(folder);
    let entry = store.entry(&EntryOwner::new(&base_url, &user, &secret));
    let file = folder.join(entry.name());
    // The epoch of this machine, so that the rest of a record counts.
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let text = String::from_utf8_lossy(input).replace("EPOCH", &format!("boot {}", boot.trim()));
    let bytes = if input.is_ascii() { text.into_bytes() } else { input.to_vec() };
    fs::write(&file, bytes).expect("a file");
    make_private(&file, 0o600);

    let mut claim = Claim::new(Holder::new(7));
    claim.lease = Some(Duration::from_secs(6));
    ThreadRuntime::block_on(async {
        let claimed = store.claim(&entry, &claim).await.expect("an answer");
        assert!(
            !matches!(claimed, Claimed::Token(_)),
            "a token that was not sealed with the key of this entry"
        );
        store.remove(&entry).await.expect("removed");
        let claimed = store.claim(&entry, &claim).await.expect("an answer");
        assert!(matches!(claimed, Claimed::Won(lease) if lease.failures == 0 && !lease.is_unreadable));
    });
}

#[cfg(unix)]
fn make_private(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

#[cfg(not(unix))]
fn make_private(_: &Path, _: u32) {}
