//! [`Certificate`]: issuer, names and validity of a server's certificate.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value};
use x509_cert::{
    Certificate as X509,
    der::Decode as _,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

use crate::time_format::{distance, rfc3339};

/// Issuer, names and times of a certificate. The server chose them all, so they are bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    issuer: String,
    names: Vec<String>,
    not_before: SystemTime,
    not_after: SystemTime,
}

impl Certificate {
    /// Reads a certificate in DER; `None` if it cannot be read.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let certificate = X509::from_der(der).ok()?;
        let body = certificate.tbs_certificate();
        let alternative = body.get_extension::<SubjectAltName>().ok().flatten();
        let mut names: Vec<_> =
            alternative.iter().flat_map(|(_, names)| &names.0).filter_map(name).take(MOST_NAMES).collect();
        if names.is_empty() {
            names.push(bounded(&body.subject().to_string()));
        }
        let validity = body.validity();
        Some(Self {
            issuer: bounded(&body.issuer().to_string()),
            names,
            not_before: UNIX_EPOCH + validity.not_before.to_unix_duration(),
            not_after: UNIX_EPOCH + validity.not_after.to_unix_duration(),
        })
    }

    /// Names, issuer, and the validity relative to `now`, for a person.
    pub(super) fn text(&self, now: SystemTime) -> String {
        let time = |time: SystemTime| rfc3339(time).unwrap_or_else(|| "at an unknown time".to_owned());
        let validity = if self.not_before > now {
            format!("not valid before {} ({})", time(self.not_before), distance(self.not_before, now))
        } else {
            let verb = if self.not_after <= now { "expired" } else { "expires" };
            format!("{verb} {} ({})", distance(self.not_after, now), time(self.not_after))
        };
        format!("{self}, {validity}")
    }

    /// Names, issuer and times, for a program.
    pub(super) fn facts(&self, now: SystemTime) -> Map<String, Value> {
        let mut facts = Map::new();
        facts.insert("issuer".to_owned(), self.issuer.clone().into());
        facts.insert("names".to_owned(), self.names.clone().into());
        facts.insert("not_before".to_owned(), rfc3339(self.not_before).into());
        facts.insert("not_after".to_owned(), rfc3339(self.not_after).into());
        facts.insert("days_left".to_owned(), self.days_left(now).into());
        facts
    }

    /// Whole days until it expires; negative once it has expired.
    fn days_left(&self, now: SystemTime) -> i64 {
        let days = |seconds: u64| i64::try_from(seconds / DAY).unwrap_or(i64::MAX);
        match self.not_after.duration_since(now) {
            Ok(left) => days(left.as_secs()),
            Err(past) => -1 - days(past.duration().as_secs()),
        }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate for {} by {}", self.names.join(", "), self.issuer)
    }
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(bounded(name.as_str())),
        GeneralName::IpAddress(address) => match *address.as_bytes() {
            [a, b, c, d] => Some(Ipv4Addr::new(a, b, c, d).to_string()),
            ref bytes => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string()),
        },
        _ => None,
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

const DAY: u64 = 24 * 60 * 60;
const MOST_NAMES: usize = 10;
const LONGEST_TEXT: usize = 200;
