//! [`Families`]: the refresh tokens that descend from one delegation, and what becomes of them.

use std::collections::{HashMap, HashSet, VecDeque};

use cg_auth_core::UserPrincipalName;

use crate::{refresh_ticket::RefreshTicket, settings::RefreshRotation};

/// The families that may still be refreshed, and those whose tokens were revoked. Only the newest
/// [`REMEMBERED`] of the first and [`REVOKED`] of the second are remembered.
#[derive(Debug)]
pub(crate) struct Families {
    rotation: RefreshRotation,
    reuse_detection: bool,
    open: HashMap<u64, Family>,
    /// In the order of their birth; some may be gone from `open`.
    births: VecDeque<u64>,
    revoked: HashSet<u64>,
    revocations: VecDeque<u64>,
}

#[derive(Debug)]
struct Family {
    user: UserPrincipalName,
    /// The serial of the one token that is good.
    serial: u32,
    /// In seconds since 1970; `None` for never.
    expires_at: Option<u64>,
}

/// Why a refresh token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unredeemable {
    /// Never issued to this user, forgotten, expired, or of a family that was revoked.
    Unknown,
    /// Taken before, and its family is revoked for that: one of the two who had it has stolen it.
    Reused,
}

impl Families {
    pub(crate) fn new(rotation: RefreshRotation, reuse_detection: bool) -> Self {
        Self {
            rotation,
            reuse_detection,
            open: HashMap::new(),
            births: VecDeque::new(),
            revoked: HashSet::new(),
            revocations: VecDeque::new(),
        }
    }

    /// A new family of `user`'s; its first token is good until `expires_at`.
    pub(crate) fn found(
        &mut self,
        family: u64,
        user: &UserPrincipalName,
        expires_at: Option<u64>,
    ) -> RefreshTicket {
        if self.births.len() == REMEMBERED
            && let Some(oldest) = self.births.pop_front()
        {
            self.open.remove(&oldest);
        }
        self.births.push_back(family);
        self.open.insert(family, Family { user: user.clone(), serial: 0, expires_at });
        RefreshTicket { family, serial: 0 }
    }

    /// Takes a refresh token: the one that is good from now on, until `expires_at` if it is another.
    pub(crate) fn redeem(
        &mut self,
        ticket: RefreshTicket,
        user: &UserPrincipalName,
        now: u64,
        expires_at: Option<u64>,
    ) -> Result<RefreshTicket, Unredeemable> {
        let family = self.open.get_mut(&ticket.family).filter(|family| family.user == *user);
        let family = family.ok_or(Unredeemable::Unknown)?;
        if ticket.serial != family.serial {
            if !self.reuse_detection {
                return Err(Unredeemable::Unknown);
            }
            self.revoke(ticket.family);
            return Err(Unredeemable::Reused);
        }
        if family.has_expired(now) {
            return Err(Unredeemable::Unknown);
        }
        if self.rotation == RefreshRotation::Keep {
            return Ok(ticket);
        }
        family.serial = family.serial.wrapping_add(1);
        family.expires_at = expires_at;
        Ok(RefreshTicket { serial: family.serial, ..ticket })
    }

    /// Whether a refresh token would be taken from the one that it belongs to.
    pub(crate) fn takes(&self, ticket: RefreshTicket, now: u64) -> bool {
        let family = self.open.get(&ticket.family);
        family.is_some_and(|family| family.serial == ticket.serial && !family.has_expired(now))
    }

    /// Whether every token of the family is refused.
    pub(crate) fn is_revoked(&self, family: u64) -> bool {
        self.revoked.contains(&family)
    }

    /// Forgets every refresh token. What was revoked stays so.
    pub(crate) fn forget(&mut self) {
        self.open.clear();
        self.births.clear();
    }

    fn revoke(&mut self, family: u64) {
        self.open.remove(&family);
        if self.revocations.len() == REVOKED
            && let Some(oldest) = self.revocations.pop_front()
        {
            self.revoked.remove(&oldest);
        }
        self.revocations.push_back(family);
        self.revoked.insert(family);
    }
}

impl Family {
    fn has_expired(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}

pub(crate) const REMEMBERED: usize = 4096;
pub(crate) const REVOKED: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_token_that_comes_back_revokes_its_family_and_no_other() {
        let mut families = Families::new(RefreshRotation::Rotate, true);
        let first = families.found(1, &user(), None);
        let other = families.found(2, &user(), None);
        let second = families.redeem(first, &user(), 0, None).unwrap();
        assert_eq!(families.redeem(first, &user(), 0, None), Err(Unredeemable::Reused));
        assert!(families.is_revoked(1) && !families.is_revoked(2));
        assert_eq!(families.redeem(second, &user(), 0, None), Err(Unredeemable::Unknown));
        assert!(families.redeem(other, &user(), 0, None).is_ok());
    }

    #[test]
    fn without_reuse_detection_a_rotated_token_is_merely_refused() {
        let mut families = Families::new(RefreshRotation::Rotate, false);
        let first = families.found(1, &user(), None);
        let second = families.redeem(first, &user(), 0, None).unwrap();
        assert_eq!(families.redeem(first, &user(), 0, None), Err(Unredeemable::Unknown));
        assert!(families.redeem(second, &user(), 0, None).is_ok());
    }

    #[test]
    fn a_token_that_is_kept_can_be_taken_again_until_it_expires() {
        let mut families = Families::new(RefreshRotation::Keep, true);
        let token = families.found(1, &user(), Some(10));
        for now in [0, 9] {
            assert_eq!(families.redeem(token, &user(), now, Some(99)), Ok(token));
        }
        assert_eq!(families.redeem(token, &user(), 10, None), Err(Unredeemable::Unknown));
    }

    #[test]
    fn another_users_token_is_unknown_and_stays_good() {
        let mut families = Families::new(RefreshRotation::Rotate, true);
        let token = families.found(1, &user(), None);
        let other = UserPrincipalName::new("v@x").unwrap();
        assert_eq!(families.redeem(token, &other, 0, None), Err(Unredeemable::Unknown));
        assert!(families.redeem(token, &user(), 0, None).is_ok());
    }

    #[test]
    fn only_the_newest_families_and_revocations_are_remembered() {
        let mut families = Families::new(RefreshRotation::Rotate, true);
        for family in 0..=REVOKED as u64 {
            let ticket = families.found(family, &user(), None);
            families.redeem(ticket, &user(), 0, None).unwrap();
            families.redeem(ticket, &user(), 0, None).unwrap_err();
            assert!(families.births.len() <= REMEMBERED && families.open.len() <= REMEMBERED);
        }
        assert_eq!((families.revoked.len(), families.revocations.len()), (REVOKED, REVOKED));
        assert!(!families.is_revoked(0) && families.is_revoked(1));

        let mut families = Families::new(RefreshRotation::Rotate, true);
        let oldest = families.found(0, &user(), None);
        let second = families.found(1, &user(), None);
        for family in 2..=REMEMBERED as u64 {
            families.found(family, &user(), None);
        }
        assert_eq!(families.redeem(oldest, &user(), 0, None), Err(Unredeemable::Unknown));
        assert!(families.redeem(second, &user(), 0, None).is_ok());
    }

    fn user() -> UserPrincipalName {
        UserPrincipalName::new("u@x").unwrap()
    }
}
