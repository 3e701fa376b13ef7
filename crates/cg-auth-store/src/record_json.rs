//! A [`Record`] as JSON. Bytes are in base64, and each end in microseconds of the store's clock.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cg_auth_core::{
    Recovery,
    token::store::{Holder, SharedFailure},
};
use serde::{Deserialize, Serialize};

use crate::record::{Record, Saved};

/// The text of a record, which counts from `epoch`.
pub(crate) fn write(record: &Record, epoch: &str, now: Duration) -> Vec<u8> {
    let file = File {
        version: VERSION,
        epoch: epoch.to_owned(),
        saved_at: micros(now),
        token: record.token.as_ref().map(|saved| Token {
            sealed: STANDARD.encode(&saved.sealed),
            digest: STANDARD.encode(saved.digest),
            end: micros(saved.end),
            holder: number_of(saved.holder),
        }),
        nothing_newer: record.has_nothing_newer,
        lease: record.lease.map(|(holder, end)| Lease { holder: number_of(holder), end: micros(end) }),
        cool_down: record.cool_down.as_ref().map(|(failure, end)| CoolDown {
            kind: failure.kind().to_owned(),
            recovery: failure.recovery().as_str().to_owned(),
            status: failure.status(),
            end: micros(*end),
        }),
        failures: record.failures.map(|(count, end)| Failures { count, end: micros(end) }),
    };
    // Text and numbers are always written.
    serde_json::to_vec(&file).unwrap_or_default()
}

/// The record in a text; `None` if the text is not a record of this version. A record of another epoch, or from after
/// `now`, has ended as a whole.
pub(crate) fn read(text: &[u8], epoch: &str, now: Duration) -> Option<Record> {
    let file: File = serde_json::from_slice(text).ok().filter(|file: &File| file.version == VERSION)?;
    if file.epoch != epoch || Duration::from_micros(file.saved_at) > now {
        return Some(Record::default());
    }
    let token = match file.token {
        Some(token) => Some(Saved {
            sealed: STANDARD.decode(token.sealed).ok()?,
            digest: STANDARD.decode(token.digest).ok()?.try_into().ok()?,
            end: Duration::from_micros(token.end),
            holder: holder_of(&token.holder)?,
        }),
        None => None,
    };
    let lease = match file.lease {
        Some(lease) => Some((holder_of(&lease.holder)?, Duration::from_micros(lease.end))),
        None => None,
    };
    let cool_down = match file.cool_down {
        Some(CoolDown { kind, recovery, status, end }) => {
            let failure = SharedFailure::new(&kind, recovery_of(&recovery), status);
            Some((failure, Duration::from_micros(end)))
        }
        None => None,
    };
    let failures = file.failures.map(|Failures { count, end }| (count, Duration::from_micros(end)));
    Some(Record { token, has_nothing_newer: file.nothing_newer, lease, cool_down, failures })
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    epoch: String,
    saved_at: u64,
    token: Option<Token>,
    nothing_newer: bool,
    lease: Option<Lease>,
    cool_down: Option<CoolDown>,
    failures: Option<Failures>,
}

#[derive(Serialize, Deserialize)]
struct Token {
    sealed: String,
    digest: String,
    end: u64,
    holder: String,
}

#[derive(Serialize, Deserialize)]
struct Lease {
    holder: String,
    end: u64,
}

#[derive(Serialize, Deserialize)]
struct CoolDown {
    kind: String,
    recovery: String,
    status: Option<u16>,
    end: u64,
}

#[derive(Serialize, Deserialize)]
struct Failures {
    count: u32,
    end: u64,
}

/// Rounded down, so that nothing lives too long.
fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn number_of(holder: Holder) -> String {
    format!("{:032x}", holder.number())
}

fn holder_of(number: &str) -> Option<Holder> {
    u128::from_str_radix(number, 16).ok().map(Holder::new)
}

/// An unknown word, from a later version, counts as the mildest remedy.
fn recovery_of(word: &str) -> Recovery {
    let known = [Recovery::ReplaceCredential, Recovery::FixConfiguration];
    known.into_iter().find(|recovery| recovery.as_str() == word).unwrap_or(Recovery::Retry)
}

