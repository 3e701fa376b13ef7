//! [`Trial`]: one test for a runner that is not `#[test]`.

use std::fmt;

use crate::{
    capability::Capability,
    failure::Failure,
    list::cases,
    suite::{Standing, Suite},
};

/// One test of a suite as plain data, for a runner of your own (`harness = false`).
#[non_exhaustive]
pub struct Trial {
    /// The name of the case, or of the check of an exemption.
    pub name: String,
    /// What its result means.
    pub kind: TrialKind,
    run: Box<dyn FnOnce() -> Result<(), Failure> + Send>,
}

/// What the result of a [`Trial`] means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrialKind {
    /// A failure is a broken clause.
    Must,
    /// A failure breaks a recommendation, not the contract.
    Should,
    /// The case is known to fail. Running it does nothing.
    Exempt {
        /// Why it fails.
        reason: String,
    },
    /// The case does not apply. Running it does nothing.
    NotApplicable {
        /// What the subject lacks.
        missing: Capability,
    },
    /// A failure is a stale exemption.
    Exemption,
}

impl Trial {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure`] says what the transport did, or why an exemption must go.
    pub fn run(self) -> Result<(), Failure> {
        (self.run)()
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The tests of `suite`, for a runner with `harness = false`: one for each case and one for each exemption.
///
/// A [`Subject`](crate::Subject) without exemptions is a suite, too.
pub fn trials(suite: impl Into<Suite>) -> Vec<Trial> {
    let suite = suite.into();
    let of_cases = cases().iter().map(|case| {
        let (kind, runs) = match suite.standing(case) {
            Standing::Required => (TrialKind::Must, true),
            Standing::Recommended => (TrialKind::Should, true),
            Standing::Exempt(exemption) => {
                (TrialKind::Exempt { reason: exemption.reason().to_owned() }, false)
            }
            Standing::NotApplicable(missing) => (TrialKind::NotApplicable { missing }, false),
        };
        let suite = suite.clone();
        let run = move || if runs { suite.run(case) } else { Ok(()) };
        Trial { name: case.name.to_owned(), kind, run: Box::new(run) }
    });
    let of_exemptions = suite.exemptions().iter().map(|exemption| {
        let name = format!("the exemption {:?} is in use", exemption.glob());
        let (suite, exemption) = (suite.clone(), exemption.clone());
        let run = move || suite.stale(&exemption).map_or(Ok(()), |why| Err(Failure::new(why)));
        Trial { name, kind: TrialKind::Exemption, run: Box::new(run) }
    });
    of_cases.chain(of_exemptions).collect()
}
