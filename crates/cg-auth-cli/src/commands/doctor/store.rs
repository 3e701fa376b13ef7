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
    settings::{Chosen, StoreChoice},
    time_format::brief,
};

/// Takes a lease of an entry of its own and removes it, within `limit`. Nothing of it stays.
pub(super) async fn check(
    chosen: &Chosen<StoreChoice>,
    limit: Duration,
    report: &mut Report,
) -> Result<(), Failure> {
    let Some(store) = chosen.value.open() else { return Ok(()) };
    let begun = Now::system();
    let outcome = timeout(limit.min(LONGEST_CHECK), probe(&*store)).await;
    let took = Now::system().saturating_since(begun) / OPERATIONS;
    let name = format!("{} ({})", chosen.value, chosen.origin);
    let outcome = match outcome {
        Ok(Ok(())) if took > LONGEST_OPERATION => Err(slow(&name, took)),
        Ok(Ok(())) => Ok(Finding::new(format!("{name} answers within {}", brief(took)))
            .with_fact("latency_ms", u64::try_from(took.as_millis()).unwrap_or(u64::MAX))),
        Ok(Err(error)) => Err(unusable(chosen, Some(error))),
        Err(_) => Err(unusable(chosen, None)),
    };
    report.add(Name::Store, outcome)
}

async fn probe(store: &dyn TokenStore) -> Result<(), StoreError> {
    let holder = Holder::random();
    let name = format!("{:064x}", holder.number());
    let entry = StoreEntry::new(name, Zeroizing::new(vec![0; LENGTH_OF_KEYS]));
    let mut claim = Claim::new(holder);
    claim.lease = Some(LONGEST_CHECK);
    let claimed = store.claim(&entry, &claim).await?;
    store.remove(&entry).await?;
    match claimed {
        Claimed::Won(_) => Ok(()),
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
        None => (text, "name another store with --store, or use none with --no-store".to_owned()),
    };
    Problem::settings(detail).with_fix(advice).with_exit_code(code)
}

fn slow(name: &str, took: Duration) -> Problem {
    let detail = format!("{name} takes {} for an operation", brief(took));
    let fix = format!("a call waits for {} at most and then goes on without it", brief(LONGEST_OPERATION));
    Problem::settings(detail).with_fix(format!("use a faster store, or none with --no-store: {fix}"))
}

const OPERATIONS: u32 = 2;
const LONGEST_CHECK: Duration = Duration::from_secs(5);
/// As a provider has it.
const LONGEST_OPERATION: Duration = Duration::from_millis(500);
/// Of the two keys of a sealed entry.
const LENGTH_OF_KEYS: usize = 64;
