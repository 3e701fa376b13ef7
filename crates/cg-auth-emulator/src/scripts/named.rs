//! [`NamedFault`]: the faults that have a name, each with the script that it stands for.

use serde_json::{Map, Value};

use crate::{
    input::{InputError, wrong},
    names::nearest,
};

/// A fault with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedFault {
    /// The name, as in `{"operation":…,"fault":"NAME"}`.
    pub name: &'static str,
    /// The JSON members of the script that the name stands for. A script's own members replace them.
    pub script: &'static str,
    /// What the client sees.
    pub seen: &'static str,
}

impl NamedFault {
    /// Every named fault, in the order of the crate's documentation.
    pub const ALL: &'static [Self] = FAULTS;

    /// The members of the script that the name stands for.
    pub(crate) fn members(&self) -> Map<String, Value> {
        serde_json::from_str(self.script).unwrap_or_default()
    }
}

/// Replaces the name of a fault by the script that it stands for. The script's own members win, also
/// those of its `answer` and `refuse`.
pub(super) fn with_named_fault(script: Value) -> Result<Value, InputError> {
    let Value::Object(mut script) = script else { return Ok(script) };
    let (path, name, parameters) = match script.remove("fault") {
        None => return Ok(Value::Object(script)),
        Some(Value::String(name)) => ("fault", Value::String(name), Map::new()),
        Some(Value::Object(mut fault)) => match fault.remove("name") {
            Some(name) => ("fault.name", name, fault),
            None => {
                script.insert("fault".to_owned(), fault.into());
                return Ok(Value::Object(script));
            }
        },
        Some(other) => {
            return Err(error("fault", wrong(&other, "a string with the name of a fault, or an object")));
        }
    };
    let Some(fault) = name.as_str().and_then(find) else {
        let nearest = name.as_str().and_then(|name| nearest(name, FAULTS.iter().map(|fault| fault.name)));
        let suggestion = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let allowed = "a string with the name of a fault, as GET /_emulator/faults lists them";
        return Err(error(path, wrong(&name, allowed) + &suggestion));
    };
    let mut whole = fault.members();
    if parameters.contains_key("kind") {
        return Err(error(
            "fault.kind",
            "cannot stand beside `fault.name`; leave one of them out".to_owned(),
        ));
    }
    for (name, value) in parameters {
        let Some(Value::Object(fault)) = whole.get_mut("fault") else {
            let problem = "has no parameters under this name; set the members of the script instead";
            return Err(error("fault", problem.to_owned()));
        };
        fault.insert(name, value);
    }
    if script.contains_key("times") {
        whole.remove("always");
    }
    for (name, value) in script {
        match (whole.get_mut(&name), value) {
            // The names stand for no objects but these, apart from the fault itself.
            (Some(Value::Object(members)), Value::Object(own)) => members.extend(own),
            (_, value) => drop(whole.insert(name, value)),
        }
    }
    Ok(whole.into())
}

fn error(path: &str, problem: String) -> InputError {
    InputError::Member { path: path.to_owned(), problem }
}

fn find(name: &str) -> Option<&'static NamedFault> {
    FAULTS.iter().find(|fault| fault.name == name)
}

macro_rules! faults {
    ($($name:literal: $script:literal, $seen:literal;)*) => {
        const FAULTS: &[NamedFault] = &[$(NamedFault { name: $name, script: $script, seen: $seen }),*];
    };
}

