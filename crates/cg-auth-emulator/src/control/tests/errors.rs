//! What the errors say.

use super::*;

#[test]
fn an_error_names_the_member_the_type_of_its_value_and_what_is_allowed() {
    let emulator = Emulator::start_blocking().unwrap();
    let (clock, users, scripts, settings) = (
        "POST /_emulator/clock",
        "POST /_emulator/users",
        "POST /_emulator/scripts",
        "PATCH /_emulator/settings",
    );
    let fault = |fault: &str| format!(r#"{{"operation":"other","fault":{fault}}}"#);
    let answer = |answer: &str| format!(r#"{{"operation":"other","answer":{{"status":200,{answer}}}}}"#);
    for (line, body, message) in [
        (clock, r#"{"frozen":"yes"}"#, "`frozen` is a string; it must be a boolean."),
        (
            clock,
            r#"{"set":"noon"}"#,
            "`set` is a string that is not allowed; it must be a string with an RFC 3339 time in UTC, such as 2030-01-01T00:00:00Z, or a number of seconds since 1970, at least 0 and less than 2^64.",
        ),
        (
            clock,
            r#"{"set":-1}"#,
            "`set` is a negative number; it must be a string with an RFC 3339 time in UTC, such as 2030-01-01T00:00:00Z, or a number of seconds since 1970, at least 0 and less than 2^64.",
        ),
        (
            clock,
            r#"{"advance_seconds":[1]}"#,
            "`advance_seconds` is an array; it must be a number of seconds, at least 0 and less than 2^64.",
        ),
        (
            clock,
            r#"{"advance_seconds":-5}"#,
            "`advance_seconds` is a negative number; it must be a number of seconds, at least 0 and less than 2^64.",
        ),
        (
            clock,
            r#"{"advance":1}"#,
            "`advance` is unknown; allowed are frozen, set, advance_seconds; did you mean `advance_seconds`?",
        ),
        (
            clock,
            r#"{"set":1,"advance_seconds":1}"#,
            "`advance_seconds` cannot stand beside `set`; leave one of them out.",
        ),
        (clock, "{}", "The body is an empty object; it must be an object with at least one member."),
        (clock, "", "The body is empty; it must be an object."),
        (clock, r#"{"frozen":true,"frozen":true}"#, "`frozen` is repeated; give it once."),
        (
            users,
            r#"{"user_principal_name":"a@x"}"#,
            "`client_secret` is missing; it must be a string of visible ASCII without spaces.",
        ),
        (
            users,
            r#"{"user_principal_name":"a b","client_secret":"s"}"#,
            "`user_principal_name` is a string that is not allowed; it must be a string of visible ASCII without spaces, such as user@example.com.",
        ),
        (
            users,
            r#"{"user_principal_name":"","client_secret":"s"}"#,
            "`user_principal_name` is an empty string; it must be a string of visible ASCII without spaces, such as user@example.com.",
        ),
        (
            users,
            r#"{"user_principal_name":"a","client_secret":"s","admin":true}"#,
            "`admin` is unknown; allowed are user_principal_name, enabled, administrator, client_secret, second_secret; did you mean `administrator`?",
        ),
        (
            settings,
            r#"{"refusals":{}}"#,
            "`refusals` is an object; it must be a string, bad_request or is_success_false.",
        ),
        (
            settings,
            r#"{"refresh_rotation":"rotating"}"#,
            "`refresh_rotation` is a string that is not allowed; it must be a string, rotate or keep; did you mean `rotate`?",
        ),
        (
            settings,
            r#"{"refresh_token_lifetime_seconds":0}"#,
            "`refresh_token_lifetime_seconds` is a number that is not allowed; it must be a whole number of seconds from 1 to 18446744073709551615, or null for no end.",
        ),
        (
            settings,
            r#"{"contract":"x"}"#,
            "`contract` is a string that is not allowed; it must be a string, camel_case or pascal_case, or null for either.",
        ),
        (
            "POST /_emulator/revoke",
            r#"{"all":false}"#,
            "`all` is a boolean that is not allowed; it must be the boolean true.",
        ),
        (
            "POST /_emulator/revoke",
            r#"{"all":true,"user":"a"}"#,
            "`all` cannot stand beside `user`; leave one of them out.",
        ),
        (
            "POST /_emulator/revoke",
            r#"{"user":"a","token":"a"}"#,
            "`user` cannot stand beside `token`; leave one of them out.",
        ),
        (
            "POST /_emulator/digest",
            r#"{"value":""}"#,
            "`value` is an empty string; it must be a string that is not empty.",
        ),
        (
            "POST /_emulator/reset/token",
            "",
            "There is no such part; expected requests, scripts, tokens, clock, users or settings; did you mean tokens?",
        ),
        (
            "GET /_emulator/requests?operation=x",
            "",
            "The parameter `operation` is a string that is not allowed; it must be a string, get_delegate_access_token, refresh_user_access_token, delete_token_cache, protected_resource or other.",
        ),
        (
            "GET /_emulator/requests?limit=-1",
            "",
            "The parameter `limit` is a negative number; it must be a whole number from 0 to 18446744073709551615.",
        ),
        (
            "GET /_emulator/requests?limit=many",
            "",
            "The parameter `limit` is a string; it must be a whole number from 0 to 18446744073709551615.",
        ),
        ("GET /_emulator/requests?user=a&user=a", "", "The parameter `user` is repeated; give it once."),
        (
            "GET /_emulator/requests?usr=a",
            "",
            "The parameter `usr` is unknown; allowed are operation, user, since, limit; did you mean `user`?",
        ),
        (
            "GET /_emulator/clock?now=1",
            "",
            "The parameter `now` is unknown; this path takes no query parameters.",
        ),
        (
            "GET /_emulator/requests/wait?within=301",
            "",
            "The parameter `within` is a number that is not allowed; it must be a number of seconds from 0 to 300.",
        ),
        (scripts, "[]", "The script is an empty array; it must be an object."),
        (
            scripts,
            r#"{"operation":"other"}"#,
            "The script has no effect; give `answer`, `refuse`, `fault`, `drop_connection` or `delay_seconds`, which may be 0.",
        ),
        (scripts, r#"{"operation":"other","operation":"other"}"#, "`operation` is repeated; give it once."),
        (
            scripts,
            r#"{"operation":"refresh"}"#,
            "`operation` is a string that is not allowed; it must be a string, get_delegate_access_token, refresh_user_access_token, delete_token_cache, protected_resource or other; did you mean `refresh_user_access_token`?",
        ),
        (
            scripts,
            r#"{"operation":"other","times":0,"drop_connection":true}"#,
            "`times` is a number that is not allowed; it must be a whole number from 1 to 18446744073709551615.",
        ),
        (
            scripts,
            r#"{"operation":"other","answr":{}}"#,
            "`answr` is unknown; allowed are operation, times, always, probability, match, when, delay_seconds, fault, drop_connection, answer, refuse; did you mean `answer`?",
        ),
        (
            scripts,
            &fault("\"reset_in_bdy\""),
            "`fault` is a string that is not allowed; it must be a string with the name of a fault, as GET /_emulator/faults lists them; did you mean `reset_in_body`?",
        ),
        (
            scripts,
            &fault("[]"),
            "`fault` is an empty array; it must be a string with the name of a fault, or an object.",
        ),
        (
            scripts,
            &fault(r#"{"kind":"ends"}"#),
            "`fault.kind` is a string that is not allowed; it must be a string, end, stall, truncate, overlong, drip, extra_bytes, instead, endless_headers, informational, goaway or rst_stream; did you mean `end`?",
        ),
        (
            scripts,
            &fault(r#"{"kind":"end","at":"start","bytes":1}"#),
            "`fault.bytes` counts only where `at` is head or body; leave it out.",
        ),
        (
            scripts,
            &fault(r#"{"kind":"end","name":"late"}"#),
            "`fault.kind` cannot stand beside `fault.name`; leave one of them out.",
        ),
        (
            scripts,
            &answer(r#""headers":{"x-a":1}"#),
            "`answer.headers.x-a` is a number; it must be a string without control characters.",
        ),
        (
            scripts,
            &answer(r#""headers":{"x a":"1"}"#),
            "`answer.headers.?` is a string that is not allowed; it must be a string with the name of a header.",
        ),
        (
            scripts,
            &answer(r#""headers":["x-a"]"#),
            "`answer.headers[0]` is a string; it must be an array of two strings, a name and a value.",
        ),
        (
            scripts,
            &answer(r#""headers":[["x-a",null]]"#),
            "`answer.headers[0][1]` is null; it must be a string without control characters.",
        ),
        (
            scripts,
            &answer(r#""headers":"x-a: 1""#),
            "`answer.headers` is a string; it must be an object of names and strings, or an array of such pairs.",
        ),
        (
            scripts,
            &answer(r#""headers":{"content-length":"1"}"#),
            "`answer.headers.content-length` is the header content-length, which the server sets; leave it out.",
        ),
        (
            scripts,
            r#"{"operation":"other","match":{"headers":"x-a"}}"#,
            "`match.headers` is a string; it must be an array of names, or an object of names and strings.",
        ),
        (
            scripts,
            r#"{"operation":"other","match":{"headers":[1]}}"#,
            "`match.headers[0]` is a number; it must be a string with the name of a header.",
        ),
        (
            scripts,
            r#"{"operation":"other","match":{"user":""}}"#,
            "`match.user` is an empty string; it must be a string that is not empty.",
        ),
        (
            scripts,
            r#"{"operation":"other","answer":{"status":204,"body":""}}"#,
            "`answer.body` cannot be sent with the status 204, 205 or 304; leave it out.",
        ),
        (
            scripts,
            r#"{"operation":"other","answer":{"status":101}}"#,
            "`answer.status` is a number that is not allowed; it must be a whole number from 200 to 599.",
        ),
        (
            scripts,
            r#"{"operation":"other","answer":{"status":200},"fault":{"kind":"instead","text":"x"}}"#,
            "`fault` sends nothing of the answer; leave `answer` and `refuse` out.",
        ),
        (
            scripts,
            r#"{"operation":"other","answer":{"status":200},"fault":{"kind":"drip"}}"#,
            "`fault` disturbs the body, and the `answer` has none; give it a `body`.",
        ),
        (
            scripts,
            r#"{"operation":"other","probability":0,"drop_connection":true}"#,
            "`probability` is a number that is not allowed; it must be a number greater than 0 and at most 1.",
        ),
    ] {
        assert_eq!(ask(&emulator, line, body).1["error"]["message"], message, "{line} {body}");
    }
}
