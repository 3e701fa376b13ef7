//! The log line of one request: text, or JSON with `--error-format json`.

use cg_auth_emulator::RecordedRequest;
use serde::Serialize;

use crate::{error_format::ErrorFormat, output, time_format::rfc3339};

/// The log line of `request`. It holds no header and no body.
pub(super) fn line(request: &RecordedRequest, format: ErrorFormat) -> String {
    let printed = Printed {
        number: request.number(),
        received_at: rfc3339(request.received_at()),
        operation: request.operation().as_str(),
        method: request.method().to_string(),
        path: request.path(),
        status: request.status().map(|status| status.as_u16()),
        milliseconds: request.elapsed().map(|elapsed| elapsed.as_secs_f64() * 1000.0),
        http_version: format!("{:?}", request.http_version()),
    };
    match format {
        ErrorFormat::Json => output::json_line(&Request { request: printed }),
        ErrorFormat::Human => printed.for_people(),
    }
}

#[derive(Serialize)]
struct Request<'a> {
    request: Printed<'a>,
}

#[derive(Serialize)]
struct Printed<'a> {
    number: u64,
    received_at: Option<String>,
    operation: &'a str,
    method: String,
    path: &'a str,
    /// `None` if the emulator dropped the connection instead of answering.
    status: Option<u16>,
    milliseconds: Option<f64>,
    http_version: String,
}

impl Printed<'_> {
    fn for_people(&self) -> String {
        // The time of day, without the date.
        let time = self.received_at.as_deref().and_then(|time| time.get(11..19)).unwrap_or("--:--:--");
        let status = self.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let took = self.milliseconds.map_or_else(String::new, |took| format!("{took:.1} ms"));
        let (method, path) = (output::escaped(&self.method), output::escaped(self.path));
        format!("{time}  {status}  {method:<6} {path:<30} {took:>9}  {}\n", self.http_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_time_status_request_and_duration() {
        let mut printed = Printed {
            number: 1,
            received_at: Some("2026-01-02T03:04:05Z".into()),
            operation: "other",
            method: "GET".into(),
            path: "/a\u{1b}[31m",
            status: Some(404),
            milliseconds: Some(1.25),
            http_version: "HTTP/2.0".into(),
        };
        assert_eq!(
            printed.for_people(),
            "03:04:05  404  GET    /a\\u{1b}[31m                      1.2 ms  HTTP/2.0\n"
        );
        (printed.status, printed.milliseconds) = (None, None);
        assert!(printed.for_people().contains("03:04:05  ---  GET"));
    }
}
