//! [`Record`]: what an entry holds, and how the operations change it. The stores of this crate share it.

use std::time::Duration;

use cg_auth_core::token::store::{CoolDown, Holder, Lease, Published, SharedFailure};

use crate::byte_store::{ByteClaim, ByteClaimed, ByteEntry, BytePublication, Digest, SealedToken};

/// Every end is a reading of the store's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) token: Option<Saved>,
    pub(crate) has_nothing_newer: bool,
    pub(crate) lease: Option<(Holder, Duration)>,
    pub(crate) cool_down: Option<(SharedFailure, Duration)>,
    /// How many acquisitions have failed in a row, and until when the count is kept.
    pub(crate) failures: Option<(u32, Duration)>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) sealed: Vec<u8>,
    pub(crate) digest: Digest,
    pub(crate) end: Duration,
    /// The holder that published it. If the same holder repeats the publication, the token was not issued again.
    pub(crate) holder: Holder,
}

impl Record {
    /// Removes what has ended. Each operation begins with it.
    pub(crate) fn end_overdue(&mut self, now: Duration) {
        self.token.take_if(|saved| saved.end <= now);
        self.has_nothing_newer &= self.token.is_some();
        self.lease.take_if(|(_, end)| *end <= now);
        self.cool_down.take_if(|(_, end)| *end <= now);
        self.failures.take_if(|(_, end)| *end <= now);
    }

    /// Whether it holds nothing.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn claim(&mut self, claim: &ByteClaim, now: Duration) -> ByteClaimed {
        match self.lease {
            Some((holder, _)) if holder == claim.holder => {}
            lease => {
                if let Some(answer) = self.answer(claim, now) {
                    return answer;
                }
                if let Some((_, end)) = lease {
                    return ByteClaimed::Held(end.saturating_sub(now));
                }
            }
        }
        let Some(lease) = claim.lease else { return ByteClaimed::Free };
        self.lease = Some((claim.holder, now.saturating_add(lease)));
        ByteClaimed::Won(Lease::after(self.failures()))
    }

    /// The answer to a program that does not have the lease, unless it depends on the lease alone.
    fn answer(&self, claim: &ByteClaim, now: Duration) -> Option<ByteClaimed> {
        if let Some(saved) = &self.token
            && claim.wants(&saved.digest, saved.end.saturating_sub(now))
        {
            return Some(ByteClaimed::Token(saved.sealed_token(now)));
        }
        if let Some(cool_down) = self.cool_down(now) {
            return Some(ByteClaimed::CoolingDown(cool_down));
        }
        let is_held = self.token.as_ref().is_some_and(|saved| claim.holds(&saved.digest));
        (self.has_nothing_newer && is_held).then_some(ByteClaimed::NothingNewer)
    }

    pub(crate) fn publish(
        &mut self,
        holder: Holder,
        publication: &BytePublication,
        now: Duration,
    ) -> Published {
        if self.lease.is_some_and(|(other, _)| other != holder) {
            return Published::HeldElsewhere;
        }
        self.lease = None;
        match publication {
            BytePublication::Token(token) => return self.save(holder, token, now),
            BytePublication::CoolDown(CoolDown { left, failures, failure }) => {
                let end = now.saturating_add(*left);
                self.cool_down = Some((failure.clone(), end));
                self.failures = Some((*failures, end.saturating_add(COUNT_IS_KEPT)));
            }
            BytePublication::Released => {}
        }
        Published::Done
    }

    fn save(&mut self, holder: Holder, token: &SealedToken, now: Duration) -> Published {
        (self.cool_down, self.failures) = (None, None);
        let SealedToken { sealed, digest, left } = token;
        if let Some(saved) = self.token.as_mut().filter(|saved| saved.digest == *digest) {
            // The bytes that are there may be damaged.
            saved.sealed.clone_from(sealed);
            self.has_nothing_newer |= saved.holder != holder;
            return if self.has_nothing_newer { Published::NothingNewer } else { Published::Done };
        }
        let end = now.saturating_add(*left);
        self.token = Some(Saved { sealed: sealed.clone(), digest: *digest, end, holder });
        self.has_nothing_newer = false;
        Published::Done
    }

    /// What the entry holds. Call [`end_overdue`](Self::end_overdue) first.
    pub(crate) fn entry(&self, now: Duration) -> ByteEntry {
        ByteEntry {
            token: self.token.as_ref().map(|saved| saved.sealed_token(now)),
            has_nothing_newer: self.has_nothing_newer,
            lease: self.lease.map(|(_, end)| end.saturating_sub(now)),
            cool_down: self.cool_down(now),
            failures: self.failures(),
            is_unreadable: false,
        }
    }

    fn cool_down(&self, now: Duration) -> Option<CoolDown> {
        let (failure, end) = self.cool_down.as_ref()?;
        let (left, failures) = (end.saturating_sub(now), self.failures());
        Some(CoolDown { left, failures, failure: failure.clone() })
    }

    fn failures(&self) -> u32 {
        self.failures.map_or(0, |(count, _)| count)
    }
}

impl Saved {
    fn sealed_token(&self, now: Duration) -> SealedToken {
        SealedToken { sealed: self.sealed.clone(), digest: self.digest, left: self.end.saturating_sub(now) }
    }
}

impl std::fmt::Debug for Saved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Saved").field("end", &self.end).finish_non_exhaustive()
    }
}

/// How long the count of failures outlives its cool-down.
const COUNT_IS_KEPT: Duration = Duration::from_secs(60 * 60);
