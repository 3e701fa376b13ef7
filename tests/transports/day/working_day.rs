//! A working day of two services, ten users and a thousand tasks, in a few seconds.

use std::{
    any::type_name,
    sync::{Arc, Mutex},
    time::Duration,
};

use cg_auth_core::{
    ApiCredential, AuthClient, ClientSecret, RetryPolicy, TokenProvider, UserPrincipalName,
    model::RefreshToken,
    token::{DurationUnit, Expiry, SecretFn, session::Session},
};
use cg_auth_emulator::Operation;
use http::StatusCode;
use macro_rules_attribute::apply;

use super::{
    crowd::{Caller, Crowd, Outcome, Report},
    day_clock::DayClock,
    figures::{Figures, Reported},
    minimum_requests::{Due, MinimumRequests},
    service::Service,
    timetable::{DAY, Incident, STEP, STEPS, SUSPENSION, incident_at, is_at_work},
};
use crate::subject::Subject;

/// At each step the service has received the minimum of requests that [`MinimumRequests`] calculates, or one more.
/// No call fails while there is a valid token.
#[apply(own_transports_on_two_threads)]
async fn a_working_day_needs_the_minimum_of_requests<T: Subject>() {
    let mut day = Day::begin::<T>().await;
    for step in 0..STEPS {
        day.pass(step).await;
    }
    day.end(type_name::<T>());
}

struct Day {
    day_clock: DayClock,
    services: [Service; 2],
    /// Users with an even number belong to the first service, the others to the second.
    users: Vec<User>,
    crowd: Crowd,
    /// The secret that the secret source returns.
    secret: Arc<Mutex<ClientSecret>>,
    /// How many requests beyond the minimum are allowed. It is one after the resource has refused a token
    /// during its renewal, because the renewed token may be refused too.
    slack: u64,
    figures: Figures,
}

struct User {
    client: AuthClient,
    credential: ApiCredential,
    provider: TokenProvider,
    /// The refresh token that the provider was seeded with.
    stored: Option<RefreshToken>,
    minimum_requests: MinimumRequests,
    minimum: u64,
    reported: Arc<Mutex<Reported>>,
}

impl Day {
    async fn begin<T: Subject>() -> Self {
        let day_clock = DayClock::new();
        let secret = Arc::new(Mutex::new(ClientSecret::new(OLD_SECRET).unwrap()));
        let mut services = [true, false].map(|keeps_a_cache| {
            let names = (0..USERS).filter(|user| user.is_multiple_of(2) == keeps_a_cache).map(name);
            Service::new(keeps_a_cache, day_clock.service_clock(), names.collect())
        });
        let (mut users, mut callers) = (Vec::new(), Vec::new());
        for service in &mut services {
            service.deploy(&ClientSecret::new(OLD_SECRET).unwrap(), 1).await;
        }
        let transports = services.each_ref().map(|service| Arc::new(service.reached_by(T::default())));
        for number in 0..USERS {
            let (service, transport) = (&services[number % 2], transports[number % 2].clone());
            let base_url = service.emulator().base_url().clone();
            // Time stands still during a call, so a retry within it would wait for ever.
            let client = AuthClient::with_runtime(base_url, transport.clone(), day_clock.clone())
                .with_retry_policy(RetryPolicy::none());
            let user = User::new(number, client, &secret, service.keeps_a_cache());
            callers.push(Arc::new(Caller {
                provider: user.provider.clone(),
                transport,
                protected_url: service.emulator().protected_url(),
                clock: day_clock.service_clock(),
                seen: Mutex::default(),
            }));
            users.push(user);
        }
        for user in &mut users[..2] {
            user.seed().await;
        }
        let crowd = Crowd::gather(callers, TASKS / USERS);
        Self { day_clock, services, users, crowd, secret, slack: 0, figures: Figures::default() }
    }