const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn record() -> Record {
        let failure = SharedFailure::new("api", Recovery::ReplaceCredential, Some(401));
        Record {
            token: Some(Saved {
                sealed: (0..=255).collect(),
                digest: *b"sixteen bytes...",
                end: 9 * SECOND,
                holder: Holder::new(u128::MAX),
            }),
            has_nothing_newer: true,
            lease: Some((Holder::new(1), 8 * SECOND)),
            cool_down: Some((failure, 7 * SECOND)),
            failures: Some((3, 70 * SECOND)),
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        for record in [record(), Record::default()] {
            assert_eq!(read(&write(&record, "boot 1", SECOND), "boot 1", SECOND), Some(record));
        }
    }

    #[test]
    fn a_record_of_another_boot_or_from_the_future_has_ended() {
        let text = write(&record(), "boot 1", 5 * SECOND);
        assert_eq!(read(&text, "boot 2", 5 * SECOND), Some(Record::default()));
        assert_eq!(read(&text, "boot 1", 4 * SECOND), Some(Record::default()));
    }

    #[test]
    fn the_text_is_that_of_version_1() {
        let text = String::from_utf8(write(&record(), "boot 1", SECOND)).unwrap();
        let (sealed, rest) = text.split_once(r#","digest""#).unwrap();
        assert!(
            sealed.starts_with(r#"{"version":1,"epoch":"boot 1","saved_at":1000000,"token":{"sealed":"AAEC"#)
        );
        assert_eq!(
            rest,
            r#":"c2l4dGVlbiBieXRlcy4uLg==","end":9000000,"holder":"ffffffffffffffffffffffffffffffff"},"nothing_newer":true,"lease":{"holder":"00000000000000000000000000000001","end":8000000},"cool_down":{"kind":"api","recovery":"replace_credential","status":401,"end":7000000},"failures":{"count":3,"end":70000000}}"#
        );
    }

    #[test]
    fn a_text_that_is_cut_off_or_changed_is_no_record_and_no_panic() {
        let text = write(&record(), "boot 1", SECOND);
        for len in 0..text.len() {
            assert_eq!(read(&text[..len], "boot 1", SECOND), None, "{len}");
        }
        for at in 0..text.len() {
            for byte in [0, b'"', b'9', b'{', 0xff] {
                let mut changed = text.clone();
                changed[at] = byte;
                let _ = read(&changed, "boot 1", SECOND);
            }
        }
        let text = String::from_utf8(text).unwrap();
        for (part, other) in [
            (r#""version":1"#, r#""version":2"#),
            ("c2l4dGVlbiBieXRlcy4uLg==", "c2l4dGVlbg=="),
            ("00000000000000000000000000000001", "x"),
            (r#""saved_at":1000000"#, r#""saved_at":-1"#),
            (r#""saved_at":1000000"#, r#""saved_at":1e99"#),
        ] {
            assert!(text.contains(part), "{part}");
            assert_eq!(read(text.replace(part, other).as_bytes(), "boot 1", SECOND), None, "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text: Vec<u8>, number: u64, part in 0_usize..4, status: u16) {
            let _ = read(&text, "boot 1", SECOND);
            // Any number is a time, and no record lives on by an overflow.
            let (end, saved_at) = if part % 2 == 0 { (number, 0) } else { (u64::MAX, number) };
            let text = format!(
                r#"{{"version":1,"epoch":"boot 1","saved_at":{saved_at},"token":null,"nothing_newer":true,
                "lease":{{"holder":"1","end":{end}}},"failures":null,
                "cool_down":{{"kind":"x","recovery":"?","status":{status},"end":{end}}}}}"#
            );
            let mut record = read(text.as_bytes(), "boot 1", SECOND).unwrap();
            record.end_overdue(SECOND);
            let lives = saved_at <= 1_000_000 && end > 1_000_000;
            proptest::prop_assert_eq!(record.lease.is_some(), lives);
            proptest::prop_assert_eq!(record.cool_down.is_some(), lives);
            proptest::prop_assert!(!record.has_nothing_newer);
        }
    }
}
