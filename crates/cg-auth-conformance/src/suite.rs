//! [`Suite`]: a subject, its exemptions, and how strict the levels are.

use std::{fmt, sync::Arc};

use crate::{
    capability::Capability,
    case::{Case, Level},
    exemption::Exemption,
    failure::Failure,
    list::cases,
    report::{CaseReport, Report, Status},
    subject::Subject,
};

/// The cases for one subject, with its exemptions.
///
/// ```no_run
/// # use cg_auth_conformance::{Capabilities, Settings, Subject, Suite, cg_auth_core};
/// # struct MySubject;
/// # impl Subject for MySubject {
/// #     fn transport(
/// #         &self,
/// #         _: &Settings,
/// #     ) -> std::sync::Arc<dyn cg_auth_core::transport::HttpTransport> {
/// #         std::sync::Arc::new(cg_auth_core::testing::ScriptedTransport::new())
/// #     }
/// #     fn capabilities(&self) -> Capabilities {
/// #         Capabilities::none()
/// #     }
/// # }
/// let suite = Suite::new(MySubject)
///     .with_exemption("head_too_long", "the library has no limit for heads");
/// println!("{}", suite.report().to_json());
/// ```
#[derive(Clone)]
pub struct Suite {
    subject: Arc<dyn Subject>,
    exemptions: Vec<Exemption>,
    is_strict: bool,
}

/// What a suite says of a case before it runs.
pub(crate) enum Standing<'a> {
    /// A failure is a failure.
    Required,
    /// A failure is only reported.
    Recommended,
    /// A failure is expected.
    Exempt(&'a Exemption),
    /// The subject lacks this.
    NotApplicable(Capability),
}

impl Suite {
    /// Every case for `subject`, without exemptions.
    pub fn new(subject: impl Subject + 'static) -> Self {
        Self { subject: Arc::new(subject), exemptions: Vec::new(), is_strict: false }
    }

    /// Adds an exemption for the cases whose names match `glob`.
    #[must_use]
    pub fn with_exemption(self, glob: &str, reason: &str) -> Self {
        self.with_exemptions([Exemption::new(glob, reason)])
    }

    /// Adds exemptions. If several match a case, the first counts.
    #[must_use]
    pub fn with_exemptions(mut self, exemptions: impl IntoIterator<Item = Exemption>) -> Self {
        self.exemptions.extend(exemptions);
        self
    }

    /// Makes the cases of [`Level::Should`] count like those of [`Level::Must`].
    #[must_use]
    pub fn strict(self) -> Self {
        Self { is_strict: true, ..self }
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &Arc<dyn Subject> {
        &self.subject
    }

    /// The exemptions.
    #[must_use]
    pub fn exemptions(&self) -> &[Exemption] {
        &self.exemptions
    }

    /// Runs the case `name`, unless the subject is exempt or lacks a capability for it.
    ///
    /// # Errors
    /// [`Failure`] if the transport breaks a clause that counts, or if no case has this name.
    pub fn check(&self, name: &str) -> Result<(), Failure> {
        let Some(case) = cases().iter().find(|case| case.name == name) else {
            return Err(Failure::new(format!("no case has the name {name:?}{}", nearest(name))));
        };
        match self.standing(case) {
            Standing::Required => self.run(case).map_err(|failure| failure.when(case.clause)),
            Standing::Recommended => {
                if let Err(failure) = self.run(case) {
                    note(&format!("{name} fails, which counts in a strict suite only: {failure}"));
                }
                Ok(())
            }
            Standing::Exempt(exemption) => {
                note(&format!("{name} is exempt: {}", exemption.reason()));
                Ok(())
            }
            Standing::NotApplicable(missing) => {
                note(&format!("{name} does not apply to a transport without {missing}"));
                Ok(())
            }
        }
    }

    /// Runs every case, one after the other, and reports the results.
    ///
    /// It blocks the thread and starts runtimes of its own.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut passed = true;
        let cases = cases()
            .iter()
            .map(|case| match self.standing(case) {
                standing @ (Standing::Required | Standing::Recommended) => match self.run(case) {
                    Ok(()) => CaseReport::new(case, Status::Passed, None),
                    Err(failure) => {
                        passed &= matches!(standing, Standing::Recommended);
                        CaseReport::failed(case, &failure)
                    }
                },
                Standing::Exempt(exemption) => {
                    CaseReport::new(case, Status::Exempt, Some(exemption.reason().to_owned()))
                }
                Standing::NotApplicable(missing) => {
                    let message = format!("the transport lacks {missing}");
                    CaseReport::new(case, Status::NotApplicable, Some(message))
                }
            })
            .collect();
        let stale_exemptions: Vec<_> =
            self.exemptions.iter().filter_map(|exemption| self.stale(exemption)).collect();
        passed &= stale_exemptions.is_empty();
        Report { subject: self.subject.name().to_owned(), passed, cases, stale_exemptions }
    }

