//! [`EmulatorBuilder`]: an emulator other than the default one.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use cg_auth_core::{
    ApiCredential, ClientSecret, UserPrincipalName, model::JsonContract, testing::ManualClock,
    token::DurationUnit,
};

use crate::{
    clock::EmulatorClock,
    credential_check::KeyHeaderPolicy,
    emulator::Emulator,
    error::EmulatorError,
    recorded_request::RecordedRequest,
    request_log::{Observer, RequestLog},
    scripts::Scripts,
    server::Server,
    service::Service,
    settings::{RefreshRotation, Refusals, Settings},
    state::State,
    tls::{Alpn, Tls},
    users::{User, Users},
};

/// What an emulator is started with; every setting has a default.
#[derive(Debug, Clone)]
#[must_use]
pub struct EmulatorBuilder {
    listen: SocketAddr,
    credential: Option<ApiCredential>,
    users: Vec<User>,
    settings: Settings,
    clock: EmulatorClock,
    tls: bool,
    alpn: Alpn,
    observer: Option<Observer>,
}

impl EmulatorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            credential: None,
            users: Vec::new(),
            settings: Settings::default(),
            clock: EmulatorClock::default(),
            tls: false,
            alpn: Alpn::default(),
            observer: None,
        }
    }

    /// Where to listen; the port 0 stands for any that is free, and `127.0.0.1:0` is the default.
    ///
    /// An address that other machines can reach is allowed, and then anyone may ask for tokens who knows the
    /// credential. `/_emulator/` is for this machine alone, wherever the emulator listens.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// A credential that is accepted, of an enabled administrator, instead of the invented one that is there
    /// by default (see [`Emulator::credential`]). It comes before every [`user`](Self::user).
    pub fn credential(mut self, credential: ApiCredential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// One more user. The first replaces the invented one that is there by default.
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// How long an access token is good for: whole seconds, at least one. By default an hour.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.tokens.lifetime = lifetime;
        self
    }

    /// How long a refresh token is good for: whole seconds, at least one. By default they do not age.
    pub fn refresh_token_lifetime(mut self, lifetime: Option<Duration>) -> Self {
        self.settings.tokens.refresh_lifetime = lifetime;
        self
    }

    /// What the answer's `duration` counts, rounded down. By default seconds.
    pub fn duration_unit(mut self, unit: DurationUnit) -> Self {
        self.settings.tokens.duration_unit = unit;
        self
    }

    /// What a refresh does to the refresh token. By default it is used up.
    pub fn refresh_rotation(mut self, rotation: RefreshRotation) -> Self {
        self.settings.tokens.rotation = rotation;
        self
    }

    /// Whether a refresh token that was used up, and is sent again, revokes every token that descends from
    /// the same delegation, access tokens included. By default it is merely refused: programs that act for one
    /// user share a token out of the [cache](Self::token_cache), and would revoke each other's.
    pub fn reuse_detection(mut self, reuse_detection: bool) -> Self {
        self.settings.tokens.reuse_detection = reuse_detection;
        self
    }

    /// Whether a user's newest token is handed out again by every delegate until it or its refresh token
    /// expires, it is revoked or the cache is deleted. By default it is, since that is what the service has an operation against.
    pub fn token_cache(mut self, token_cache: bool) -> Self {
        self.settings.tokens.cache = token_cache;
        self
    }

    /// Where delegate and delete must carry the credential. By default in headers and body.
    pub fn key_header_policy(mut self, policy: KeyHeaderPolicy) -> Self {
        self.settings.key_header_policy = policy;
        self
    }

    /// Answers in this contract whatever a request asks for. By default every request decides.
    pub fn contract(mut self, contract: Option<JsonContract>) -> Self {
        self.settings.contract = contract;
        self
    }

    /// How the token operations say no. By default with status 400.
    pub fn refusals(mut self, refusals: Refusals) -> Self {
        self.settings.refusals = refusals;
        self
    }

    /// Serves over TLS, with a certificate made at start; see [`Emulator::ca_pem`].
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// What is said in TLS about HTTP versions. By default HTTP/2 and HTTP/1.1. Of no effect without
    /// [`tls`](Self::tls).
    pub fn alpn(mut self, alpn: Alpn) -> Self {
        self.alpn = alpn;
        self
    }

    /// Goes by `clock`, which others may share and move. By default the emulator goes by real time.
    pub fn clock(mut self, clock: ManualClock) -> Self {
        self.clock = clock.into();
        self
    }

    /// Makes what the service draws by lot come out the same in every run: its signing key, token and request
    /// ids. With a [`clock`](Self::clock) that stands still, the same requests in the same order get the same
    /// tokens. The keys and certificates of [`tls`](Self::tls) are other ones in every run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.tokens.seed = Some(seed);
        self
    }

    /// Calls `observer` for every request that has been answered or given up, those to `/_emulator/` left out.
    /// It runs on the emulator's thread: while it does not return, nothing is answered, and if it panics, the
    /// request is not answered. With HTTP/1.1 its connection is closed then, with HTTP/2 only its stream ends.
    pub fn on_request(mut self, observer: impl Fn(&RecordedRequest) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer(Arc::new(observer)));
        self
    }

    /// Starts the emulator. It runs on a thread of its own; the caller may be in any async context, and in
    /// none. Nothing is waited for, so this is ready at once.
    ///
    /// # Errors
    /// [`EmulatorError`] when the operating system has no port or thread to give, or no certificate could
    /// be made.
    pub async fn start(self) -> Result<Emulator, EmulatorError> {
        self.start_blocking()
    }

    /// [`start`](Self::start) for callers that are not async, such as the initialiser of a `static`.
    ///
    /// # Errors
    /// [`EmulatorError`] as [`start`](Self::start).
    pub fn start_blocking(self) -> Result<Emulator, EmulatorError> {
        let listener =
            TcpListener::bind(self.listen).map_err(|error| EmulatorError::listen(self.listen, error))?;
        let address = listener.local_addr().map_err(|error| EmulatorError::listen(self.listen, error))?;
        let tls = if self.tls { Some(Tls::new(address.ip(), self.alpn)?) } else { None };
        let (config, ca_pem) = tls.map(|tls| (tls.config, tls.ca_pem)).unzip();
        let state = self.state();
        let server = Server::start(listener, config, state.clone())?;
        Ok(Emulator::new(server, address, ca_pem, state))
    }

    /// Everything but the socket.
    pub(crate) fn state(self) -> State {
        let first = match self.credential {
            Some(credential) => Some(credential),
            None if self.users.is_empty() => Some(invented_credential()),
            None => None,
        };
        let first = first.map(|credential| User::new(credential).administrator(true));
        let users = Users::new(first.into_iter().chain(self.users).collect());
        State {
            service: Arc::new(Service::new(users, self.settings, self.clock.clone())),
            log: Arc::new(RequestLog::new(self.observer)),
            scripts: Arc::new(Scripts::default()),
            clock: self.clock,
        }
    }
}

#[allow(clippy::expect_used)] // both are visible ASCII
fn invented_credential() -> ApiCredential {
    ApiCredential::new(
        ClientSecret::new("ZW11bGF0b3Itb25seS1zZWNyZXQ=").expect("base64 is visible ASCII"),
        UserPrincipalName::new("someone@example.com").expect("an address is visible ASCII"),
    )
}
