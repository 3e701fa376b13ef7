//! [`RequestOptions`]: the settings of every request.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST,
        TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
    },
};

use super::headers::{CLIENT_SECRET, JSON_CONTRACT, REFRESH_TOKEN, USER_PRINCIPAL_NAME};
use crate::model::{ConfigError, JsonContract};

/// The JSON contract, the user agent and additional headers of every request. `Debug` shows the headers'
/// names only.
#[derive(Clone)]
pub struct RequestOptions {
    json_contract: JsonContract,
    /// Every header of a request. Those that depend on the call are empty, so that a copy of the map has a place
    /// for them.
    headers: HeaderMap,
}

impl RequestOptions {
    /// The camelCase contract, the user agent `cg-auth/VERSION` and no additional header.
    #[must_use]
    pub fn new() -> Self {
        let user_agent = HeaderValue::from_static(concat!("cg-auth/", env!("CARGO_PKG_VERSION")));
        let json = || HeaderValue::from_static("application/json");
        let headers = [(ACCEPT, json()), (USER_AGENT, user_agent), (CONTENT_TYPE, json())];
        let empty = HeaderValue::from_static("");
        let of_the_call = [CONTENT_LENGTH, CLIENT_SECRET, USER_PRINCIPAL_NAME];
        let of_the_call = of_the_call.map(|name| (name, empty.clone()));
        // More places than headers: a full map grows, even if a header of it is replaced.
        let mut map = HeaderMap::with_capacity(2 * (headers.len() + of_the_call.len()));
        map.extend(headers.into_iter().chain(of_the_call));
        Self { json_contract: JsonContract::default(), headers: map }
    }

    /// Writes bodies in `contract` and asks the service to answer in it. Default: camelCase. Answers are read
    /// in both.
    #[must_use]
    pub fn with_json_contract(mut self, contract: JsonContract) -> Self {
        self.json_contract = contract;
        match contract {
            JsonContract::CamelCase => self.headers.remove(JSON_CONTRACT),
            JsonContract::PascalCase => {
                self.headers.insert(JSON_CONTRACT, HeaderValue::from_static("PascalCase"))
            }
        };
        self
    }

    /// Replaces the user agent. Default: `cg-auth/VERSION`.
    ///
    /// # Errors
    /// [`ConfigError`] if the text is empty, starts or ends with white space, or holds a character other than
    /// visible ASCII and spaces.
    pub fn with_user_agent(mut self, user_agent: &str) -> Result<Self, ConfigError> {
        if user_agent.trim().is_empty() {
            return Err(ConfigError::new("the user agent", "is empty"));
        }
        if user_agent.trim() != user_agent {
            return Err(ConfigError::new("the user agent", "has white space before or after it"));
        }
        let not_visible =
            ConfigError::new("the user agent", "holds a character other than visible ASCII and spaces");
        if !user_agent.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(not_visible);
        }
        self.headers.insert(USER_AGENT, HeaderValue::from_str(user_agent).map_err(|_| not_visible)?);
        Ok(self)
    }

    /// Adds a header to every request, for instance for a gateway. It replaces an earlier header of the same
    /// name.
    ///
    /// Mark a secret value as [sensitive](HeaderValue::set_sensitive), so that errors redact it.
    /// They also redact what stands behind a scheme such as `Bearer`, and values whose header's name names a
    /// secret, such as `authorization`.
    ///
    /// # Errors
    /// [`ConfigError`] for a header that the client sets itself (credential, JSON contract, user agent,
    /// framing and encoding of the message), and for a value that starts or ends with white space.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Result<Self, ConfigError> {
        if SET_BY_THE_CLIENT.contains(&name) {
            return Err(ConfigError::new(
                "an additional header",
                "has a name that the client sets itself; choose another name",
            ));
        }
        if value.as_bytes().trim_ascii() != value.as_bytes() {
            return Err(ConfigError::new(
                "an additional header",
                "has white space before or after its value; remove it",
            ));
        }
        self.headers.insert(name, value);
        Ok(self)
    }

    pub(super) const fn json_contract(&self) -> JsonContract {
        self.json_contract
    }

    /// Every header of a request, those that depend on the call without their value.
    pub(super) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let additional = self.headers.keys().filter(|name| !SET_BY_THE_CLIENT.contains(name));
        f.debug_struct("RequestOptions")
            .field("json_contract", &self.json_contract)
            .field("user_agent", &self.headers.get(USER_AGENT))
            .field("headers", &additional.collect::<Vec<_>>())
            .finish()
    }
}

const SET_BY_THE_CLIENT: [HeaderName; 19] = [
    CLIENT_SECRET,
    USER_PRINCIPAL_NAME,
    REFRESH_TOKEN,
    JSON_CONTRACT,
    ACCEPT,
    ACCEPT_ENCODING,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    EXPECT,
    HOST,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    USER_AGENT,
];
