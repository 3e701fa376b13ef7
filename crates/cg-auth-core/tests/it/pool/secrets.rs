//! When the secret is read, and which users a hanging source delays.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use cg_auth_core::{
    AuthClient, TokenPool, TokenProvider,
    testing::ManualClock,
    token::{SecretFn, SecretResult},
};

use super::{Service, Spawning, client, owner, permits, poll, run, run_tasks, secret, user, users};

#[test]
fn an_acquisition_takes_its_permit_before_it_reads_the_secret() {
    let service = Service::default();
    run(async {
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reads);
        let source = SecretFn::new(move || {
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
        let source = SecretFn::new(move || {
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
            let source = SecretFn::new(move || {
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
