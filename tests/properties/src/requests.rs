//! Every value that a constructor accepts can be sent.

use cg_auth_core::{
    ApiCredential, BaseUrl, ClientSecret, IssuedToken, UserPrincipalName,
    endpoint::{DeleteTokenCache, Endpoint, GetDelegateAccessToken, RefreshUserAccessToken, RequestOptions},
    model::{AccessToken, JsonContract, RefreshToken},
    token::Expiry,
};
use http::{HeaderName, HeaderValue};

use crate::exchange::next_line;

/// The lines of the input: client secret, user, refresh token, access token, user agent, a header's name and
/// value, and the base URL.
pub fn check(input: &[u8]) {
    let Ok(mut lines) = std::str::from_utf8(input) else { return };
    let (secret, user) = (next_line(&mut lines), next_line(&mut lines));
    let (refresh_token, access_token) = (next_line(&mut lines), next_line(&mut lines));
    let (user_agent, name, value) = (next_line(&mut lines), next_line(&mut lines), next_line(&mut lines));
    if let Ok(token) = AccessToken::new(access_token) {
        let issued = IssuedToken::new(&token, Expiry::UNKNOWN);
        assert_eq!(issued.authorization().as_bytes(), format!("Bearer {access_token}").as_bytes());
        assert!(issued.authorization().is_sensitive());
    }
    let options = options(user_agent, name, value);
    let base = BaseUrl::parse(lines).unwrap_or_else(|_| BaseUrl::parse("https://example.com/a").unwrap());
    let (Ok(secret), Ok(user)) = (ClientSecret::new(secret), UserPrincipalName::new(user)) else { return };
    let credential = ApiCredential::new(secret, user);
    sends(&GetDelegateAccessToken::new(credential.clone()), &base, &options);
    sends(&DeleteTokenCache::new(credential.clone()), &base, &options);
    if let Ok(token) = RefreshToken::new(refresh_token) {
        let request = sends(&RefreshUserAccessToken::new(credential, token), &base, &options);
        assert!(request.is_none_or(|headers| headers["refresh_token"] == refresh_token));
    }
}

fn options(user_agent: &str, name: &str, value: &str) -> RequestOptions {
    let mut options = RequestOptions::new();
    if let Ok(with) = options.clone().with_user_agent(user_agent) {
        options = with;
    }
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        options = options.clone().with_header(name, value).unwrap_or(options);
    }
    options
}

/// Builds the request in both contracts; returns the headers of the last one.
fn sends<T>(
    endpoint: &impl Endpoint<Output = T>,
    base: &BaseUrl,
    options: &RequestOptions,
) -> Option<http::HeaderMap> {
    let credential = endpoint.credential();
    let mut sent = None;
    for contract in [JsonContract::CamelCase, JsonContract::PascalCase] {
        let request = endpoint.to_request(base, &options.clone().with_json_contract(contract));
        let Ok(request) = request else {
            assert!(base.as_str().len() > 60_000, "only a very long URL cannot be joined");
            return None;
        };
        let headers = request.headers();
        assert_eq!(headers["clientsecret"], credential.client_secret().expose_secret());
        assert_eq!(headers["userprincipalname"], credential.user_principal_name().as_str());
        assert!(headers["clientsecret"].is_sensitive() && headers["userprincipalname"].is_sensitive());
        assert_eq!(headers["content-length"], request.body().len().to_string());
        assert_eq!(headers.get_all("content-length").iter().count(), 1);
        assert!(!headers.contains_key("transfer-encoding"));
        assert_eq!(request.uri().to_string(), format!("{base}{}", endpoint.path()));
        let no_secrets = [headers["user-agent"].to_str().unwrap(), credential.user_principal_name().as_str()];
        let shown = format!("{options:?}{:?}{credential:?}", headers.get("clientsecret"));
        assert!(!shown.contains("CANARY") || no_secrets.concat().contains("CANARY"), "{shown}");
        if !request.body().is_empty() {
            let read: ApiCredential = serde_json::from_slice(request.body().as_bytes()).unwrap();
            assert_eq!(read, *credential);
        }
        sent = Some(headers.clone());
    }
    sent
}
