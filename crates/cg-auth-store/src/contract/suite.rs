//! [`Suite`]: a subject with its exemptions, and [`store_contract!`](crate::store_contract).

use std::sync::Arc;

use super::{case::Case, failure::Failure, list::cases, subject::Subject};

/// A case that a store is known to fail, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    name: String,
    reason: String,
}

/// The cases for one subject.
#[derive(Clone)]
pub struct Suite {
    subject: Arc<dyn Subject>,
    exemptions: Vec<Exemption>,
}

impl Suite {
    /// Every case for `subject`, without exemptions.
    pub fn new(subject: impl Subject) -> Self {
        Self { subject: Arc::new(subject), exemptions: Vec::new() }
    }

    /// Exempts the case `name`, because of `reason`. The suite fails if the case passes.
    #[must_use]
    pub fn with_exemption(mut self, name: &str, reason: &str) -> Self {
        self.exemptions.push(Exemption { name: name.to_owned(), reason: reason.to_owned() });
        self
    }

    /// Runs the case `name`, unless the subject is exempt.
    ///
    /// # Errors
    /// [`Failure`] if the store breaks the rule, or if no case has this name.
    pub fn check(&self, name: &str) -> Result<(), Failure> {
        let case = case_of(name).ok_or_else(|| Failure::new(format!("no case has the name {name:?}")))?;
        if self.exemptions.iter().any(|exemption| exemption.name == name) {
            return Ok(());
        }
        self.run(case)
    }

    /// Checks that each exemption is in use: its case exists and fails, and it has a reason.
    ///
    /// # Errors
    /// [`Failure`] names the first exemption that must go.
    pub fn check_exemptions(&self) -> Result<(), Failure> {
        for Exemption { name, reason } in &self.exemptions {
            let problem = match case_of(name) {
                _ if reason.trim().is_empty() => "has no reason",
                None => "is for no case; delete it",
                Some(case) if self.run(case).is_ok() => "is for a case that passes; delete it",
                Some(_) => continue,
            };
            return Err(Failure::new(format!("the exemption {name:?} {problem}")));
        }
        Ok(())
    }

    /// The cases that fail, in the order of the list. Exemptions do not count.
    #[must_use]
    pub fn failures(&self) -> Vec<(&'static Case, Failure)> {
        cases().iter().filter_map(|case| self.run(case).err().map(|failure| (case, failure))).collect()
    }

    fn run(&self, case: &'static Case) -> Result<(), Failure> {
        let tried = |failure| Failure::new(format!("rule {}: {failure}", case.rule));
        case.run(&self.subject).map_err(tried)
    }
}

impl std::fmt::Debug for Suite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Suite").field("exemptions", &self.exemptions).finish_non_exhaustive()
    }
}

fn case_of(name: &str) -> Option<&'static Case> {
    cases().iter().find(|case| case.name == name)
}

/// Makes one `#[test]` for each case, in the module where it stands. The argument is an expression of a
/// [`Suite`](crate::contract::Suite), which each test makes anew. One more test, `every_exemption_is_in_use`, fails
/// if an exemption must go.
#[macro_export]
macro_rules! store_contract {
    ($suite:expr $(,)?) => {
        $crate::every_store_case!(tests_of_store_cases $suite);
    };
}

#[macro_export]
#[doc(hidden)]
macro_rules! tests_of_store_cases {
    ([$suite:expr] $($rule:literal $module:ident::$name:ident,)+) => {
        $(
            #[test]
            fn $name() -> ::std::result::Result<(), $crate::contract::Failure> {
                $suite.check(stringify!($name))
            }
        )+

        #[test]
        fn every_exemption_is_in_use() -> ::std::result::Result<(), $crate::contract::Failure> {
            $suite.check_exemptions()
        }
    };
}
