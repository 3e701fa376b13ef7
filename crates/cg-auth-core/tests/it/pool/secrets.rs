//! When the secret is read, and which users a hanging source delays.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use cg_auth_core::{
    AuthClient, ClientSecret, TokenPool, TokenProvider, UserPrincipalName,
    testing::ManualClock,
    token::{SecretFn, SecretResult, SecretSource},
};

use super::{Service, Spawning, client, owner, permits, poll, run, run_tasks, secret, user, users};

#[test]
fn an_acquisition_takes_its_permit_before_it_reads_the_secret() {
    let service = Service::default();
    run(async {
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reads);
        let source = SecretFn::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<SecretResult>()
        });
        let runtime = Spawning(ManualClock::new());
        let pool = TokenPool::new(client(&service, runtime), source).with_max_acquisitions(3);
        let kept: Vec<_> = users(9).iter().map(|user| pool.for_user(user)).collect();
        kept.iter().for_each(TokenProvider::prefetch);
        run_tasks().await;
        assert_eq!(reads.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn an_acquisition_that_is_superseded_while_it_waits_for_its_permit_reads_no_secret() {
    let service = Service::default();
    run(async {
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reads);
        let source = SecretFn::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok(secret()) }
        });
        let pool =
            TokenPool::new(client(&service, Spawning(ManualClock::new())), source).with_max_acquisitions(1);
        service.close();
        let busy = pool.for_user(&user("busy"));
        busy.prefetch();
        run_tasks().await;
        let kept: Vec<_> = users(9).iter().map(|user| pool.for_user(user)).collect();
        for _ in 0..5 {
            kept.iter().for_each(TokenProvider::prefetch);
            run_tasks().await;
            kept.iter().for_each(TokenProvider::clear);
        }
        service.open();
        run_tasks().await;
        assert_eq!((reads.load(Ordering::SeqCst), service.count(), permits(&pool)), (1, 1, (0, 0)));
    });
}

#[test]
fn a_source_that_hangs_for_sixteen_users_delays_the_next_user_until_the_time_limit_at_most() {
    for is_spawning in [true, false] {
        let service = Service::default();
        run(async {
            let reads = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&reads);
            let source = SecretFn::new(move |_| {
                let hangs = counted.fetch_add(1, Ordering::SeqCst) < TokenPool::DEFAULT_MAX_ACQUISITIONS;
                async move {
                    if hangs {
                        std::future::pending::<()>().await;
                    }
                    SecretResult::Ok(secret())
                }
            });
            let clock = ManualClock::new();
            let client = match is_spawning {
                true => client(&service, Spawning(clock.clone())),
                false => client(&service, clock.clone()),
            };
            let pool = TokenPool::new(client, source);
            let hung: Vec<_> = users(16).iter().map(|user| pool.for_user(user)).collect();
            hung.iter().for_each(|provider| assert!(poll(Box::pin(provider.token()).as_mut()).is_pending()));
            run_tasks().await;
            let next = pool.for_user(&user("next"));
            let mut token = pin!(next.token());
            assert!(poll(token.as_mut()).is_pending());
            run_tasks().await;
            // A parked acquisition takes no permit.
            assert_eq!(permits(&pool), if is_spawning { (16, 1) } else { (0, 0) });
            if is_spawning {
                clock.advance(AuthClient::DEFAULT_TIMEOUT);
            }
            assert_eq!(owner(&token.await.unwrap()), "next");
            assert_eq!((reads.load(Ordering::SeqCst), service.count()), (17, 1));
        });
    }
}

/// The secret of a tenant is its name.
fn by_tenant() -> impl SecretSource + 'static {
    SecretFn::new(|user: &UserPrincipalName| {
        let tenant = user.as_str().rsplit('@').next().unwrap_or_default().to_owned();
        async move { Ok(ClientSecret::new(tenant)?) }
    })
}

#[test]
fn the_source_is_told_the_user_so_that_each_tenant_can_have_a_secret_of_its_own() {
    let service = Service::default();
    let pool = TokenPool::new(client(&service, ManualClock::new()), by_tenant());
    run(async {
        for name in ["a@one", "b@two", "c@one"] {
            assert_eq!(owner(&pool.for_user(&user(name)).token().await.unwrap()), name);
        }
        pool.for_user(&user("b@two")).delete_token_cache().await.unwrap();
    });
    assert_eq!(service.secrets(), ["one", "two", "one", "two"]);
}

#[test]
fn the_refusal_of_one_tenants_secret_is_remembered_and_delays_no_other_tenant() {
    let service = Service::default();
    service.refuse_secret(Some("one"));
    let pool = TokenPool::new(client(&service, ManualClock::new()), by_tenant());
    run(async {
        for number in 0..20 {
            let of = |tenant: &str| pool.for_user(&user(&format!("user{number}@{tenant}")));
            assert!(of("one").token().await.is_err());
            assert!(of("two").token().await.is_ok());
        }
    });
    let sent = |secret: &str| service.secrets().iter().filter(|sent| *sent == secret).count();
    assert_eq!((sent("one"), sent("two")), (1, 20));
}
