//! [`Families`]: refresh token families. A family is the refresh tokens that descend from one delegation.

use std::collections::{HashMap, HashSet, VecDeque};

use cg_auth_core::UserPrincipalName;

use super::{refresh_ticket::RefreshTicket, settings::RefreshRotation};

/// The families that can be refreshed, at most [`MAX_FAMILIES`], and the revoked ones, at most
/// [`MAX_REVOCATIONS`]. Each of the two drops its oldest entry when it is full.
#[derive(Debug)]
pub(super) struct Families {
    rotation: RefreshRotation,
    reuse_detection: bool,
    open: HashMap<u64, Family>,
    /// The keys of `open`, oldest first. A revoked family stays here until it is the oldest.
    open_by_age: VecDeque<u64>,
    revoked: HashSet<u64>,
    /// The members of `revoked`, oldest first.
    revoked_by_age: VecDeque<u64>,
}

#[derive(Debug)]
struct Family {
    user: UserPrincipalName,
    /// The serial of the family's one valid refresh token.
    serial: u32,
    /// When that token expires, in seconds since 1970; `None` for never.
    expires_at: Option<u64>,
}

/// Why a refresh token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefreshRefused {
    /// Not issued to this user, forgotten, expired, or of a revoked family.
    Unknown,
    /// Used before. The family is revoked, because the second use may come from a thief.
    Reused,
}

impl Families {
    pub(super) fn new(rotation: RefreshRotation, reuse_detection: bool) -> Self {
        Self {
            rotation,
            reuse_detection,
            open: HashMap::new(),
            open_by_age: VecDeque::new(),
            revoked: HashSet::new(),
            revoked_by_age: VecDeque::new(),
        }
    }

    /// Starts a family for `user`. Its first refresh token is valid until `expires_at`.
    pub(super) fn start(
        &mut self,
        family: u64,
        user: &UserPrincipalName,
        expires_at: Option<u64>,
    ) -> RefreshTicket {
        if let Some(oldest) = push_bounded(&mut self.open_by_age, family, MAX_FAMILIES) {
            self.open.remove(&oldest);
        }
        self.open.insert(family, Family { user: user.clone(), serial: 0, expires_at });
        RefreshTicket { family, serial: 0 }
    }

    /// Redeems a refresh token and returns the next valid one. With rotation that is a new token, which is
    /// valid until `expires_at`.
    pub(super) fn redeem(
        &mut self,
        ticket: RefreshTicket,
        user: &UserPrincipalName,
        now: u64,
        expires_at: Option<u64>,
    ) -> Result<RefreshTicket, RefreshRefused> {
        let family = self.open.get_mut(&ticket.family).filter(|family| family.user == *user);
        let family = family.ok_or(RefreshRefused::Unknown)?;
        if ticket.serial != family.serial {
            if !self.reuse_detection {
                return Err(RefreshRefused::Unknown);
            }
            self.revoke(ticket.family);
            return Err(RefreshRefused::Reused);
        }
        if family.has_expired(now) {
            return Err(RefreshRefused::Unknown);
        }
        if self.rotation == RefreshRotation::Keep {
            return Ok(ticket);
        }
        family.serial = family.serial.wrapping_add(1);
        family.expires_at = expires_at;
        Ok(RefreshTicket { serial: family.serial, ..ticket })
    }

    /// Whether a refresh token would be accepted from its user.
    pub(super) fn accepts(&self, ticket: RefreshTicket, now: u64) -> bool {
        let family = self.open.get(&ticket.family);
        family.is_some_and(|family| family.serial == ticket.serial && !family.has_expired(now))
    }

    /// Whether every token of the family is refused, access tokens included.
    pub(super) fn is_revoked(&self, family: u64) -> bool {
        self.revoked.contains(&family)
    }

    /// Changes what later refreshes do.
    pub(super) const fn configure(&mut self, rotation: RefreshRotation, reuse_detection: bool) {
        self.rotation = rotation;
        self.reuse_detection = reuse_detection;
    }

    /// Refuses the family's refresh token, if it is this one. Access tokens stay valid.
    pub(super) fn close(&mut self, ticket: RefreshTicket) -> bool {
        let is_current = self.open.get(&ticket.family).is_some_and(|family| family.serial == ticket.serial);
        is_current && self.open.remove(&ticket.family).is_some()
    }

    /// Refuses every refresh token of a user.
    pub(super) fn close_all_of(&mut self, user: &UserPrincipalName) {
        self.open.retain(|_, family| family.user != *user);
    }

