//! [`run`]: carries out a plan with real providers, and records what their callers see.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use cg_auth_core::{
    AuthClient, BaseUrl, ClientSecret, TokenProvider, UserPrincipalName,
    token::{SecretFn, session::Session},
};

use crate::{
    plan::{Fault, Plan},
    service::Service,
    store::{HolderFault, Store},
    world::{Host, World},
};

/// What has happened in a run.
pub(crate) struct Record {
    pub(crate) plan: Plan,
    pub(crate) calls: Vec<Call>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) violations: Vec<String>,
    /// Every token that the service handed out: when, and to which host.
    pub(crate) issued: Vec<(Duration, usize)>,
    /// The different ones among them.
    pub(crate) tokens: Vec<String>,
    pub(crate) requests: Vec<Duration>,
    /// Every attempt to reach the service of a host that could not.
    pub(crate) unreached: Vec<Duration>,
    /// The operations of the store, by host.
    pub(crate) operations: Vec<usize>,
    pub(crate) operation_times: Vec<Duration>,
    pub(crate) trace: Vec<String>,
}

/// One call of `TokenProvider::token`.
pub(crate) struct Call {
    pub(crate) host: usize,
    pub(crate) began: Duration,
    pub(crate) ended: Duration,
    pub(crate) error: Option<String>,
}

/// A fault, and how long it lasted. `host` is `None` if it concerns all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incident {
    pub(crate) kind: Kind,
    pub(crate) host: Option<usize>,
    pub(crate) began: Duration,
    pub(crate) ended: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The host that had the lease was lost or delayed.
    Holder,
    Frozen,
    StoreUnavailable,
    LostAnswer,
    ServiceUnavailable,
    SecretRefused,
    Revoked,
    Rotated,
}

#[derive(Clone)]
struct Fleet {
    world: Arc<World>,
    service: Service,
    store: Store,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    calls: Vec<Call>,
    incidents: Vec<Incident>,
    violations: Vec<String>,
    /// The secret that the source of each host gives.
    secrets: Vec<String>,
    rotations: usize,
}

/// Carries out `plan`.
pub(crate) fn run(plan: &Plan) -> Record {
    // The providers draw from the generator of the thread.
    fastrand::seed(plan.seed);
    let hosts = plan.starts.len();
    let world = World::new(plan.seed, hosts);
    let service = Service::new(&world, hosts, plan.lifetime, plan.latency, plan.caching);
    let store = Store::new(&world, hosts, plan.store_latency, plan.keeps_deadlines);
    let seen = Seen { secrets: vec!["secret-0".to_owned(); hosts], ..Seen::default() };
    let fleet = Fleet { world: Arc::clone(&world), service, store, seen: Arc::new(Mutex::new(seen)) };
    for (host, start) in plan.starts.iter().enumerate() {
        fleet.start(plan, host, *start);
    }
    for (at, fault) in plan.faults.clone() {
        let fleet = fleet.clone();
        world.clone().spawn(
            None,
            Box::pin(async move {
                fleet.world.sleep(at).await;
                fleet.world.log(format_args!("fault: {fault:?}"));
                fleet.strike(fault).await;
            }),
        );
    }
    world.run(plan.length, || !fleet.seen().violations.is_empty());
    let mut seen = fleet.seen();
    Record {
        plan: plan.clone(),
        calls: std::mem::take(&mut seen.calls),
        incidents: std::mem::take(&mut seen.incidents),
        violations: std::mem::take(&mut seen.violations),
        issued: fleet.service.issued(),
        tokens: fleet.service.tokens(),
        requests: fleet.service.requests(),
        unreached: fleet.service.unreached(),
        operations: fleet.store.operations(),
        operation_times: fleet.store.times(),
        trace: world.trace(),
    }
}

