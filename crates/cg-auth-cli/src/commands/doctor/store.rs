//! The check of the store that processes share: whether it can be read and written, and how fast it answers.

use std::time::Duration;

use cg_auth_core::{
    causes::cause_chain,
    time::Now,
    token::store::{Claim, Claimed, Holder, StoreEntry, StoreError, TokenStore},
};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{
    check::{Finding, Name, Problem},
    report::Report,
};
use crate::{
    failure::{FailedStore, Failure, code_of},
    settings::{Chosen, Settings, StoreChoice},
    time_format::brief,
};

/// Takes the lease of a new entry and removes the entry, so that nothing stays in the store.
pub(super) async fn check(settings: &Settings, report: &mut Report) -> Result<(), Failure> {
    let limit = settings.timeout().min(LONGEST_CHECK);
    let (Some(chosen), Some(store)) = (settings.store(), settings.open_store(Some(limit))?) else {
        return Ok(());
    };
    // The store itself gives up a little earlier, and its error says more.
    let outcome = timeout(limit + limit / 10, probe(&*store)).await;
    let name = format!("{} ({})", chosen.value, chosen.origin);
    let outcome = match outcome {
        Ok(Ok(took)) if took > LONGEST_OPERATION => Err(slow(&name, took)),
        Ok(Ok(took)) => Ok(Finding::new(format!("{name} answers within {}", brief(took)))
            .with_fact("latency_ms", u64::try_from(took.as_millis()).unwrap_or(u64::MAX))),
        Ok(Err(error)) => Err(unusable(chosen, Some(error))),
        Err(_) => Err(unusable(chosen, None)),
    };
    report.add(Name::Store, outcome)
}

/// How long the slower of the two operations takes. Over a server that is the one that connects.
async fn probe(store: &dyn TokenStore) -> Result<Duration, StoreError> {
    let holder = Holder::random();
    let name = format!("{:064x}", holder.number());
    let entry = StoreEntry::new(name, Zeroizing::new(vec![0; LENGTH_OF_KEYS]));
    let mut claim = Claim::new(holder);
    claim.lease = Some(LONGEST_CHECK);
    let begun = Now::system();
    let claimed = store.claim(&entry, &claim).await?;
    let has_claimed = Now::system();
    store.remove(&entry).await?;
    match claimed {
        Claimed::Won(_) => {
            let [first, second] = [(has_claimed, begun), (Now::system(), has_claimed)]
                .map(|(end, begun)| end.saturating_since(begun));
            Ok(first.max(second))
        }
        _ => Err(StoreError::new("the store gave no lease of a new entry")),
    }
}

fn unusable(chosen: &Chosen<StoreChoice>, error: Option<StoreError>) -> Problem {
    let failed = FailedStore::new(&chosen.value, &chosen.origin, error);
    let code = code_of(failed.kind());
    // What follows the last semicolon is advice.
    let text = cause_chain(&failed);
    let (detail, advice) = match text.rsplit_once("; ") {
        Some((detail, advice)) => (detail.to_owned(), advice.to_owned()),
        None => (text, advice(&chosen.value).to_owned()),
    };
    Problem::settings(detail).with_fix(advice).with_exit_code(code)
}

const fn advice(store: &StoreChoice) -> &'static str {
    match store {
        StoreChoice::Redis(_) => {
            "check that the server runs and that the URL is right, or use no store with --no-store"
        }
        _ => "name another store with --store, or use none with --no-store",
    }
}

fn slow(name: &str, took: Duration) -> Problem {
    let detail = format!("{name} takes {} for an operation", brief(took));
    let fix = format!("a call waits for {} at most and then goes on without it", brief(LONGEST_OPERATION));
    Problem::settings(detail).with_fix(format!("use a faster store, or none with --no-store: {fix}"))
}

const LONGEST_CHECK: Duration = Duration::from_secs(5);
/// The default limit of a store on Redis. A provider waits a little longer.
const LONGEST_OPERATION: Duration = Duration::from_millis(400);
/// Of the two keys of a sealed entry.
const LENGTH_OF_KEYS: usize = 64;
