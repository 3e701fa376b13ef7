use std::time::Duration;

use cg_auth_core::{
    BaseUrl, ClientSecret, UserPrincipalName,
    model::AccessToken,
    testing::ManualClock,
    time::ThreadRuntime,
    token::store::{Lease, StoredToken},
};
use proptest::prelude::*;

use super::*;
use crate::{MemoryStore, byte_store::SealedToken};

const HOUR: Duration = Duration::from_secs(3600);

fn entry(base_url: &str, user: &str, secret: &str) -> StoreEntry {
    let base_url = BaseUrl::parse(base_url).unwrap();
    let user = UserPrincipalName::new(user).unwrap();
    keys::entry_of(&EntryOwner::new(&base_url, &user, &ClientSecret::new(secret).unwrap()))
}

fn an_entry() -> StoreEntry {
    entry("https://governance.example.com", "someone@example.com", "s3cret")
}

fn token(text: &str) -> StoredToken {
    let access_token = AccessToken::new(text).unwrap();
    StoredToken { access_token, lifetime: Some(HOUR), left: Some(HOUR) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Computed in Python with `hmac` and `AESGCM`, so that another implementation reads what this one has written.
#[test]
fn the_derivation_is_that_of_version_1() {
    let entry = an_entry();
    assert_eq!(entry.name(), "d6e38ee6dd3ad1fc187966076f050c3498bc635882a6bbc0848bb444f6bcf496");
    assert_eq!(
        hex(entry.expose_key()),
        concat!(
            "c700f54dea2572f6c677d83c1604ae943ac2cecbe126501d80ca6b3efa527738",
            "c54179a37cb85c461f953d23a98b67018900d3663f13782f297261c22741512a"
        )
    );
    let keys = Keys::of(&entry).unwrap();
    assert_eq!(hex(&keys.digest(&AccessToken::new("eyJ").unwrap())), "81934e9db91b0bdaf37ed2cbcba68168");
    let sealed = "01000102030405060708090a0be01817f1b33c1061b51cfc4fe7383f06e7b6627f7a5597bd546a51";
    let bytes = |hex: &str| -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    let digest = keys.digest(&AccessToken::new("eyJ").unwrap());
    let opened = keys.open(entry.name(), &SealedToken { sealed: bytes(sealed), digest, left: HOUR }).unwrap();
    assert_eq!((opened.access_token.expose_secret(), opened.lifetime), ("eyJ", Some(HOUR)));
}

#[test]
fn every_part_of_an_owner_gives_other_names_and_keys_wherever_it_ends() {
    let owners = [
        ("https://governance.example.com", "someone@example.com", "s3cret"),
        ("https://governance.example.com/a", "someone@example.com", "s3cret"),
        ("https://governance.example.com", "1someone@example.com", "s3cret"),
        ("https://governance.example.com", "someone@example.com", "s3cret1"),
    ];
    let entries = owners.map(|(base_url, user, secret)| entry(base_url, user, secret));
    for (at, one) in entries.iter().enumerate() {
        for other in &entries[..at] {
            assert_ne!(one.name(), other.name());
            assert_ne!(one.expose_key()[..32], other.expose_key()[..32]);
            assert_ne!(one.expose_key()[32..], other.expose_key()[32..]);
        }
        let key = one.expose_key();
        assert_ne!(key[..32], key[32..]);
        assert!(!hex(key).contains(one.name()));
    }
    let in_capitals = entry("https://governance.example.com/", "SomeOne@example.com", "s3cret");
    assert_eq!(entries[0].name(), in_capitals.name());
    assert_eq!(entries[0].expose_key(), in_capitals.expose_key());
}

#[test]
fn a_token_lives_no_longer_than_it_did_when_it_was_new() {
    let (entry, keys) = (an_entry(), Keys::of(&an_entry()).unwrap());
    let sealed = keys.seal(entry.name(), &token("eyJ")).unwrap();
    let left = |left| keys.open(entry.name(), &SealedToken { left, ..sealed.clone() }).unwrap().left;
    assert_eq!(
        [left(HOUR / 2), left(HOUR * 9), left(Duration::MAX)].map(Option::unwrap),
        [HOUR / 2, HOUR, HOUR]
    );
}

#[test]
fn the_same_token_is_sealed_into_other_bytes_each_time() {
    let (entry, keys) = (an_entry(), Keys::of(&an_entry()).unwrap());
    let [one, other] = [(); 2].map(|()| keys.seal(entry.name(), &token("eyJ")).unwrap());
    assert_eq!(one.digest, other.digest);
    assert_ne!(one.sealed, other.sealed);
    assert_ne!(one.sealed[1..13], other.sealed[1..13]);
}

#[test]
fn an_entry_of_another_kind_of_store_is_an_error_and_no_panic() {
    let store = Sealed::new(MemoryStore::new());
    for len in [0, 1, 32, 63, 65, 128] {
        let entry = StoreEntry::new("name", zeroize::Zeroizing::new(vec![7; len]));
        let claimed = ThreadRuntime::block_on(store.claim(&entry, &Claim::new(Holder::new(1))));
        assert!(claimed.is_err(), "{len}");
        let publication = Publication::Token(token("eyJ"));
        assert!(ThreadRuntime::block_on(store.publish(&entry, Holder::new(1), &publication)).is_err());
    }
}

/// A damaged token is a miss which the lease tells of, and the next publication heals it, whatever token it brings.
#[test]
fn a_damaged_entry_is_won_and_healed_also_by_the_same_token() {
    ThreadRuntime::block_on(async {
        let bytes = MemoryStore::with_clock(ManualClock::new());
        let (store, entry) = (Sealed::new(bytes.clone()), an_entry());
        let mut damaged = Keys::of(&entry).unwrap().seal(entry.name(), &token("eyJ")).unwrap();
        *damaged.sealed.last_mut().unwrap() ^= 1;
        bytes.publish(entry.name(), Holder::new(9), &BytePublication::Token(damaged)).await.unwrap();

        let mut claim = Claim::new(Holder::new(1));
        claim.lease = Some(HOUR);
        let claimed = store.claim(&entry, &claim).await.unwrap();
        assert!(matches!(claimed, Claimed::Won(Lease { is_unreadable: true, .. })), "{claimed:?}");
        let publication = Publication::Token(token("eyJ"));
        store.publish(&entry, Holder::new(1), &publication).await.unwrap();
        let claimed = store.claim(&entry, &Claim::new(Holder::new(2))).await.unwrap();
        assert!(matches!(claimed, Claimed::Token(_)), "{claimed:?}");
    });
}

#[test]
fn the_debug_output_shows_no_sealed_bytes_and_no_key() {
    let entry = an_entry();
    let sealed = Keys::of(&entry).unwrap().seal(entry.name(), &token("eyJ")).unwrap();
    assert_eq!(format!("{sealed:?}"), "SealedToken { left: 3600s, .. }");
    let shown = format!("{:?}", BytePublication::Token(sealed));
    assert_eq!(shown, "Token(SealedToken { left: 3600s, .. })");
}

proptest! {
    #[test]
    fn what_was_sealed_is_opened(text in "[ -~\u{a1}-\u{17f}]{1,200}", millis in 0..u64::MAX, is_known: bool) {
        let (entry, keys) = (an_entry(), Keys::of(&an_entry()).unwrap());
        let lifetime = is_known.then(|| Duration::from_millis(millis));
        let token = StoredToken { lifetime, left: lifetime, ..token(&text) };
        let opened = keys.open(entry.name(), &keys.seal(entry.name(), &token).unwrap()).unwrap();
        prop_assert_eq!(opened.access_token.expose_secret(), text);
        prop_assert_eq!((opened.lifetime, opened.left), (lifetime, lifetime));
    }

    #[test]
    fn changed_bytes_do_not_open(text in "[!-~]{1,60}", at: prop::sample::Index, bit in 0..8, cut: bool) {
        let (entry, keys) = (an_entry(), Keys::of(&an_entry()).unwrap());
        let sealed = keys.seal(entry.name(), &token(&text)).unwrap();
        let mut changed = sealed.clone();
        let at = at.index(changed.sealed.len());
        if cut { changed.sealed.truncate(at) } else { changed.sealed[at] ^= 1u8 << bit }
        prop_assert!(keys.open(entry.name(), &changed).is_none());
        let mut changed = sealed.clone();
        changed.digest[at % 16] ^= 1u8 << bit;
        prop_assert!(keys.open(entry.name(), &changed).is_none());
        let mut longer = sealed;
        longer.sealed.push(0);
        prop_assert!(keys.open(entry.name(), &longer).is_none());
    }

    #[test]
    fn bytes_of_another_entry_do_not_open(user in "[a-z]{1,9}", secret in "[!-~]{1,20}") {
        let (entry, keys) = (an_entry(), Keys::of(&an_entry()).unwrap());
        let other = entry_of_another(&user, &secret);
        let sealed = Keys::of(&other).unwrap().seal(other.name(), &token("eyJ")).unwrap();
        prop_assert!(keys.open(entry.name(), &sealed).is_none());
        // Nor under another name with the same key.
        let sealed = keys.seal(other.name(), &token("eyJ")).unwrap();
        prop_assert!(keys.open(entry.name(), &sealed).is_none());
    }

    #[test]
    fn no_bytes_make_it_panic(sealed: Vec<u8>, digest: [u8; 16]) {
        let (entry, keys) = (an_entry(), Keys::of(&an_entry()).unwrap());
        let first = SealedToken { sealed, digest, left: HOUR };
        prop_assert!(keys.open(entry.name(), &first).is_none());
    }
}

fn entry_of_another(user: &str, secret: &str) -> StoreEntry {
    entry("https://governance.example.com", &format!("{user}@example.org"), secret)
}
