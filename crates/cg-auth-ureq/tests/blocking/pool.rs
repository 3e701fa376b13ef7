//! The pool for threads.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use cg_auth_core::{ApiCredential, ClientSecret, TokenPool, UserPrincipalName, token::DurationUnit};
use cg_auth_emulator::{Emulator, Operation::GetDelegateAccessToken};
use cg_auth_ureq::BlockingTokenPool;

use super::{client, secret, until, user};

const USERS: usize = 30;

fn name(number: usize) -> UserPrincipalName {
    UserPrincipalName::new(format!("user{number}@example.com")).unwrap()
}

fn service() -> Emulator {
    let secret = ClientSecret::new("of-all-users").unwrap();
    let credential = |number| ApiCredential::new(secret.clone(), name(number));
    let builder = Emulator::builder().credential(credential(0));
    let service = builder.start_blocking().unwrap();
    for number in 1..USERS {
        service.add_user(cg_auth_emulator::User::new(credential(number))).unwrap();
    }
    service
}

fn pool(service: &Emulator) -> BlockingTokenPool {
    BlockingTokenPool::new(client(service.base_url()), secret(service))
}

#[test]
fn threads_of_many_users_make_one_request_a_user() {
    let service = service();
    let pool = pool(&service);
    let threads: Vec<_> = (0..4 * USERS)
        .map(|number| {
            let pool = pool.clone();
            thread::spawn(move || pool.for_user(&name(number % USERS)).token().map(|_| ()))
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap().is_ok()));
    assert_eq!(service.count(GetDelegateAccessToken), USERS as u64);
    assert_eq!((pool.len(), pool.states().len(), pool.is_empty()), (USERS, USERS, false));
    assert_eq!(pool.shutdown().len(), USERS);
    assert!(pool.for_user(&name(0)).token().is_err(), "the pool has ended");
}

#[test]
fn a_user_keeps_a_token_until_the_pool_is_cleared() {
    let service = service();
    let pool = pool(&service);
    let user = user(&service);
    let first = pool.for_user(&user).token().unwrap();
    assert!(pool.for_user(&user).token().unwrap().is_same_issue(&first));
    pool.clear();
    assert!(!pool.for_user(&user).token().unwrap().is_same_issue(&first));
}

#[test]
fn options_secrets_and_observers_reach_the_pool() {
    let service = service();
    let wrong = ClientSecret::new("wrong").unwrap();
    let pool = BlockingTokenPool::new(client(service.base_url()), wrong)
        .with_capacity(1)
        .with_idle_time(Duration::from_secs(60))
        .with_max_acquisitions(2)
        .with_duration_unit(DurationUnit::Seconds);
    let names = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&names);
    pool.on_event(move |user, event| {
        seen.lock().unwrap().push(format!("{} {}", user.as_str(), event.name()));
    });
    assert!(pool.for_user(&name(0)).token().is_err());
    pool.replace_secret(secret(&service));
    for number in 0..5 {
        pool.for_user(&name(number)).token().unwrap();
    }
    // Beyond its capacity the pool keeps only users in use, such as those whose acquisition has just ended.
    until(|| {
        drop(pool.for_user(&name(5)));
        pool.len() <= 2
    });
    let names = names.lock().unwrap();
    assert!(names.iter().any(|seen| seen == "user0@example.com token_failed"), "{names:?}");
    assert!(names.iter().any(|seen| seen == "user1@example.com token_acquired"), "{names:?}");
}

#[test]
fn async_code_has_the_same_pool() {
    let service = service();
    let pool = pool(&service);
    let user = user(&service);
    let token = pool.for_user(&user).token().unwrap();
    assert!(pool.as_async().for_user(&user).peek().unwrap().is_same_issue(&token));
    let back = BlockingTokenPool::from(TokenPool::from(pool));
    assert!(back.for_user(&user).peek().unwrap().is_same_issue(&token));
}