faults! {
    "close_before_answer": r#"{"fault":{"kind":"end","at":"start","how":"close"}}"#, "the connection closes without an answer";
    "reset_before_answer": r#"{"fault":{"kind":"end","at":"start","how":"reset"}}"#, "TCP RST without an answer";
    "tls_cut_before_answer": r#"{"fault":{"kind":"end","at":"start","how":"without_notice"}}"#, "TLS ends without close_notify; needs TLS";
    "close_in_head": r#"{"fault":{"kind":"end","at":"head","bytes":20,"how":"close"}}"#, "part of the head, then the end";
    "reset_in_head": r#"{"fault":{"kind":"end","at":"head","bytes":20,"how":"reset"}}"#, "part of the head, then TCP RST";
    "tls_cut_in_head": r#"{"fault":{"kind":"end","at":"head","bytes":20,"how":"without_notice"}}"#, "part of the head, then TLS ends without close_notify; needs TLS";
    "close_in_body": r#"{"fault":{"kind":"end","at":"body","bytes":10,"how":"close"}}"#, "the head and part of the body, then the end";
    "reset_in_body": r#"{"fault":{"kind":"end","at":"body","bytes":10,"how":"reset"}}"#, "the head and part of the body, then TCP RST";
    "tls_cut_in_body": r#"{"fault":{"kind":"end","at":"body","bytes":10,"how":"without_notice"}}"#, "the head and part of the body, then TLS ends without close_notify; needs TLS";
    "close_after_answer": r#"{"when":"after","fault":{"kind":"end","at":"complete","how":"close"}}"#, "the service's answer, then the end though none was announced";
    "reset_after_answer": r#"{"when":"after","fault":{"kind":"end","at":"complete","how":"reset"}}"#, "the service's answer, then TCP RST";
    "never_answers": r#"{"fault":{"kind":"stall","at":"start"}}"#, "nothing, on a connection that stays open";
    "stall_in_head": r#"{"fault":{"kind":"stall","at":"head","bytes":20}}"#, "part of the head, then nothing more";
    "stall_in_body": r#"{"fault":{"kind":"stall","at":"body","bytes":10}}"#, "the head and part of the body, then nothing more";
    "lost_answer": r#"{"when":"after","fault":{"kind":"end","at":"start","how":"close"}}"#, "the service has acted, and the connection closes without an answer";
    "lost_answer_reset": r#"{"when":"after","fault":{"kind":"end","at":"start","how":"reset"}}"#, "the service has acted, then TCP RST without an answer";
    "lost_answer_in_body": r#"{"when":"after","fault":{"kind":"end","at":"body","bytes":10,"how":"reset"}}"#, "the service has acted, then TCP RST in the body of its answer";
    "lost_answer_stall": r#"{"when":"after","fault":{"kind":"stall","at":"start"}}"#, "the service has acted and never answers";
    "lost_answer_gateway": r#"{"when":"after","answer":{"status":504,"headers":{"content-type":"text/html"},"body":"<html>504 Gateway Timeout</html>"}}"#, "the service has acted, and a gateway answers 504";
    "truncated_body": r#"{"fault":{"kind":"truncate","bytes":1}}"#, "fewer bytes of body than Content-Length announces";
    "overlong_body": r#"{"fault":{"kind":"overlong","bytes":10}}"#, "more bytes of body than Content-Length announces";
    "slow_head": r#"{"when":"after","fault":{"kind":"drip","part":"head","bytes":10,"interval_seconds":0.05}}"#, "the service's answer, whose head arrives in pieces";
    "slow_body": r#"{"when":"after","fault":{"kind":"drip","part":"body","bytes":50,"interval_seconds":0.05}}"#, "the service's answer, whose body arrives in pieces";
    "extra_bytes": r#"{"when":"after","fault":{"kind":"extra_bytes","text":"extra"}}"#, "the service's answer, then bytes that belong to none";
    "second_answer": r#"{"when":"after","fault":{"kind":"extra_bytes","text":"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"}}"#, "the service's answer, then one without a request";
    "garbage_status_line": r#"{"fault":{"kind":"instead","text":"HTTP/1.1 garbage\r\n\r\n"}}"#, "a status line without a status";
    "status_out_of_range": r#"{"fault":{"kind":"instead","text":"HTTP/1.1 99 Odd\r\ncontent-length: 0\r\n\r\n"}}"#, "a status that does not exist";
    "garbage_bytes": r#"{"fault":{"kind":"instead","base64":"AP/+AQIDBAUGBwgJ"}}"#, "bytes that are no HTTP";
    "wrong_protocol": r#"{"fault":{"kind":"instead","text":"SSH-2.0-OpenSSH_9.6\r\n"}}"#, "the greeting of another protocol";
    "switching_protocols": r#"{"fault":{"kind":"instead","text":"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"}}"#, "101, though the client asked for no upgrade";
    "endless_headers": r#"{"fault":{"kind":"endless_headers","limit_bytes":16777216}}"#, "header fields until the client gives up, 16 MiB at most";
    "early_hints": r#"{"when":"after","fault":{"kind":"informational","status":103,"count":1}}"#, "103, then the service's answer";
    "informational_flood": r#"{"fault":{"kind":"informational","status":103,"count":100000}}"#, "103 a hundred thousand times";
    "goaway": r#"{"fault":{"kind":"goaway","code":0}}"#, "GOAWAY that says that this request was not processed; HTTP/1.1: the end";
    "goaway_enhance_your_calm": r#"{"fault":{"kind":"goaway","code":11,"debug_data":"too_many_requests"}}"#, "GOAWAY with ENHANCE_YOUR_CALM; HTTP/1.1: the end";
    "goaway_lost_answer": r#"{"when":"after","fault":{"kind":"goaway","code":2,"last_stream_id":2147483647}}"#, "GOAWAY that says that this request was processed, without its answer; HTTP/1.1: the end";
    "goaway_with_answer": r#"{"when":"after","fault":{"kind":"goaway","code":0,"answered":true}}"#, "GOAWAY, then the service's answer and the end";
    "rst_stream_refused": r#"{"fault":{"kind":"rst_stream","code":7}}"#, "RST_STREAM with REFUSED_STREAM: not processed; HTTP/1.1: TCP RST";
    "rst_stream_internal": r#"{"fault":{"kind":"rst_stream","code":2}}"#, "RST_STREAM with INTERNAL_ERROR; HTTP/1.1: TCP RST";
    "rst_stream_cancel": r#"{"fault":{"kind":"rst_stream","code":8}}"#, "RST_STREAM with CANCEL; HTTP/1.1: TCP RST";
    "rst_stream_http_1_1_required": r#"{"fault":{"kind":"rst_stream","code":13}}"#, "RST_STREAM with HTTP_1_1_REQUIRED; HTTP/1.1: TCP RST";
    "rst_stream_in_body": r#"{"fault":{"kind":"rst_stream","code":2,"bytes":10}}"#, "the head and part of the body, then RST_STREAM; HTTP/1.1: TCP RST";
    "late": r#"{"delay_seconds":2}"#, "the service acts and answers after two seconds";
    "late_answer": r#"{"when":"after","delay_seconds":2}"#, "the service acts at once and answers after two seconds";
    "too_many_requests": r#"{"refuse":{"status":429,"retry_after_seconds":5}}"#, "429 with Retry-After in seconds";
    "unavailable": r#"{"refuse":{"status":503}}"#, "503 without Retry-After";
    "unavailable_until": r#"{"refuse":{"status":503,"retry_after_seconds":5,"retry_after_format":"date"}}"#, "503 with Retry-After as a date by the emulator's clock";
    "endless_retry_after": r#"{"refuse":{"status":503,"retry_after_seconds":18446744073709551615}}"#, "503 with a Retry-After of ages";
    "internal_error": r#"{"refuse":{"status":500}}"#, "500 with the documented error body";
    "bad_gateway_page": r#"{"answer":{"status":502,"headers":{"content-type":"text/html"},"body":"<html>502 Bad Gateway</html>"}}"#, "the 502 page of a gateway";
    "forbidden_page": r#"{"answer":{"status":403,"headers":{"content-type":"text/html"},"body":"<html>Blocked by the firewall</html>"}}"#, "the 403 page of a firewall";
    "login_redirect": r#"{"answer":{"status":302,"headers":{"location":"https://login.example/"}}}"#, "a redirect to a login page";
    "repeated_retry_after": r#"{"answer":{"status":503,"headers":[["retry-after","5"],["retry-after","9"]]}}"#, "503 with two headers Retry-After that differ";
    "no_content": r#"{"answer":{"status":204}}"#, "204";
    "empty_body": r#"{"answer":{"status":200}}"#, "200 without a body";
    "html_page": r#"{"answer":{"status":200,"headers":{"content-type":"text/html"},"body":"<html>Sign in</html>"}}"#, "200 with a page for people";
    "half_json": r#"{"answer":{"status":200,"headers":{"content-type":"application/json"},"body":"{\"value\":{\"access_token\":\"x"}}"#, "200 with JSON that ends early";
    "not_utf8": r#"{"answer":{"status":200,"headers":{"content-type":"application/json"},"body_base64":"eyJ2YWx1ZSI6Iv/+In0="}}"#, "200 with JSON that is not UTF-8";
    "unasked_gzip": r#"{"answer":{"status":200,"headers":{"content-encoding":"gzip"},"body_base64":"H4sIAAAAAAAAA6uuBQBDv6ajAgAAAA=="}}"#, "200 with a compressed body, though the client accepts none";
    "wrong_shape": r#"{"answer":{"status":200,"body":[]}}"#, "200 with JSON of another shape";
    "no_token": r#"{"answer":{"status":200,"body":{"value":null,"isSuccess":true,"errorMsg":null}}}"#, "200 with isSuccess true and no token";
    "refused_in_200": r#"{"answer":{"status":200,"body":{"value":null,"isSuccess":false,"errorMsg":"no"}}}"#, "200 with isSuccess false";
    "flaky": r#"{"always":true,"probability":0.5,"refuse":{"status":503}}"#, "503 for about half of the requests";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Script;

    #[test]
    fn every_name_is_unique_and_stands_for_a_script() {
        assert!(FAULTS.len() >= 40);
        for fault in FAULTS {
            assert_eq!(find(fault.name), Some(fault));
            let script = format!(r#"{{"operation":"other","fault":"{}"}}"#, fault.name);
            assert!(Script::from_json(&script).is_ok(), "{}: {:?}", fault.name, Script::from_json(&script));
        }
    }

    #[test]
    fn the_readme_shows_the_same_faults() {
        let rows: Vec<_> = FAULTS
            .iter()
            .map(|it| format!("| `{}` | `{}` | {} |", it.name, it.script.replace('|', "\\|"), it.seen))
            .collect();
        let readme = include_str!("../../README.md");
        let shown: Vec<_> = readme
            .lines()
            .skip_while(|line| !line.starts_with("| named fault"))
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .collect();
        assert!(shown == rows, "the table should be\n{}", rows.join("\n"));
    }
}
