//! Reads the replies of the scripts. A reply of another shape is an error, whatever the server sends.

use std::time::Duration;

use cg_auth_core::{
    Recovery,
    token::store::{CoolDown, Lease, Published, SharedFailure, StoreError},
};
use cg_auth_store::byte_store::{ByteClaimed, ByteEntry, SealedToken};
use redis::Value;

/// The answer of a script, with its time by the clock of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) now: u64,
    /// Without the time. `None` if the script came too late, so that it has changed nothing.
    pub(crate) value: Option<Value>,
}

/// The answer of any script.
pub(crate) fn answer(reply: Value) -> Result<Answer, StoreError> {
    let Value::Array(mut parts) = reply else { return Err(unknown()) };
    let now = parts.first().and_then(number).ok_or_else(unknown)?;
    parts.remove(0);
    let is_late = parts.first().and_then(bytes) == Some(b"late");
    Ok(Answer { now, value: (!is_late).then_some(Value::Array(parts)) })
}

/// The answer to `TIME`, in microseconds.
pub(crate) fn time(reply: &Value) -> Result<u64, StoreError> {
    let Value::Array(parts) = reply else { return Err(unknown()) };
    let [seconds, micros] = parts.as_slice() else { return Err(unknown()) };
    let part = |value| text(value)?.parse::<u64>().ok();
    let time = part(seconds).zip(part(micros));
    let micros = |(seconds, micros): (u64, u64)| seconds.checked_mul(1_000_000)?.checked_add(micros);
    time.and_then(micros).ok_or_else(unknown)
}

/// The answer of the script `claim`.
pub(crate) fn claimed(reply: Value) -> Result<ByteClaimed, StoreError> {
    read_claimed(reply).ok_or_else(unknown)
}

/// The answer of the script `publish`.
pub(crate) fn published(reply: &Value) -> Result<Published, StoreError> {
    let Value::Array(parts) = reply else { return Err(unknown()) };
    match parts.first().and_then(bytes) {
        Some(b"done") => Ok(Published::Done),
        Some(b"nothing_newer") => Ok(Published::NothingNewer),
        Some(b"held_elsewhere") => Ok(Published::HeldElsewhere),
        _ => Err(unknown()),
    }
}

/// The answer of the script `remove`.
pub(crate) fn removed(reply: &Value) -> Result<(), StoreError> {
    let Value::Array(parts) = reply else { return Err(unknown()) };
    match parts.first().and_then(bytes) {
        Some(b"removed") => Ok(()),
        _ => Err(unknown()),
    }
}

/// The answer of the script `inspect`.
pub(crate) fn inspected(reply: &Value) -> Result<ByteEntry, StoreError> {
    read_entry(reply).ok_or_else(unknown)
}

fn read_entry(reply: &Value) -> Option<ByteEntry> {
    let Value::Array(parts) = reply else { return None };
    let [
        what,
        is_unreadable,
        failures,
        is_issued_again,
        lease,
        token,
        sealed,
        digest,
        pause,
        kind,
        recovery,
        status,
    ] = parts.as_slice()
    else {
        return None;
    };
    if bytes(what)? != b"entry" {
        return None;
    }
    let failures = number(failures)?;
    let token = match part_left(token)? {
        Some(left) => Some(SealedToken {
            sealed: bytes(sealed)?.to_vec(),
            digest: bytes(digest)?.try_into().ok()?,
            left,
        }),
        None => None,
    };
    let cool_down = match part_left(pause)? {
        Some(left) => Some(CoolDown { left, failures, failure: failure(kind, recovery, status)? }),
        None => None,
    };
    Some(ByteEntry {
        token,
        has_nothing_newer: number::<u8>(is_issued_again)? == 1,
        lease: part_left(lease)?,
        cool_down,
        failures,
        is_unreadable: number::<u8>(is_unreadable)? == 1,
    })
}

fn read_claimed(reply: Value) -> Option<ByteClaimed> {
    let Value::Array(mut parts) = reply else { return None };
    let claimed = match bytes(parts.first()?)? {
        b"token" => {
            let digest = bytes(parts.get(2)?)?.try_into().ok()?;
            let left = micros(parts.get(3)?)?;
            let Value::BulkString(sealed) = parts.swap_remove(1) else { return None };
            ByteClaimed::Token(SealedToken { sealed, digest, left })
        }
        b"won" => {
            let lease = Lease::after(number(parts.get(1)?)?);
            let is_unreadable = number::<u8>(parts.get(2)?)? == 1;
            ByteClaimed::Won(if is_unreadable { lease.of_unreadable_entry() } else { lease })
        }
        b"held" => ByteClaimed::Held(micros(parts.get(1)?)?),
        b"cooling_down" => ByteClaimed::CoolingDown(CoolDown {
            left: micros(parts.get(1)?)?,
            failures: number(parts.get(2)?)?,
            failure: failure(parts.get(3)?, parts.get(4)?, parts.get(5)?)?,
        }),
        b"nothing_newer" => ByteClaimed::NothingNewer,
        b"free" => ByteClaimed::Free,
        _ => return None,
    };
    Some(claimed)
}

fn failure(kind: &Value, recovery: &Value, status: &Value) -> Option<SharedFailure> {
    let status = match text(status)? {
        "" => None,
        digits => Some(digits.parse().ok()?),
    };
    // An unknown word, from a later version, counts as the mildest remedy.
    let known = [Recovery::ReplaceCredential, Recovery::FixConfiguration];
    let word = text(recovery)?;
    let recovery = known.into_iter().find(|recovery| recovery.as_str() == word).unwrap_or(Recovery::Retry);
    Some(SharedFailure::new(text(kind)?, recovery, status))
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    str::from_utf8(bytes(value)?).ok()
}

fn number<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    match value {
        Value::Int(number) => T::try_from(*number).ok(),
        _ => None,
    }
}

fn micros(value: &Value) -> Option<Duration> {
    number(value).map(Duration::from_micros)
}

/// How long a part of the entry still lasts. A part that is missing has -1, which is `None` here.
fn part_left(value: &Value) -> Option<Option<Duration>> {
    match value {
        Value::Int(-1) => Some(None),
        value => micros(value).map(Some),
    }
}

fn unknown() -> StoreError {
    StoreError::new("the server answers a script as no Redis does; check that the URL names a Redis server")
}
