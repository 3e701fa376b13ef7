//! A server whose clock jumps. Its clock cannot be set, so the ends that it keeps move the other way.

use std::time::Duration;

use cg_auth_core::{
    Recovery,
    time::Now,
    token::store::{CoolDown, Holder, Lease, Published, SharedFailure},
};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_redis::{ByteStore as _, Sealed};
use cg_auth_store::byte_store::{ByteClaimed, BytePublication};

use super::{
    entries::{FIRST, claim, publish_token, text},
    providers::provider_over,
    server::{self, Server},
};

const SECOND: Holder = Holder::new(2);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WON: ByteClaimed = ByteClaimed::Won(Lease::after(0));

async fn jump_forward(server: &Server, by: Duration) {
    move_ends(server, &format!("-{}", by.as_micros())).await;
}

async fn jump_back(server: &Server, by: Duration) {
    move_ends(server, &by.as_micros().to_string()).await;
}

async fn move_ends(server: &Server, by: &str) {
    let script = "for _, key in ipairs(redis.call('KEYS', '*')) do
        for _, name in ipairs(redis.call('HKEYS', key)) do
            if string.find(name, '_end$') then redis.call('HINCRBY', key, name, ARGV[1]) end
        end
        redis.call('PERSIST', key)
    end";
    let moved = server.ask(&["EVAL", script, "0", by]).await;
    assert_eq!(moved, redis::Value::Nil);
}

/// How long another holder has the lease.
fn held(claimed: ByteClaimed) -> Duration {
    match claimed {
        ByteClaimed::Held(left) => left,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_a_day_forward_costs_an_acquisition() {
    if !server::is_there() {
        return;
    }
    let (emulator, server) = (Emulator::start().await.unwrap(), Server::start(&[]));
    let provider = || provider_over(&emulator, Sealed::new(server.store()));
    let before = provider();
    let token = before.token().await.unwrap();
    jump_forward(&server, DAY).await;
    let [after, later] = [provider(), provider()];
    after.token().await.unwrap();
    later.token().await.unwrap();
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 2);
    assert!(before.token().await.unwrap().is_same_issue(&token), "its own token is valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_a_day_back_lengthens_the_life_of_no_token() {
    if !server::is_there() {
        return;
    }
    let lifetime = 30 * MINUTE;
    let emulator = Emulator::builder().token_lifetime(lifetime).start().await.unwrap();
    let server = Server::start(&[]);
    let provider = || provider_over(&emulator, Sealed::new(server.store()));
    provider().token().await.unwrap();
    jump_back(&server, DAY).await;
    let adopted = provider().token().await.unwrap();
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
    let left = adopted.expiry().remaining(Now::system()).unwrap();
    assert!(left <= lifetime, "{left:?}");
}

/// A provider believes no lease for longer than a minute, whatever the store says.
#[tokio::test]
async fn the_next_extension_sets_a_lease_right_that_a_jump_has_lengthened() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    assert_eq!(claim(&store, FIRST).await.unwrap(), WON);
    jump_back(&server, DAY).await;
    let left = held(claim(&store, SECOND).await.unwrap());
    assert!((DAY..=DAY + MINUTE).contains(&left), "{left:?}");
    assert_eq!(claim(&store, FIRST).await.unwrap(), WON);
    let left = held(claim(&store, SECOND).await.unwrap());
    assert!(left <= MINUTE, "{left:?}");
}

#[tokio::test]
async fn a_holder_whose_lease_a_jump_has_ended_gives_way_to_the_next_one() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    assert_eq!(claim(&store, FIRST).await.unwrap(), WON);
    jump_forward(&server, DAY).await;
    assert_eq!(claim(&store, SECOND).await.unwrap(), WON);
    assert_eq!(publish_token(&store, MINUTE).await.unwrap(), Published::HeldElsewhere);
    held(claim(&store, FIRST).await.unwrap());
}

#[tokio::test]
async fn a_jump_ends_a_cool_down_with_its_count_or_tells_its_true_length() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    let failure = SharedFailure::new("api", Recovery::ReplaceCredential, Some(401));
    let cool_down = CoolDown { left: MINUTE, failures: 3, failure };
    store.publish("entry", FIRST, &BytePublication::CoolDown(cool_down.clone())).await.unwrap();
    jump_back(&server, DAY).await;
    match claim(&store, SECOND).await.unwrap() {
        ByteClaimed::CoolingDown(told) => {
            assert!((DAY..=DAY + MINUTE).contains(&told.left), "{told:?}");
            assert_eq!(CoolDown { left: MINUTE, ..told }, cool_down);
        }
        other => panic!("{other:?}"),
    }
    jump_forward(&server, 2 * DAY).await;
    assert_eq!(claim(&store, SECOND).await.unwrap(), WON);
}

/// No end is lost or wraps round, so the entry is readable or counts as empty.
#[tokio::test]
async fn a_clock_that_jumps_by_thousands_of_years_breaks_no_operation() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    for years in [30, 300, 30_000] {
        claim(&store, FIRST).await.unwrap();
        jump_back(&server, years * 365 * DAY).await;
        let claimed = claim(&store, SECOND).await.unwrap();
        assert!(matches!(claimed, ByteClaimed::Held(_) | ByteClaimed::Won(_)), "{years}: {claimed:?}");
        let text_of_failure = store.remove("entry").await.err().map(|error| text::<()>(Err(error)));
        assert_eq!(text_of_failure, None);
    }
}
