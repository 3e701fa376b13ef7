//! [`EmulatorBuilder`]: collects the settings of an emulator and starts it.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, SystemTime},
};

use cg_auth_core::{
    ApiCredential, ClientSecret, UserPrincipalName, model::JsonContract, testing::ManualClock,
    token::DurationUnit,
};

use crate::{
    clock::EmulatorClock,
    emulator::Emulator,
    error::EmulatorError,
    front::{Front, base_path},
    http::{Alpn, Server, Tls},
    request_log::{HeaderValues, Observer, RecordedRequest, RequestLog},
    scripts::{Offered, Script, ScriptQueue},
    service::{AuthService, KeyHeaderPolicy, RefreshRotation, Refusals, Settings, Users},
    state::{Start, State},
    user::User,
};

/// The settings of an emulator. Each has a default.
#[derive(Debug, Clone)]
#[must_use]
pub struct EmulatorBuilder {
    listen: SocketAddr,
    credential: Option<ApiCredential>,
    users: Vec<User>,
    settings: Settings,
    clock: EmulatorClock,
    now: Option<SystemTime>,
    frozen: bool,
    tls: bool,
    alpn: Alpn,
    front: Front,
    observer: Option<Observer>,
    scripts: Vec<Script>,
}

impl EmulatorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            credential: None,
            users: Vec::new(),
            settings: Settings::default(),
            clock: EmulatorClock::default(),
            now: None,
            frozen: false,
            tls: false,
            alpn: Alpn::default(),
            front: Front::default(),
            observer: None,
            scripts: Vec::new(),
        }
    }

    /// Starts the emulator on a thread of its own. The caller may be in any async context or in none. The
    /// future is ready at its first poll.
    ///
    /// # Errors
    /// [`EmulatorError`] when the operating system refuses the port or the thread, when the certificate
    /// cannot be generated, when two users have the same name, when [`now`](Self::now) is beyond the years 1970
    /// to 9999, or when the [`base_path`](Self::base_path) is no plain path.
    pub async fn start(self) -> Result<Emulator, EmulatorError> {
        self.start_blocking()
    }

    /// [`start`](Self::start) for callers that are not async, such as the initialiser of a `static`.
    ///
    /// # Errors
    /// [`EmulatorError`] as [`start`](Self::start).
    pub fn start_blocking(self) -> Result<Emulator, EmulatorError> {
        let users = self.all_users();
        let (listen, tls, alpn) = (self.listen, self.tls, self.alpn);
        let state = self.state()?;
        let listener = TcpListener::bind(listen).map_err(|error| EmulatorError::listen(listen, error))?;
        let address = listener.local_addr().map_err(|error| EmulatorError::listen(listen, error))?;
        let tls = if tls { Some(Tls::new(address.ip(), alpn)?) } else { None };
        let (config, ca_pem) = tls.map(|tls| (tls.config, tls.ca_pem)).unzip();
        let server = Server::start(listener, config, state.clone())?;
        Ok(Emulator::new(server, address, ca_pem, users, state))
    }

    /// The address to listen on. The default is `127.0.0.1:0`; port 0 stands for any free port.
    ///
    /// If other machines can reach the address, they can request tokens with the credential. The control API
    /// under `/_emulator/` still serves this machine only.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Serves over TLS, with a certificate that is generated at startup; see [`Emulator::ca_pem`].
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// The HTTP versions to offer with [`tls`](Self::tls). The default is HTTP/2 and HTTP/1.1.
    pub fn alpn(mut self, alpn: Alpn) -> Self {
        self.alpn = alpn;
        self
    }

    /// The credential of the first user, an enabled administrator. It replaces the invented default (see
    /// [`Emulator::credential`]) and precedes every [`user`](Self::user).
    pub fn credential(mut self, credential: ApiCredential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Adds a user. The first user that is added replaces the two invented default users. Names must differ in
    /// more than ASCII case.
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// The lifetime of an access token in whole seconds, at least one. The default is an hour.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.tokens.lifetime = lifetime;
        self
    }

    /// The lifetime of a refresh token in whole seconds, at least one. The default is `None`: refresh tokens
    /// never expire.
    pub fn refresh_token_lifetime(mut self, lifetime: Option<Duration>) -> Self {
        self.settings.tokens.refresh_lifetime = lifetime;
        self
    }

    /// The unit of the answer's `duration`, which is rounded down. The default is seconds.
    pub fn duration_unit(mut self, unit: DurationUnit) -> Self {
        self.settings.tokens.duration_unit = unit;
        self
    }

    /// What a refresh does with the refresh token that it receives. By default the token cannot be used
    /// again.
    pub fn refresh_rotation(mut self, rotation: RefreshRotation) -> Self {
        self.settings.tokens.rotation = rotation;
        self
    }

    /// Whether a second use of a refresh token revokes every token of the same delegation, access tokens
    /// included. By default the service only refuses the second use.
    ///
    /// Programs that act for the same user share a [cached](Self::token_cache) token. With reuse detection,
    /// one program can revoke the token of the others.
    pub fn reuse_detection(mut self, reuse_detection: bool) -> Self {
        self.settings.tokens.reuse_detection = reuse_detection;
        self
    }

    /// Whether the service caches each user's newest token, which it does by default.
    ///
    /// It answers every delegate request with the cached token until the cache is deleted, the token is
    /// revoked, or the token or its refresh token expires.
    pub fn token_cache(mut self, token_cache: bool) -> Self {
        self.settings.tokens.cache = token_cache;
        self
    }

    /// Where delegate and delete requests must present the credential. The default is headers and body.
    pub fn key_header_policy(mut self, policy: KeyHeaderPolicy) -> Self {
        self.settings.key_header_policy = policy;
        self
    }

    /// The JSON contract of every answer. By default each request chooses its own.
    pub fn contract(mut self, contract: Option<JsonContract>) -> Self {
        self.settings.contract = contract;
        self
    }

    /// How delegate and refresh refuse a credential or a refresh token. The default is status 400.
    pub fn refusals(mut self, refusals: Refusals) -> Self {
        self.settings.refusals = refusals;
        self
    }

    /// The emulator's clock, which other code may share and advance. The default is real time.
    pub fn clock(mut self, clock: ManualClock) -> Self {
        self.clock = clock.into();
        self
    }

    /// The time that the clock shows at the start, and again after a reset. The default is real time.
    pub fn now(mut self, now: SystemTime) -> Self {
        self.now = Some(now);
        self
    }

    /// Starts with a clock that stands still, as after [`EmulatorClock::freeze`].
    pub fn frozen(mut self, frozen: bool) -> Self {
        self.frozen = frozen;
        self
    }

    /// Seeds the signing key, the token ids and the request ids, so that a run can be reproduced.
    ///
    /// With a clock that stands still at the same time ([`now`](Self::now) and [`frozen`](Self::frozen), or a
    /// [`clock`](Self::clock)), the same requests in the same order get the same answers, byte for byte, in two
    /// runs and before and after a [reset](Emulator::reset). The keys and certificates of [`tls`](Self::tls) still differ in every run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.tokens.seed = Some(seed);
        self
    }

    /// Opens the control API beyond loopback, to programs that send this token as `Authorization: Bearer`.
    /// Without it the control API serves this machine only, and such a program is refused.
    ///
    /// Every program then needs the token, on this machine too.
    pub fn control_token(mut self, token: ClientSecret) -> Self {
        self.front.control_token = Some(token);
        self
    }

    /// The path below which the service lies, such as `/governance`. It becomes part of
    /// [`Emulator::base_url`]. The control API stays at `/_emulator/`. By default there is none.
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.front.base_path = path.into();
        self
    }

    /// Whether web pages of any origin may call the service (CORS). They may not by default, and never call
    /// the control API. The log does not record a browser's preflight requests.
    pub fn cors(mut self, cors: bool) -> Self {
        self.front.cors = cors;
        self
    }

    /// Which header values of requests the log shows. By default it shows only those that hold no secret.
    pub fn header_values(mut self, values: HeaderValues) -> Self {
        self.front.header_values = values;
        self
    }

    /// Calls `observer` for every request that was answered or abandoned, except those to the control API.
    ///
    /// The observer runs on the emulator's thread and blocks every other answer until it returns. If it
    /// panics, the request gets no answer: HTTP/1.1 closes the connection, HTTP/2 ends the stream.
    pub fn on_request(mut self, observer: impl Fn(&RecordedRequest) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer(Arc::new(observer)));
        self
    }

    /// Adds a script that is active from the start. A [`reset`](Emulator::reset) restores it.
    pub fn script(mut self, script: Script) -> Self {
        self.scripts.push(script);
        self
    }

    /// The state of a running emulator, without its socket.
    pub(crate) fn state(self) -> Result<State, EmulatorError> {
        let offered = Offered { tls: self.tls, http2: !self.tls || self.alpn != Alpn::Http1 };
        let scripts = ScriptQueue::new(offered, self.settings.tokens.seed, self.scripts.clone())?;
        let mut users = Users::default();
        for user in self.all_users() {
            let name = user.name().to_owned();
            users.add(user).map_err(|source| EmulatorError::User { name, source })?;
        }
        let users = Arc::new(users);
        let start = Start {
            users: Arc::clone(&users),
            settings: Arc::new(self.settings.clone()),
            now: self.now,
            frozen: self.frozen,
        };
        let base_path = base_path(&self.front.base_path).ok_or(EmulatorError::BasePath)?;
        let state = State {
            front: Arc::new(Front { base_path, ..self.front }),
            service: Arc::new(AuthService::new((*users).clone(), self.settings, self.clock.clone())),
            log: Arc::new(RequestLog::new(self.observer)),
            scripts: Arc::new(scripts),
            clock: self.clock,
            start: Arc::new(start),
        };
        if let Some(now) = self.now {
            state.clock.set(now)?;
        }
        if self.now.is_some() || self.frozen {
            state.reset_clock();
        }
        Ok(state)
    }

    /// The users at the start.
    fn all_users(&self) -> Vec<User> {
        let first = self.credential.clone().map(|credential| User::new(credential).administrator(true));
        if first.is_none() && self.users.is_empty() {
            return default_users();
        }
        first.into_iter().chain(self.users.iter().cloned()).collect()
    }
}

/// An administrator and a plain user, under one client secret.
#[allow(clippy::expect_used)] // all are visible ASCII
fn default_users() -> Vec<User> {
    let user = |name: &str| {
        User::new(ApiCredential::new(
            ClientSecret::new("ZW11bGF0b3Itb25seS1zZWNyZXQ=").expect("base64 is visible ASCII"),
            UserPrincipalName::new(name).expect("an address is visible ASCII"),
        ))
    };
    vec![user("someone@example.com").administrator(true), user("plain@example.com")]
}