    /// One step of the day.
    async fn pass(&mut self, step: u32) {
        let incident = incident_at(step);
        let before = step.checked_sub(1).and_then(incident_at);
        if incident != before {
            self.change(before, incident).await;
        }
        if incident == Some(Incident::ResourceRefuses) {
            self.users.iter_mut().for_each(|user| user.minimum_requests.lose_token());
        }
        let now = u64::from(step) * STEP.as_secs();
        let due = |(number, user): (usize, &mut User)| {
            is_at_work(number, step).then(|| user.minimum_requests.pass(now, incident))
        };
        let due: Vec<Option<Due>> = self.users.iter_mut().enumerate().map(due).collect();
        if due.iter().flatten().any(|due| due.requests > 0) {
            self.figures.steps_with_requests.insert(step);
        }

        let reports = self.crowd.call(step, |user| due[user].is_some()).await;
        if incident == Some(Incident::Slow) && self.day_clock.is_busy() {
            self.figures.served_during_renewal += 1;
        }
        self.day_clock.advance(STEP).await;
        for report in reports {
            self.judge(step, incident, &due, &report);
        }
        if incident == Some(Incident::ResourceRefuses) {
            self.slack = 1;
        }
        for (number, (user, due)) in self.users.iter_mut().zip(due).enumerate() {
            user.minimum += due.map_or(0, |due| due.requests);
            let (requests, minimum) = (user.reported.lock().unwrap().requests, user.minimum);
            let is_enough = (minimum..=minimum + self.slack).contains(&requests);
            assert!(is_enough, "step {step}, user {number}: {requests} requests instead of {minimum}");
        }
    }

    fn judge(&mut self, step: u32, incident: Option<Incident>, due: &[Option<Due>], report: &Report) {
        let place = || format!("step {step}, {incident:?}, {report:?}");
        self.figures.calls += 1;
        let is_served = match &report.outcome {
            Outcome::Served { is_valid } => {
                assert!(is_valid, "{}: it has expired", place());
                true
            }
            Outcome::Used(statuses) => {
                let (first, last) = (statuses[0], statuses[statuses.len() - 1]);
                assert!(first == StatusCode::OK || incident.is_some_and(Incident::revokes), "{}", place());
                assert!(last == StatusCode::OK || incident == Some(Incident::ResourceRefuses), "{}", place());
                self.figures.uses += statuses.len() as u64;
                self.figures.recovered += u64::from(first != last);
                true
            }
            Outcome::Failed { then_served } => {
                assert!(!then_served, "{}: a second call is served", place());
                self.figures.failed += 1;
                false
            }
            Outcome::Broken(error) => panic!("{}: {error}", place()),
        };
        assert_eq!(Some(is_served), due[report.user].map(|due| due.is_served), "{}", place());
    }

    /// Ends the incident of the previous step and begins the one of this step.
    async fn change(&mut self, before: Option<Incident>, incident: Option<Incident>) {
        if before == Some(Incident::SecretReplaced) {
            *self.secret.lock().unwrap() = ClientSecret::new(NEW_SECRET).unwrap();
        }
        match incident {
            Some(Incident::UsedRefreshTokenIsSent) => self.send_used_refresh_tokens().await,
            Some(Incident::SecretReplaced) => self.replace_secret().await,
            Some(Incident::TokensRevoked) => {
                self.redeploy().await;
                self.users.iter_mut().for_each(|user| user.minimum_requests.lose_token());
            }
            Some(Incident::WallForward) => {
                self.day_clock.set_forward(A_DAY);
                self.users.iter_mut().for_each(|user| user.minimum_requests.lose_token());
            }
            Some(Incident::WallBack) => self.day_clock.set_back(A_DAY),
            Some(Incident::Suspended) => {
                self.day_clock.suspend(SUSPENSION);
                self.day_clock.set_back(SUSPENSION - STEP);
                self.users.iter_mut().for_each(|user| user.minimum_requests.lose_token());
            }
            Some(Incident::CacheDeleted) => self.delete_caches().await,
            _ => {}
        }
        self.services.iter_mut().for_each(|service| service.play(incident));
    }

    /// The services know another secret, and no refresh token that they have issued.
    async fn replace_secret(&mut self) {
        for service in &self.services {
            service.replace_secret(&ClientSecret::new(NEW_SECRET).unwrap()).await;
        }
        self.users.iter_mut().for_each(|user| user.minimum_requests.forget_at_the_service());
    }

