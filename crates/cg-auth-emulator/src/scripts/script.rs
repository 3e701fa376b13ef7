//! [`Script`]: which requests a script applies to, and what happens to them.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use cg_auth_core::body::Body;
use http::{HeaderName, Response, header};

use crate::{operation::Operation, refusal::Refusal};

/// A script for the next requests for one operation.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) id: u64,
    pub(crate) operation: Operation,
    /// How many more requests the script applies to.
    pub(crate) remaining: u64,
    /// How many requests the script has applied to.
    pub(crate) hits: Arc<AtomicU64>,
    pub(crate) behaviour: Behaviour,
}

/// What happens to a request: a delay in real time, then the ending.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    pub(crate) delay: Duration,
    pub(crate) ending: Ending,
}

/// What happens to a request after its delay. `Debug` shows only the status of an answer.
#[derive(Clone)]
pub(crate) enum Ending {
    /// The service answers, as without a script.
    Passthrough,
    Answer(Response<Body>),
    Refuse(Refusal),
    /// The connection is closed without an answer.
    DropConnection,
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passthrough => f.write_str("Passthrough"),
            Self::Answer(response) => f.debug_tuple("Answer").field(&response.status()).finish(),
            Self::Refuse(refusal) => f.debug_tuple("Refuse").field(&refusal.status).finish(),
            Self::DropConnection => f.write_str("DropConnection"),
        }
    }
}

/// The headers that frame a message. The HTTP library sets them, so a scripted answer must not.
pub(crate) const FRAMING_HEADERS: [HeaderName; 5] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE, header::TE];