    /// Forgets every refresh token and every revocation.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.rotation, self.reuse_detection);
    }

    /// How many refresh tokens are valid.
    pub(super) fn count(&self, now: u64) -> usize {
        self.open.values().filter(|family| !family.has_expired(now)).count()
    }

    /// Forgets every refresh token. Revoked families stay revoked.
    pub(super) fn clear(&mut self) {
        self.open.clear();
        self.open_by_age.clear();
    }

    fn revoke(&mut self, family: u64) {
        self.open.remove(&family);
        if let Some(oldest) = push_bounded(&mut self.revoked_by_age, family, MAX_REVOCATIONS) {
            self.revoked.remove(&oldest);
        }
        self.revoked.insert(family);
    }
}

impl Family {
    fn has_expired(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}

/// Appends `entry`. If the queue holds `limit` entries, removes the oldest and returns it.
fn push_bounded(queue: &mut VecDeque<u64>, entry: u64, limit: usize) -> Option<u64> {
    let oldest = if queue.len() == limit { queue.pop_front() } else { None };
    queue.push_back(entry);
    oldest
}

pub(crate) const MAX_FAMILIES: usize = 4096;
const MAX_REVOCATIONS: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reuse_of_a_rotated_token_revokes_its_family_alone() {
        let mut families = Families::new(RefreshRotation::Rotate, true);
        let first = families.start(1, &user(), None);
        let other = families.start(2, &user(), None);
        let second = families.redeem(first, &user(), 0, None).unwrap();
        assert_eq!(families.redeem(first, &user(), 0, None), Err(RefreshRefused::Reused));
        assert!(families.is_revoked(1) && !families.is_revoked(2));
        assert_eq!(families.redeem(second, &user(), 0, None), Err(RefreshRefused::Unknown));
        assert!(families.redeem(other, &user(), 0, None).is_ok());
    }

    #[test]
    fn without_reuse_detection_a_rotated_token_is_refused_and_its_family_stays_valid() {
        let mut families = Families::new(RefreshRotation::Rotate, false);
        let first = families.start(1, &user(), None);
        let second = families.redeem(first, &user(), 0, None).unwrap();
        assert_eq!(families.redeem(first, &user(), 0, None), Err(RefreshRefused::Unknown));
        assert!(families.redeem(second, &user(), 0, None).is_ok());
    }

    #[test]
    fn without_rotation_a_token_can_be_used_again_until_it_expires() {
        let mut families = Families::new(RefreshRotation::Keep, true);
        let token = families.start(1, &user(), Some(10));
        for now in [0, 9] {
            assert_eq!(families.redeem(token, &user(), now, Some(99)), Ok(token));
        }
        assert_eq!(families.redeem(token, &user(), 10, None), Err(RefreshRefused::Unknown));
    }

    #[test]
    fn a_token_of_another_user_is_refused_and_stays_valid() {
        let mut families = Families::new(RefreshRotation::Rotate, true);
        let token = families.start(1, &user(), None);
        let other = UserPrincipalName::new("v@x").unwrap();
        assert_eq!(families.redeem(token, &other, 0, None), Err(RefreshRefused::Unknown));
        assert!(families.redeem(token, &user(), 0, None).is_ok());
    }

    #[test]
    fn families_and_revocations_are_bounded_and_the_oldest_is_dropped_first() {
        let mut families = Families::new(RefreshRotation::Rotate, true);
        for family in 0..=MAX_REVOCATIONS as u64 {
            let ticket = families.start(family, &user(), None);
            families.redeem(ticket, &user(), 0, None).unwrap();
            families.redeem(ticket, &user(), 0, None).unwrap_err();
            assert!(families.open_by_age.len() <= MAX_FAMILIES && families.open.len() <= MAX_FAMILIES);
        }
        assert_eq!(
            (families.revoked.len(), families.revoked_by_age.len()),
            (MAX_REVOCATIONS, MAX_REVOCATIONS)
        );
        assert!(!families.is_revoked(0) && families.is_revoked(1));

        let mut families = Families::new(RefreshRotation::Rotate, true);
        let oldest = families.start(0, &user(), None);
        let second = families.start(1, &user(), None);
        for family in 2..=MAX_FAMILIES as u64 {
            families.start(family, &user(), None);
        }
        assert_eq!(families.redeem(oldest, &user(), 0, None), Err(RefreshRefused::Unknown));
        assert!(families.redeem(second, &user(), 0, None).is_ok());
    }

    fn user() -> UserPrincipalName {
        UserPrincipalName::new("u@x").unwrap()
    }
}
