//! The secrets of the suite as text, and [`masked`], which keeps them out of failures and reports.

/// What the requests of the suite hold, the answers of its servers, and the login of its proxies:
/// `user:hunter2@`, its `Basic` form, and the first bytes of each in decimal.
pub(crate) const SECRETS: [(&str, &str); 7] = [
    ("the client secret", CLIENT_SECRET),
    ("the refresh token", REFRESH_TOKEN),
    ("the access token", "at-1"),
    ("the password of the proxy", "hunter2"),
    ("the login of the proxy in base64", "dXNlcjpodW50ZXIyQA"),
    ("the password of the proxy in decimal", "104, 117, 110, 116"),
    ("the login of the proxy in decimal", "100, 88, 78, 108"),
];
pub(crate) const CLIENT_SECRET: &str = "dGVzdC1vbmx5+/==";
pub(crate) const REFRESH_TOKEN: &str = "cmVmcmVzaA==";

/// `text` with the name of each secret in its place, and without private keys.
pub(crate) fn masked(text: String) -> String {
    let text = SECRETS.iter().fold(text, |text, (what, secret)| match text.contains(secret) {
        true => text.replace(secret, &format!("[{what}]")),
        false => text,
    });
    match text.split_once(PRIVATE_KEY) {
        Some((before, _)) => format!("{before}[a private key and what follows it]"),
        None => text,
    }
}

/// A transport that shows its client certificate shows this too, and the suite makes another key each time.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_is_replaced_by_its_name() {
        for (what, secret) in SECRETS {
            let text = masked(format!("shown: {secret}, and {secret:?}"));
            assert_eq!(text, format!("shown: [{what}], and \"[{what}]\""));
        }
        let key = format!("key: {PRIVATE_KEY}-----\nMIG\n-----END PRIVATE KEY-----");
        assert_eq!(masked(key), "key: [a private key and what follows it]");
        assert_eq!(masked("nothing".to_owned()), "nothing");
    }
}
