//! The environment of the command that uses the proxy.

use std::{env, process::Command};

/// Points `command` at the proxy, and keeps its requests to this machine out of any outbound proxy.
pub(super) fn point_at(command: &mut Command, url: &str) {
    command.env("CG_AUTH_UPSTREAM_URL", url);
    // Some programs prefer `NO_PROXY`, others `no_proxy`. A variable that is not set takes the value of the
    // other, so that setting it hides nothing.
    let value = |name| env::var(name).ok().filter(|value| !value.trim().is_empty());
    let (upper, lower) = (value("NO_PROXY"), value("no_proxy"));
    command.env("NO_PROXY", with_loopback(upper.as_deref().or(lower.as_deref())));
    command.env("no_proxy", with_loopback(lower.as_deref().or(upper.as_deref())));
}

/// The list with the names of this machine added, unless they are there.
fn with_loopback(list: Option<&str>) -> String {
    let mut entries: Vec<_> = list.into_iter().flat_map(|list| list.split(',')).map(str::trim).collect();
    // Programs take an asterisk for every host only if it stands alone.
    if entries != ["*"] {
        for name in LOOPBACK {
            if !entries.contains(&name) {
                entries.push(name);
            }
        }
    }
    entries.join(",")
}

const LOOPBACK: [&str; 2] = ["127.0.0.1", "localhost"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_added_once_and_everything_else_stays() {
        for (list, expected) in [
            (None, "127.0.0.1,localhost"),
            (Some("*"), "*"),
            (Some("internal.example, .corp"), "internal.example,.corp,127.0.0.1,localhost"),
            (Some("localhost,127.0.0.1"), "localhost,127.0.0.1"),
            (Some("127.0.0.1"), "127.0.0.1,localhost"),
        ] {
            assert_eq!(with_loopback(list), expected);
        }
    }
}
