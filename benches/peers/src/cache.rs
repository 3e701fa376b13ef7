//! [`Cache`]: what every subject with a cache can do.

use std::{error::Error, future::Future, sync::Arc};

use http::HeaderValue;

use crate::{service::Service, subject::Subject};

/// Where in its life the token of a cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It was just issued, for an hour.
    Fresh,
    /// It is valid, and the subject would renew it. A subject without such a window has a valid token.
    Early,
    /// The subject takes it for expired.
    Expired,
}

pub type Refused = Box<dyn Error + Send + Sync>;

/// A cached token, by the documented best use of its library.
pub trait Cache: Send + Sync + Sized + 'static {
    const SUBJECT: Subject;

    /// The lifetime in seconds of a token that the subject renews after about one second.
    const TURNOVER: u64;

    /// A cache that holds a token of `service` in `phase`. The service issues tokens for an hour afterwards.
    fn open(service: Arc<Service>, phase: Phase) -> impl Future<Output = Self> + Send;

    /// The length of a valid token.
    fn token(&self) -> impl Future<Output = Result<usize, Refused>> + Send;

    /// The value of the header `authorization`, ready to send.
    fn header(&self) -> impl Future<Output = Result<HeaderValue, Refused>> + Send;
}

/// Calls a generic function for each subject with a cache; the floor comes first.
macro_rules! for_each_cache {
    ($call:ident($($argument:expr),*)) => {{
        $call::<$crate::peers::floor::Floor>($($argument),*);
        $call::<$crate::peers::cg_auth::CgAuth>($($argument),*);
        $call::<$crate::peers::huskarl::Huskarl>($($argument),*);
        $call::<$crate::peers::tame::Tame>($($argument),*);
        $call::<$crate::peers::yup::InMemoryYup>($($argument),*);
        $call::<$crate::peers::azure::Azure>($($argument),*);
        $call::<$crate::peers::google::Google>($($argument),*);
        $call::<$crate::peers::smithy::Smithy>($($argument),*);
    }};
}
pub(crate) use for_each_cache;

/// `Bearer` and the token, for the peers that leave the header to the program.
pub fn bearer(token: &str) -> Result<HeaderValue, Refused> {
    Ok(HeaderValue::from_str(&format!("Bearer {token}"))?)
}
