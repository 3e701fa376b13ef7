//! [`CapturedLog`]: what one thread logs with `tracing` and with `log`.

use std::{
    cell::RefCell,
    fmt::{self, Write},
    sync::Once,
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::DefaultGuard,
};

thread_local! {
    /// The text so far, if this thread is captured.
    static TEXT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Captures what this thread logs, at every level, until it is dropped.
pub(crate) struct CapturedLog {
    _subscriber: DefaultGuard,
}

impl CapturedLog {
    pub(crate) fn start() -> Self {
        static LOGGER: Once = Once::new();
        LOGGER.call_once(|| {
            // A program that has set a logger keeps it, and its records are not captured.
            if log::set_logger(&Records).is_ok() {
                log::set_max_level(log::LevelFilter::Trace);
            }
        });
        TEXT.set(Some(String::new()));
        Self { _subscriber: tracing::subscriber::set_default(Events) }
    }

    pub(crate) fn text(&self) -> String {
        TEXT.with_borrow(|text| text.clone().unwrap_or_default())
    }
}

impl Drop for CapturedLog {
    fn drop(&mut self) {
        TEXT.set(None);
    }
}

/// Appends a line. A log line that is written while another one is borrowed, or after the thread's end, is left
/// out.
fn append(line: fmt::Arguments<'_>) {
    let _ = TEXT.try_with(|text| {
        if let Ok(mut text) = text.try_borrow_mut()
            && let Some(text) = text.as_mut()
        {
            let _ = writeln!(text, "{line}");
        }
    });
}

struct Records;

impl log::Log for Records {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        append(format_args!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

struct Events;

impl Subscriber for Events {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut fields = Fields(attributes.metadata().name().to_owned());
        attributes.record(&mut fields);
        append(format_args!("{}", fields.0));
        // The spans need not be told apart.
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        append(format_args!("{}", fields.0));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(event.metadata().target().to_owned());
        event.record(&mut fields);
        append(format_args!("{}", fields.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_spans_and_records_of_this_thread_are_captured() {
        let log = CapturedLog::start();
        tracing::trace!(target: "somewhere", number = 7, "an event");
        let span = tracing::info_span!("a span", secret = "in a span", late = tracing::field::Empty);
        span.record("late", "recorded");
        log::trace!(target: "elsewhere", "a record {}", 8);
        std::thread::spawn(|| tracing::info!("another thread")).join().unwrap();
        let text = log.text();
        for expected in [
            "somewhere message=an event number=7",
            "a span secret=\"in a span\"",
            "late=\"recorded\"",
            "elsewhere a record 8",
        ] {
            assert!(text.contains(expected), "{expected:?} is not in: {text}");
        }
        assert!(!text.contains("another thread"), "{text}");
        drop(log);
        tracing::info!("later");
        assert!(CapturedLog::start().text().is_empty());
    }
}
