//! [`Service`]: a simulated service. It issues tokens, caches them, has outages, revokes and rotates.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response, header::DATE};

use crate::world::{BEGINNING, World};

/// What all processes see of the service. A clone is the same service.
#[derive(Clone)]
pub(crate) struct Service {
    world: Arc<World>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    lifetime: Duration,
    caching: Caching,
    /// The most that a request or an answer is on its way.
    latency: Duration,
    is_down: bool,
    secrets: Vec<String>,
    tokens: HashMap<String, Token>,
    cached: Option<String>,
    /// Every request that has arrived, with its time.
    requests: Vec<Duration>,
    /// Every token that was handed out: when, and to which host.
    issued: Vec<(Duration, usize)>,
    cut_off: Vec<bool>,
    /// Every attempt of a host that is cut off.
    unreached: Vec<Duration>,
}

struct Token {
    expires: Duration,
    is_revoked: bool,
}

impl Service {
    pub(crate) fn new(
        world: &Arc<World>,
        hosts: usize,
        lifetime: Duration,
        latency: Duration,
        caching: Caching,
    ) -> Self {
        let secrets = vec!["secret-0".to_owned()];
        let state =
            State { lifetime, caching, latency, secrets, cut_off: vec![false; hosts], ..State::default() };
        Self { world: Arc::clone(world), state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn transport(&self, host: usize) -> Transport {
        Transport { service: self.clone(), host }
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    pub(crate) fn set_cut_off(&self, host: usize, is_cut_off: bool) {
        self.state().cut_off[host] = is_cut_off;
    }

    /// From now on every API refuses the tokens issued so far.
    pub(crate) fn revoke(&self) {
        let mut state = self.state();
        state.tokens.values_mut().for_each(|token| token.is_revoked = true);
        state.cached = None;
    }

    /// From now on this secret counts, too.
    pub(crate) fn accept_secret(&self, secret: &str) {
        self.state().secrets.push(secret.to_owned());
    }

    /// From now on only the last secret counts.
    pub(crate) fn refuse_old_secrets(&self) {
        let mut state = self.state();
        let last = state.secrets.pop();
        state.secrets = last.into_iter().collect();
    }

    /// When the token expires. `None` if it is unknown.
    pub(crate) fn expires(&self, token: &str) -> Option<Duration> {
        self.state().tokens.get(token).map(|token| token.expires)
    }

    /// Whether an API accepts the token.
    pub(crate) fn accepts(&self, token: &str) -> bool {
        self.state().tokens.get(token).is_some_and(|token| !token.is_revoked)
    }

    pub(crate) fn issued(&self) -> Vec<(Duration, usize)> {
        self.state().issued.clone()
    }

    pub(crate) fn tokens(&self) -> Vec<String> {
        self.state().tokens.keys().cloned().collect()
    }

    pub(crate) fn requests(&self) -> Vec<Duration> {
        self.state().requests.clone()
    }

    pub(crate) fn unreached(&self) -> Vec<Duration> {
        self.state().unreached.clone()
    }

    fn answer(&self, host: usize, secret: &str) -> Response<Body> {
        let now = self.world.now();
        let mut state = self.state();
        state.requests.push(now);
        if state.is_down {
            return answer(503, String::new());
        }
        if !state.secrets.iter().any(|known| known == secret) {
            return answer(401, String::new());
        }
        let cached = state.cached.clone();
        let cached = cached.and_then(|name| Some((state.tokens.get(&name)?.expires, name)));
        let is_handed_out = |expires: Duration| match state.caching {
            Caching::Off => false,
            Caching::ButTheLastSeconds => expires > now + LAST_OF_CACHED + state.latency * 2,
            Caching::ToTheEnd => expires > now,
        };
        let (expires, name) = match cached.filter(|(expires, _)| is_handed_out(*expires)) {
            Some(cached) => cached,
            None => {
                let number = state.tokens.len() + 1;
                let (expires, name) = match state.caching {
                    Caching::ToTheEnd => jwt(number, now, state.lifetime),
                    _ => (now + state.lifetime, format!("token-{number}")),
                };
                state.tokens.insert(name.clone(), Token { expires, is_revoked: false });
                state.cached = Some(name.clone());
                (expires, name)
            }
        };
        state.issued.push((now, host));
        let seconds = (expires - now).as_secs();
        drop(state);
        self.world.log(format_args!("service: {name} for {seconds} s to host {host}"));
        let mut answer = answer(
            200,
            format!(
                r#"{{"value":{{"access_token":"{name}","refresh_token":"r","duration":{seconds}}},"isSuccess":true}}"#
            ),
        );
        let date = httpdate::fmt_http_date(UNIX_EPOCH + since_1970(now));
        answer.headers_mut().insert(DATE, date.parse().unwrap());
        answer
    }

    /// Most exchanges are quick, and some take as long as they may.
    fn latency(&self) -> Duration {
        let latency = self.state().latency;
        self.world.random(|random| match random.u8(..10) {
            0 => latency,
            _ => latency.mul_f64(0.05 + random.f64() / 10.0),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// The way of one host to the service.
#[derive(Clone)]
pub(crate) struct Transport {
    service: Service,
    host: usize,
}

#[async_trait]
impl HttpTransport for Transport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let (service, host) = (self.service.clone(), self.host);
        let world = Arc::clone(&service.world);
        if service.state().cut_off[host] {
            let now = world.now();
            service.state().unreached.push(now);
            world.sleep(Duration::from_millis(30)).await;
            return Err(TransportError::connect("no route to host"));
        }
        let secret = request.headers()["clientsecret"].to_str().unwrap().to_owned();
        let answer = world.sent(async move {
            service.world.sleep(service.latency()).await;
            let answer = service.answer(host, &secret);
            service.world.sleep(service.latency()).await;
            answer
        });
        Ok(answer.await)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transport({})", self.host)
    }
}

fn answer(status: u16, body: String) -> Response<Body> {
    Response::builder().status(status).body(body.into()).unwrap()
}

/// A JWT and its end. Its claims count whole seconds.
fn jwt(number: usize, now: Duration, lifetime: Duration) -> (Duration, String) {
    let issued_at = since_1970(now).as_secs();
    let expires_at = issued_at + lifetime.as_secs();
    let claims = format!(r#"{{"iat":{issued_at},"exp":{expires_at},"jti":"{number}"}}"#);
    let name = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    (Duration::from_secs(expires_at) - since_1970(Duration::ZERO), name)
}

/// What the clock of the service shows. It begins at some part of a second.
fn since_1970(now: Duration) -> Duration {
    BEGINNING + Duration::from_millis(437) + now
}

/// Which tokens the service hands out again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Caching {
    #[default]
    Off,
    /// None that is about to expire.
    ButTheLastSeconds,
    /// Each until its end. The tokens are JWT.
    ToTheEnd,
}

/// The cache hands out no token that is about to expire.
const LAST_OF_CACHED: Duration = Duration::from_secs(3);
