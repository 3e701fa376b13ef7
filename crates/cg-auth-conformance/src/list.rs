//! The one list of the cases: [`every_case`](crate::every_case) names each once, and [`cases`] holds them.

use crate::case::{Case, Clause, Level};

/// Calls the macro `$then` with `[$arguments]` and the list: for each case its rule or row, its level, the
/// capabilities that it needs, its module and its function.
#[macro_export]
#[doc(hidden)]
macro_rules! every_case {
    ($then:ident $($arguments:tt)*) => {
        $crate::$then! {
            [$($arguments)*]
            rule 1 Must [] redirects::a_redirect_is_not_followed,
            rule 2 Must [] bounds::an_announced_length_beyond_the_limit_is_refused_unread,
            rule 4 Must [] requests::method_and_target_arrive_unchanged,
            row "connection refused" Must [] connecting::connection_refused,
            row "closed before the head" Must [] head::closed_before_the_head,
        }
    };
}

macro_rules! declare_cases {
    ([] $($kind:ident $of:literal $level:ident [$($capability:ident),*] $module:ident::$name:ident,)+) => {
        /// Every case, in the order of the contract's rules and of the rows of the table of failures.
        #[must_use]
        pub const fn cases() -> &'static [Case] {
            &[$(
                Case {
                    name: stringify!($name),
                    clause: declare_cases!(@$kind $of),
                    level: Level::$level,
                    needs: &[$($crate::Capability::$capability),*],
                    run: |subject| Box::pin(declare_cases!(@$kind $module $name)(subject)),
                },
            )+]
        }
    };
    (@rule $number:literal) => { Clause::Rule($number) };
    (@row $failure:literal) => { Clause::Row($failure) };
    (@rule $module:ident $name:ident) => { $crate::clauses::$module::$name };
    (@row $module:ident $name:ident) => { $crate::failures::$module::$name };
}
pub(crate) use declare_cases;

crate::every_case!(declare_cases);