impl Fleet {
    fn start(&self, plan: &Plan, host: usize, start: Duration) {
        let runtime = self.world.random(|random| Host {
            world: Arc::clone(&self.world),
            number: Some(host),
            origin: Duration::from_millis(random.u64(..1_000_000_000)),
            wall_ahead: Duration::from_millis(random.u64(..60_000)),
        });
        let base_url = BaseUrl::parse("https://example.com").unwrap();
        let client = AuthClient::with_runtime(base_url, self.service.transport(host), runtime);
        let user = UserPrincipalName::new("someone@example.com").unwrap();
        let session = Session::with_seed(user, plan.seed ^ host as u64);
        let seen = Arc::clone(&self.seen);
        let secret = SecretFn::new(move |_| {
            let secret = seen.lock().unwrap().secrets[host].clone();
            async move { Ok(ClientSecret::new(&*secret)?) }
        });
        let provider = TokenProvider::with_session(client, session, secret);
        let provider = match plan.shares {
            true => provider.with_store(self.store.of_host(host)),
            false => provider,
        };
        for _ in 0..plan.callers {
            let caller = self.clone().call_again_and_again(provider.clone(), host, start, plan.gap);
            self.world.spawn(Some(host), Box::pin(caller));
        }
    }

    async fn call_again_and_again(
        self,
        provider: TokenProvider,
        host: usize,
        start: Duration,
        gap: Duration,
    ) {
        self.world.sleep(start).await;
        let mut refused = HashSet::new();
        loop {
            let began = self.world.now();
            let result = provider.token().await;
            let ended = self.world.now();
            let error = result.as_ref().err().map(|error| format!("{error:?}"));
            self.seen().calls.push(Call { host, began, ended, error });
            if let Ok(token) = result {
                let name = token.expose_secret();
                if self.service.expires(name).is_none_or(|expires| expires <= ended) {
                    self.violation(format_args!("host {host} is served the expired {name}"));
                }
                if refused.contains(name) {
                    self.violation(format_args!("host {host} is served the refused {name}"));
                }
                if !self.service.accepts(name) && provider.invalidate(&token) {
                    self.world.log(format_args!("host {host}: an API refuses {name}"));
                    refused.insert(name.to_owned());
                    continue;
                }
            }
            let pause = self.world.random(|random| gap.mul_f64(2.0 * random.f64()));
            self.world.sleep(pause).await;
        }
    }

    async fn strike(&self, fault: Fault) {
        match fault {
            Fault::Holder(fault) => {
                let fleet = self.clone();
                self.store.strike_next_holder(fault, move |host, fault| fleet.strike_soon(host, fault));
            }
            Fault::Crash(host) => self.crash(host),
            Fault::Freeze(host, lasts) => self.freeze(host, lasts).await,
            Fault::StoreDown(lasts) => {
                self.store.set_down(true);
                self.lasting(Kind::StoreUnavailable, None, lasts).await;
                self.store.set_down(false);
            }
            Fault::StoreHangs(lasts) => {
                self.store.set_hanging(true);
                self.lasting(Kind::StoreUnavailable, None, lasts).await;
                self.store.set_hanging(false);
            }
            Fault::LoseAnswers(count) => {
                self.store.lose_answers(count);
                self.note_lost_answers(count);
            }
            Fault::SlowPublications(count) => self.store.slow_publications(count),
            Fault::LateClaims(count, late) => {
                self.store.delay_claims(count, late);
                self.note_lost_answers(count);
            }
            Fault::LatePublications(count, late) => {
                self.store.delay_publications(count, late);
                self.note_lost_answers(count);
            }
            Fault::CutFromStore(host, lasts) => {
                self.note_holder(host);
                self.store.set_cut_off(host, true);
                self.lasting(Kind::StoreUnavailable, Some(host), lasts).await;
                self.store.set_cut_off(host, false);
            }
            Fault::CutFromService(host, lasts) => {
                self.service.set_cut_off(host, true);
                self.lasting(Kind::ServiceUnavailable, Some(host), lasts).await;
                self.service.set_cut_off(host, false);
            }
            Fault::ServiceDown(lasts) => {
                self.service.set_down(true);
                self.lasting(Kind::ServiceUnavailable, None, lasts).await;
                self.service.set_down(false);
            }
            Fault::Revoke => {
                self.service.revoke();
                self.lasting_from_now(Kind::Revoked, None, Duration::ZERO);
            }
            Fault::RotateSecret => self.rotate().await,
        }
    }