    /// The new deployments accept no token that was issued before.
    async fn redeploy(&mut self) {
        for service in &mut self.services {
            service.deploy(&ClientSecret::new(NEW_SECRET).unwrap(), 2).await;
        }
        self.users.iter_mut().for_each(|user| user.minimum_requests.forget_at_the_service());
    }

    async fn send_used_refresh_tokens(&mut self) {
        for (user, service) in self.users.iter_mut().zip(&self.services) {
            let used = user.stored.take().unwrap();
            user.client.refresh_user_access_token(&user.credential, &used).await.unwrap_err();
            if !service.keeps_a_cache() {
                user.minimum_requests.lose_token();
                user.minimum_requests.forget_at_the_service();
            }
        }
    }

    async fn delete_caches(&mut self) {
        let (administrators, others) = self.users.split_at_mut(2);
        for administrator in administrators {
            administrator.provider.delete_token_cache().await.unwrap();
            administrator.minimum_requests.forget();
        }
        others.iter_mut().for_each(|user| user.minimum_requests.forget_at_the_service());
    }

    fn end(&self, transport: &str) {
        let reported =
            self.users.iter().fold(Reported::default(), |sum, user| sum + *user.reported.lock().unwrap());
        let minimum = self.users.iter().map(|user| user.minimum).sum();
        let count = |operation| self.services.iter().map(|service| service.count(operation)).sum::<u64>();
        self.figures.print(transport, reported, minimum, count);
        let of_tokens = count(Operation::GetDelegateAccessToken) + count(Operation::RefreshUserAccessToken);
        // Two requests seed the providers, and two send the used refresh tokens.
        assert_eq!(of_tokens, reported.requests + 4, "the providers report what the services count");
        assert_eq!(count(Operation::ProtectedResource), self.figures.uses);
        assert!(self.figures.recovered > 0 && self.figures.failed > 0);
        assert!(self.figures.served_during_renewal > 0, "no call was served during a renewal");
        for (steps, incident) in DAY.iter().filter(|(steps, _)| steps.len() > 1) {
            let mut steps_with_requests = self.figures.steps_with_requests.range(steps.clone());
            assert!(steps_with_requests.next().is_some(), "{incident:?} at {steps:?} met no request");
        }
    }
}

impl User {
    fn new(number: usize, client: AuthClient, secret: &Arc<Mutex<ClientSecret>>, has_cache: bool) -> Self {
        let credential = ApiCredential::new(ClientSecret::new(OLD_SECRET).unwrap(), name(number));
        let session = Session::with_seed(name(number), number as u64);
        let secret = Arc::clone(secret);
        let source = SecretFn::new(move |_| {
            let secret = secret.lock().unwrap().clone();
            async { Ok(secret) }
        });
        let provider = TokenProvider::with_session(client.clone(), session, source);
        let reported = Arc::new(Mutex::new(Reported::default()));
        let listener = Arc::clone(&reported);
        provider.on_event(move |event| listener.lock().unwrap().record(event));
        let minimum_requests = MinimumRequests::new(has_cache);
        Self { client, credential, provider, stored: None, minimum_requests, minimum: 0, reported }
    }

    /// Seeds the provider with a token whose refresh token another program has too.
    async fn seed(&mut self) {
        let answer = self.client.get_delegate_access_token(&self.credential).await.unwrap();
        let expiry = Expiry::of_answer(&answer, DurationUnit::Seconds);
        self.stored = answer.value.refresh_token().cloned();
        self.provider.seed(answer.value, expiry);
        self.minimum_requests.seed(0);
    }
}

fn name(user: usize) -> UserPrincipalName {
    UserPrincipalName::new(&*format!("user-{user}@example.com")).unwrap()
}

const USERS: usize = 10;
const TASKS: usize = 1000;
const OLD_SECRET: &str = "b2xkLW9uZQ==";
const NEW_SECRET: &str = "bmV3LW9uZQ==";
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
