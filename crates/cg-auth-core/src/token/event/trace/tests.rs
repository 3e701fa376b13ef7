use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};

use tracing::{
    Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::with_default,
};

use super::*;
use crate::{
    client::CallError,
    recovery::Recovery,
    token::{
        EvictionCause, ExpirySource, Grant, Reason, TokenError,
        store::{SharedFailure, StoreError},
    },
    transport::TransportError,
};

/// An emitted event: level, target, name and fields, including the message.
type Emitted = (Level, &'static str, &'static str, Vec<(&'static str, String)>);

#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.push((field.name(), value.to_string()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.push((field.name(), value.to_string()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}

struct Collector(Arc<Mutex<Vec<Emitted>>>);

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        self.0.lock().unwrap().push((*metadata.level(), metadata.target(), metadata.name(), fields.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn emitted(trace: impl FnOnce()) -> Emitted {
    let seen = Arc::default();
    with_default(Collector(Arc::clone(&seen)), trace);
    let mut seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

/// One event of each kind, with all of its optional fields and with none of them.
fn events() -> Vec<(Level, Event)> {
    let (reason, took) = (Reason::Due, Duration::from_millis(1500));
    let acquired = |lifetime, request_id| Event::Acquired {
        reason,
        grant: Grant::RefreshToken,
        requests: 2,
        took,
        lifetime,
        expiry_source: ExpirySource::JwtClaims,
        request_id,
    };
    let failed = |grant, error| Event::Failed { reason, grant, requests: 1, took, error, retry_in: took };
    let failure = SharedFailure::new("api", Recovery::Retry, Some(503));
    let abandoned = |grant| Event::Abandoned { reason, grant, requests: 1, took };
    let call = CallError::from(TransportError::config("nothing to send with"));
    let lifetime = Some(Duration::from_secs(3600));
    vec![
        (Level::DEBUG, acquired(lifetime, Some("r-1".into()))),
        (Level::DEBUG, acquired(None, None)),
        (Level::WARN, failed(Some(Grant::Credential), call.into())),
        (Level::WARN, failed(None, TokenError::secret("the vault is sealed"))),
        (Level::INFO, Event::RefreshTokenDropped { refused: true }),
        (Level::WARN, Event::RefreshSwitchedOff),
        (Level::WARN, Event::SameTokenAgain),
        (Level::INFO, Event::Invalidated),
        (Level::DEBUG, Event::Evicted { cause: EvictionCause::Idle }),
        (Level::DEBUG, Event::Adopted { reason, took, left: lifetime }),
        (Level::DEBUG, Event::LeaseHeldElsewhere),
        (Level::INFO, Event::CoolingDown { failure, retry_in: took }),
        (Level::DEBUG, Event::NothingNewer),
        (Level::WARN, Event::StoreUnavailable { error: StoreError::new("disk full") }),
        (Level::WARN, Event::StoreEntryUnreadable),
        (Level::WARN, Event::DurationMismatch { duration: 60, lifetime }),
        (Level::WARN, Event::DurationMismatch { duration: -1, lifetime: None }),
        (Level::INFO, abandoned(Some(Grant::RefreshToken))),
        (Level::INFO, abandoned(None)),
    ]
}

/// The fields without the message, which is the name of the event.
fn without_message(mut fields: Vec<(&'static str, String)>, event: &Event) -> Vec<(&'static str, String)> {
    fields.retain(|(name, value)| {
        let is_message = *name == "message";
        assert!(!is_message || value == event.name(), "{value}");
        !is_message
    });
    fields
}

#[test]
fn every_event_is_emitted_with_its_own_name_and_fields() {
    for (level, event) in events() {
        let (its_level, target, name, fields) = emitted(|| trace_event(&event));
        assert_eq!((its_level, target, name), (level, "cg_auth", event.name()));
        assert_eq!(without_message(fields, &event), event.fields(), "{event:?}");
    }
}

#[test]
fn every_event_of_a_pool_is_emitted_with_its_user() {
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    for (level, event) in events() {
        let (its_level, _, name, fields) = emitted(|| trace_event_of(&user, &event));
        assert_eq!((its_level, name), (level, event.name()));
        assert_eq!(fields.iter().find(|(name, _)| *name == "user").unwrap().1, "someone@example.com");
        assert_eq!(without_message(fields, &event), event.fields_of(&user), "{event:?}");
    }
}