    /// Both secrets count for a while. Some hosts learn of the new one too late.
    async fn rotate(&self) {
        let secret = {
            let mut seen = self.seen();
            seen.rotations += 1;
            format!("secret-{}", seen.rotations)
        };
        self.service.accept_secret(&secret);
        let overlap = self.world.random(|random| Duration::from_millis(random.u64(1000..20_000)));
        self.lasting_from_now(Kind::Rotated, None, overlap + Duration::from_secs(12));
        for host in 0..self.seen().secrets.len() {
            let late = self.world.random(|random| Duration::from_millis(random.u64(..10_000)));
            let learns = overlap.mul_f64(self.world.random(fastrand::Rng::f64)) + late;
            let refused = learns.saturating_sub(overlap);
            let (fleet, secret) = (self.clone(), secret.clone());
            self.world.spawn(
                None,
                Box::pin(async move {
                    fleet.world.sleep(learns - refused).await;
                    fleet.lasting_from_now(Kind::SecretRefused, Some(host), refused);
                    fleet.world.sleep(refused).await;
                    let mut seen = fleet.seen();
                    if seen.secrets[host] < secret {
                        seen.secrets[host] = secret;
                    }
                }),
            );
        }
        self.world.sleep(overlap).await;
        self.service.refuse_old_secrets();
    }

    /// Strikes the holder at some moment of its acquisition.
    fn strike_soon(&self, host: usize, fault: HolderFault) {
        let fleet = self.clone();
        let after = self.world.random(|random| Duration::from_millis(random.u64(..800)));
        self.world.spawn(
            None,
            Box::pin(async move {
                fleet.world.sleep(after).await;
                match fault {
                    HolderFault::Crash => fleet.crash(host),
                    HolderFault::Freeze(lasts) => fleet.freeze(host, lasts).await,
                }
            }),
        );
    }

    fn crash(&self, host: usize) {
        self.note_holder(host);
        self.world.log(format_args!("host {host} crashes"));
        self.world.crash(host);
    }

    async fn freeze(&self, host: usize, lasts: Duration) {
        if !self.world.is_running(host) {
            return;
        }
        self.note_holder(host);
        self.world.log(format_args!("host {host} freezes for {lasts:?}"));
        self.world.freeze(host);
        self.lasting(Kind::Frozen, Some(host), lasts).await;
        self.world.thaw(host);
        self.world.log(format_args!("host {host} goes on"));
    }

    /// One of them may be lost at any later time.
    fn note_lost_answers(&self, count: usize) {
        for _ in 0..count {
            self.lasting_from_now(Kind::LostAnswer, None, Duration::MAX / 4);
        }
    }

    fn note_holder(&self, host: usize) {
        if self.store.is_holder(host) {
            self.lasting_from_now(Kind::Holder, None, Duration::ZERO);
        }
    }

    async fn lasting(&self, kind: Kind, host: Option<usize>, lasts: Duration) {
        self.lasting_from_now(kind, host, lasts);
        self.world.sleep(lasts).await;
    }

    fn lasting_from_now(&self, kind: Kind, host: Option<usize>, lasts: Duration) {
        let began = self.world.now();
        self.seen().incidents.push(Incident { kind, host, began, ended: began + lasts });
    }

    fn violation(&self, what: impl std::fmt::Display) {
        self.world.log(format_args!("VIOLATION: {what}"));
        self.seen().violations.push(what.to_string());
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}