    /// Checks that each exemption is in use: it has a reason, and at least one of its cases fails.
    ///
    /// # Errors
    /// [`Failure`] names the exemptions that must go, and why.
    pub fn check_exemptions(&self) -> Result<(), Failure> {
        let stale: Vec<_> = self.exemptions.iter().filter_map(|exemption| self.stale(exemption)).collect();
        if stale.is_empty() { Ok(()) } else { Err(Failure::new(stale.join("\n"))) }
    }

    /// Why `exemption` must go, if it must.
    pub(crate) fn stale(&self, exemption: &Exemption) -> Option<String> {
        let glob = exemption.glob();
        if !exemption.has_reason() {
            return Some(format!("the exemption {glob:?} has no reason"));
        }
        if !cases().iter().any(|case| exemption.covers(case.name)) {
            return Some(format!("the exemption {glob:?} matches no case{}; delete it", nearest(glob)));
        }
        let mut concerned = cases()
            .iter()
            .filter(|case| matches!(self.standing(case), Standing::Exempt(known) if known == exemption))
            .peekable();
        if concerned.peek().is_none() {
            return Some(format!(
                "the exemption {glob:?} exempts nothing: its cases do not apply to the subject, or an earlier \
                 exemption covers them; delete it"
            ));
        }
        let passes = |case: &'static Case| self.run(case).is_ok();
        concerned.all(passes).then(|| format!("the cases of the exemption {glob:?} all pass; delete it"))
    }

    pub(crate) fn standing(&self, case: &Case) -> Standing<'_> {
        let capabilities = self.subject.capabilities();
        if let Some(missing) = case.needs.iter().find(|need| !capabilities.has(**need)) {
            return Standing::NotApplicable(*missing);
        }
        let covers = |exemption: &&Exemption| exemption.has_reason() && exemption.covers(case.name);
        match self.exemptions.iter().find(covers) {
            Some(exemption) => Standing::Exempt(exemption),
            None if case.level == Level::Should && !self.is_strict => Standing::Recommended,
            None => Standing::Required,
        }
    }

    pub(crate) fn run(&self, case: &'static Case) -> Result<(), Failure> {
        case.run(self.subject.clone())
    }
}

impl<S: Subject + 'static> From<S> for Suite {
    fn from(subject: S) -> Self {
        Self::new(subject)
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("subject", &self.subject.name())
            .field("exemptions", &self.exemptions)
            .field("is_strict", &self.is_strict)
            .finish()
    }
}

/// The name of the case that is nearest to `name`, as the end of a sentence.
fn nearest(name: &str) -> String {
    let name = name.replace('*', "");
    let scored = cases().iter().map(|case| (strsim::jaro_winkler(&name, case.name), case.name));
    match scored.max_by(|(one, _), (other, _)| one.total_cmp(other)) {
        Some((score, nearest)) if score > 0.7 => format!(" (did you mean {nearest:?}?)"),
        _ => String::new(),
    }
}

/// Prints why the result of a case does not count.
#[allow(clippy::print_stdout)] // the test harness shows it with `--show-output`
fn note(text: &str) {
    println!("{text}");
}
