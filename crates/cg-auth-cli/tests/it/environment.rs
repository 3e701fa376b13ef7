//! The command and a program that uses `ServiceSettings` read the same variables alike.

use std::collections::BTreeMap;

use cg_auth_transport_util::environment::{
    BASE_URL, CA_FILE, PROXY, RETRIES, ServiceSettings, TIMEOUT, USER_PRINCIPAL_NAME,
};

use crate::harness::{cg_auth, file, stderr, stdout};

#[test]
fn a_value_is_usable_for_both_or_for_none_and_the_texts_are_the_same() {
    let empty = file("environment-empty-ca", "");
    let damaged =
        file("environment-damaged-ca", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    let (empty, damaged) = (empty.to_str().unwrap(), damaged.to_str().unwrap());
    for (variable, value) in [
        (BASE_URL, "commercial"),
        (BASE_URL, "Insider-US-East"),
        (BASE_URL, "https://example.com/a/"),
        (BASE_URL, "http://127.0.0.1:8080"),
        (BASE_URL, ""),
        (BASE_URL, "canary"),
        (BASE_URL, "canary.example.com"),
        (BASE_URL, "http://canary.example.com"),
        (BASE_URL, "https://user:canary@example.com"),
        (BASE_URL, " commercial"),
        (USER_PRINCIPAL_NAME, "someone@example.com"),
        (USER_PRINCIPAL_NAME, "can ary"),
        (TIMEOUT, "5s"),
        (TIMEOUT, "1m 30s"),
        (TIMEOUT, "0ms"),
        (TIMEOUT, "5"),
        (TIMEOUT, "canary"),
        (RETRIES, "0"),
        (RETRIES, " 3 "),
        (RETRIES, "11"),
        (RETRIES, "canary"),
        (PROXY, "none"),
        (PROXY, "proxy.example:3128"),
        (PROXY, "http://user:canary@proxy.example:3128"),
        (PROXY, "socks5://user:canary@proxy.example"),
        (CA_FILE, "/does/not/exist"),
        (CA_FILE, empty),
        (CA_FILE, damaged),
    ] {
        let variables = BTreeMap::from([(variable, value)]);
        let settings = ServiceSettings::from_variables(|name| variables.get(name).map(Into::into));
        let mut command = cg_auth();
        match variable {
            // Only a command that calls the service reads the file. It gets no user, so that it calls none.
            CA_FILE => command.arg("token").env(BASE_URL, "http://127.0.0.1:1"),
            _ => command.args(["config", "show"]),
        };
        let output = command.envs(&variables).output().unwrap();
        let told = stdout(&output) + &stderr(&output);
        let context = format!("{variable}={value}: {settings:?} {told}");
        match settings {
            // What is missing is not unusable.
            Ok(_) => assert!(!told.contains("expected") && output.status.success(), "{context}"),
            Err(error) => {
                assert_eq!(output.status.code(), Some(2), "{context}");
                assert_eq!(error.variables(), [variable]);
                let text = error.to_string();
                let problem = text.strip_prefix(&format!("{variable}: ")).unwrap_or(&text);
                let problem = problem.strip_prefix("it ").unwrap_or(problem);
                assert!(told.contains(problem), "{context}");
                assert!(told.contains(variable), "{context}");
            }
        }
        assert!(!context.replace(value, "").contains("canary"), "{context}");
    }
}
