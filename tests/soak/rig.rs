//! [`Rig`]: the providers and pools of a run, and the tasks that call them.

use std::{sync::Arc, time::Duration};

use cg_auth_core::{
    ApiCredential, AuthClient, ClientSecret, RetryPolicy, TokenPool, TokenProvider, UserPrincipalName,
    token::Event, transport::HttpTransport,
};
use cg_auth_transport_util::TransportSettings;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    MakeTransport,
    caller::Caller,
    figures::{Figures, Wire},
    requests::{Counted, Ledger},
    service::Service,
};

/// What the callers of a run share: over each wire one client, some providers and a pool.
#[derive(Debug)]
pub(crate) struct Rig {
    sides: Vec<Arc<Side>>,
    stop: watch::Sender<bool>,
}

/// One client of the service and everything over it.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) wire: Wire,
    pub(crate) client: AuthClient,
    pub(crate) providers: Vec<TokenProvider>,
    pub(crate) pool: TokenPool,
    /// A provider with a secret that the service refuses.
    pub(crate) refused: TokenProvider,
    pub(crate) ledger: Arc<Ledger>,
}

impl Rig {
    /// Builds everything and starts the callers.
    pub(crate) fn start(
        transport: MakeTransport,
        service: &Service,
        figures: &Arc<Figures>,
    ) -> (Self, JoinSet<()>) {
        let settings = TransportSettings::new()
            .no_proxy()
            .only_root_certificates_pem(service.ca_pem().as_bytes())
            .unwrap();
        let (stop, stopped) = watch::channel(false);
        let mut callers = JoinSet::new();
        let mut sides = Vec::new();
        for wire in [Wire::Http1, Wire::Http2Tls] {
            let side = Arc::new(Side::new(wire, transport(&settings), service, figures));
            for number in 0..CALLERS {
                let caller = Caller::new(number, side.clone(), figures.clone());
                callers.spawn(caller.call_until(stopped.clone()));
            }
            sides.push(side);
        }
        (Self { sides, stop }, callers)
    }

    /// Stops the callers, sees that each user gets a token now that the service is calm, and drops everything.
    pub(crate) async fn end(self, mut callers: JoinSet<()>, figures: &Figures) {
        self.stop.send_replace(true);
        // A caller ends with its call, and no call waits longer than this.
        let all = async {
            while let Some(ended) = callers.join_next().await {
                ended.unwrap();
            }
        };
        timeout(LONGEST_WAIT, all).await.expect("every caller ends");
        for side in self.sides {
            let users = (0..POOL_USERS).map(|number| side.pool.for_user(&user(PROVIDERS + number)));
            let serve = |provider: TokenProvider| async move { (served_at_last(&provider).await, provider) };
            let all: JoinSet<_> = side.providers.iter().cloned().chain(users).map(serve).collect();
            for (is_served, provider) in all.join_all().await {
                if !is_served {
                    let state = provider.state();
                    figures.violation(format!("no token although the service answers: {state:?}"));
                }
            }
            // Some are shut down, the others are dropped during their acquisitions.
            side.providers.iter().for_each(TokenProvider::clear);
            side.providers.iter().for_each(TokenProvider::prefetch);
            side.providers[0].shutdown().await;
            if side.wire == Wire::Http1 {
                side.pool.shutdown().await;
            }
            figures.add_calls(side.wire, &side.ledger);
        }
    }
}

impl Side {
    fn new(wire: Wire, transport: Arc<dyn HttpTransport>, service: &Service, figures: &Arc<Figures>) -> Self {
        let ledger = Arc::new(Ledger::default());
        let transport = Counted { transport, ledger: ledger.clone() };
        let retries = RetryPolicy::new()
            .with_attempt_timeout(ATTEMPT_TIMEOUT)
            .with_waits(Duration::from_millis(20), Duration::from_millis(200));
        let client = AuthClient::new(service.base_url(wire), transport)
            .with_timeout(CALL_TIMEOUT)
            .with_retry_policy(retries);
        let record = {
            let (figures, ledger) = (figures.clone(), ledger.clone());
            move |user: &UserPrincipalName, event: &Event| {
                figures.record(user.as_str(), event);
                if matches!(event, Event::Acquired { .. } | Event::Failed { .. } | Event::Abandoned { .. }) {
                    ledger.end(user.as_str());
                }
            }
        };
        let provider = |number, secret| {
            let provider = TokenProvider::new(client.clone(), user(number), secret);
            let (record, user) = (record.clone(), user(number));
            provider.on_event(move |event| record(&user, event));
            provider
        };
        let providers = (0..PROVIDERS).map(|number| provider(number, secret(1))).collect();
        let refused = provider(USERS, secret(9));
        // A few less than its users, so that it gives some up.
        let pool = TokenPool::new(client.clone(), secret(1)).with_capacity(POOL_USERS - 2);
        pool.on_event(record);
        Self { wire, client, providers, pool, refused, ledger }
    }
}

/// Whether the provider has a token after at most a few of the pauses that its errors name.
async fn served_at_last(provider: &TokenProvider) -> bool {
    for _ in 0..ROUNDS {
        match provider.token().await {
            Ok(_) => return true,
            Err(error) => sleep(error.retry_after().unwrap_or_default()).await,
        }
    }
    false
}

pub(crate) fn user(number: usize) -> UserPrincipalName {
    UserPrincipalName::new(format!("user-{number}@example.com")).unwrap()
}

/// A client secret. The service accepts the first two.
pub(crate) fn secret(number: u8) -> ClientSecret {
    ClientSecret::new(format!("soak-secret-{number}")).unwrap()
}

/// A user for a caller's own calls.
pub(crate) fn own_credential(caller: usize) -> ApiCredential {
    ApiCredential::new(secret(1), user(PROVIDERS + POOL_USERS + caller))
}

pub(crate) const PROVIDERS: usize = 6;
pub(crate) const POOL_USERS: usize = 60;
pub(crate) const CALLERS: usize = 24;
pub(crate) const USERS: usize = PROVIDERS + POOL_USERS + CALLERS;

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// An acquisition may take three times the timeout of a call, and the users of a pool wait for each other.
pub(crate) const LONGEST_WAIT: Duration = CALL_TIMEOUT.saturating_mul(3 * 2);
/// The failure itself, a pause that another user's probe has prolonged, and one more.
const ROUNDS: usize = 4;
