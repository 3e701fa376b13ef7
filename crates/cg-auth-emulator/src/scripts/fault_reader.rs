//! Reads the `fault` of a script's JSON.

use std::time::Duration;

use bytes::Bytes;

use super::{
    fault::{AnswerPart, ConnectionEnd, Fault, Point},
    fault_kind::FaultKind,
};
use crate::{
    input::{InputError, Members},
    names::{Named, named, one_of},
};

pub(super) fn read(mut fault: Members) -> Result<Fault, InputError> {
    let kind = fault.choice("kind")?;
    let kind = kind.ok_or_else(|| {
        let kinds = one_of(&FaultKind::names());
        fault.missing("kind", &format!("a string, {kinds}, unless `fault` names a fault"))
    })?;
    let read = match kind {
        FaultKind::End => {
            Fault::End { at: point(&mut fault)?, how: fault.choice("how")?.unwrap_or(ConnectionEnd::Close) }
        }
        FaultKind::Stall => Fault::Stall { at: point(&mut fault)? },
        FaultKind::Truncate => Fault::Truncate { missing: fault.whole("bytes", 1..=MANY)?.unwrap_or(1) },
        FaultKind::Overlong => Fault::Overlong { surplus: fault.whole("bytes", 1..=MANY)?.unwrap_or(1) },
        FaultKind::Drip => Fault::Drip {
            part: fault.choice("part")?.unwrap_or(AnswerPart::Body),
            bytes: length(&mut fault, 1)?.unwrap_or(1),
            pause: fault.seconds("interval_seconds", LONGEST_DELAY)?.unwrap_or(Duration::from_millis(100)),
        },
        FaultKind::ExtraBytes => Fault::ExtraBytes(bytes(&mut fault)?),
        FaultKind::Instead => Fault::Instead(bytes(&mut fault)?),
        FaultKind::EndlessHeaders => {
            Fault::EndlessHeaders { limit: fault.whole("limit_bytes", 1..=MANY)?.unwrap_or(ENDLESS) }
        }
        FaultKind::Informational => Fault::Informational {
            status: fault
                .get("status", "a whole number from 100 to 199, and not 101", |value| {
                    crate::input::whole_number(value).map(narrowed).filter(|it| Fault::is_interim(*it))
                })?
                .unwrap_or(103),
            count: narrowed(fault.whole("count", 1..=MOST_INTERIM)?.unwrap_or(1)),
        },
        FaultKind::GoAway => Fault::GoAway {
            code: code(&mut fault)?,
            last_stream_id: fault.whole("last_stream_id", 0..=LAST_STREAM)?.map(narrowed),
            debug_data: fault.text("debug_data")?.unwrap_or_default().into(),
            answered: fault.flag("answered")?.unwrap_or(false),
        },
        FaultKind::ResetStream => {
            Fault::ResetStream { code: code(&mut fault)?, after_body_bytes: length(&mut fault, 0)? }
        }
    };
    fault.done()?;
    Ok(read)
}

/// The place of a [`Point`] without its bytes.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Start,
    Head,
    Body,
    Complete,
}

named!(pub(crate) Place: Start = "start", Head = "head", Body = "body", Complete = "complete");

fn point(fault: &mut Members) -> Result<Point, InputError> {
    let bytes = length(fault, 0)?;
    let at = fault.choice("at")?.unwrap_or(Place::Start);
    match (at, bytes) {
        (Place::Start, None) => Ok(Point::Start),
        (Place::Complete, None) => Ok(Point::Complete),
        (Place::Head, bytes) => Ok(Point::Head(bytes.unwrap_or(20))),
        (Place::Body, bytes) => Ok(Point::Body(bytes.unwrap_or(10))),
        (_, Some(_)) => Err(fault.unusable("bytes", "counts only where `at` is head or body; leave it out")),
    }
}

fn length(fault: &mut Members, least: u64) -> Result<Option<usize>, InputError> {
    Ok(fault.whole("bytes", least..=MANY)?.map(narrowed))
}

/// The bytes to send, at least one.
fn bytes(fault: &mut Members) -> Result<Bytes, InputError> {
    match (fault.name("text")?, fault.base64("base64")?) {
        (Some(_), Some(_)) => Err(fault.conflict("base64", "text")),
        (Some(text), None) => Ok(text.into()),
        (None, Some(bytes)) if bytes.is_empty() => {
            Err(fault
                .unusable("base64", "is an empty string; it must be a string in base64 that is not empty"))
        }
        (None, Some(bytes)) => Ok(bytes.into()),
        (None, None) => {
            Err(fault.missing("text", "a string that is not empty, unless `base64` holds the bytes"))
        }
    }
}

fn code(fault: &mut Members) -> Result<u32, InputError> {
    Ok(fault.whole("code", 0..=u64::from(u32::MAX))?.map_or(0, narrowed))
}

/// A number that a range check has made small enough.
fn narrowed<T: TryFrom<u64> + Default>(number: u64) -> T {
    T::try_from(number).unwrap_or_default()
}

/// The longest delay of a script, and pause of a fault: a day.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The most bytes that a fault counts: 1 GiB.
pub(crate) const MANY: u64 = 1 << 30;
/// The most interim answers.
pub(crate) const MOST_INTERIM: u64 = 10_000_000;
/// The highest id of a stream of HTTP/2.
pub(crate) const LAST_STREAM: u64 = 0x7FFF_FFFF;
/// Where endless headers end by default: 16 MiB.
const ENDLESS: u64 = 16 << 20;
