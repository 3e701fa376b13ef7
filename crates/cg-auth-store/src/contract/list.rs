//! The one list of the cases: [`every_store_case`](crate::every_store_case) names each once.

use super::case::Case;

/// Calls the macro `$then` with `[$arguments]` and the list: for each case its rule, its module and its function.
#[macro_export]
#[doc(hidden)]
macro_rules! every_store_case {
    ($then:ident $($arguments:tt)*) => {
        $crate::$then! {
            [$($arguments)*]
            1 atomicity::every_handle_sees_what_another_has_left,
            1 atomicity::one_of_many_claims_at_once_wins_the_lease,
            1 atomicity::one_token_of_many_publications_at_once_is_whole,
            1 atomicity::the_same_owner_has_the_same_entry_and_others_have_others,
            2 repetition::a_repeated_claim_of_the_holder_is_answered_with_the_lease,
            2 repetition::the_holder_is_answered_with_the_lease_whatever_the_entry_holds,
            2 repetition::a_repeated_claim_extends_the_lease,
            2 repetition::a_repeated_publication_of_a_token_is_no_second_issue,
            2 repetition::a_repeated_cool_down_counts_once,
            2 repetition::a_repeated_removal_removes_nothing_more,
            3 ends::a_token_ends,
            3 ends::a_lease_ends,
            3 ends::a_cool_down_ends_and_its_count_stays,
            3 ends::nothing_newer_ends_with_its_token,
            3 ends::a_token_tells_what_is_left_of_its_lifetime,
            3 ends::a_token_of_unknown_lifetime_is_kept_for_an_hour,
            4 adoption::a_token_is_handed_out_unchanged,
            4 adoption::a_token_that_is_not_wanted_is_not_handed_out,
            4 adoption::a_token_that_the_program_holds_is_not_handed_out,
            4 adoption::a_token_is_handed_out_only_for_one_that_lives_shorter,
            4 adoption::a_token_comes_before_the_lease_of_another,
            4 adoption::a_token_comes_before_a_cool_down,
            4 adoption::a_claim_that_only_looks_is_handed_a_token,
            5 order::an_empty_entry_gives_the_lease_to_a_claim_that_wants_it,
            5 order::a_claim_that_only_looks_takes_no_lease,
            5 order::the_lease_of_another_holder_is_told_with_what_is_left_of_it,
            5 order::a_cool_down_tells_what_failed,
            5 order::a_cool_down_comes_before_nothing_newer,
            5 order::nothing_newer_comes_before_the_lease_of_another,
            6 publication::a_publication_ends_the_lease,
            6 publication::a_publication_does_nothing_where_another_has_the_lease,
            6 publication::a_token_is_saved_without_a_lease,
            6 publication::a_token_ends_the_cool_down_and_its_count,
            6 publication::a_released_lease_leaves_the_token_and_the_count,
            7 renewal::the_same_token_of_another_holder_is_nothing_newer,
            7 renewal::another_token_ends_nothing_newer,
            7 renewal::a_program_without_the_token_adopts_it_though_nothing_is_newer,
            7 renewal::the_same_token_again_does_not_live_longer,
            8 removal::nothing_of_the_entry_is_left,
            9 unreadable::an_unreadable_token_is_like_none_and_the_lease_says_so,
            10 secrecy::neither_the_store_nor_an_entry_shows_a_secret,
            11 inspection::each_part_of_an_entry_is_shown,
            11 inspection::what_has_ended_is_not_shown,
            11 inspection::an_unreadable_token_is_shown_as_such,
            11 inspection::a_look_at_an_entry_changes_nothing,
            12 lateness::a_claim_that_comes_late_takes_no_lease,
            12 lateness::a_publication_that_comes_late_is_not_saved_and_ends_no_lease,
            12 lateness::a_removal_that_comes_late_removes_nothing,
            12 lateness::the_lifetime_of_a_published_token_counts_from_the_call,
        }
    };
}

macro_rules! declare_store_cases {
    ([] $($rule:literal $module:ident::$name:ident,)+) => {
        /// Every case, in the order of the rules.
        #[must_use]
        pub const fn cases() -> &'static [Case] {
            &[$(
                Case {
                    name: stringify!($name),
                    rule: $rule,
                    run: |subject| Box::pin($crate::contract::clauses::$module::$name(subject)),
                },
            )+]
        }
    };
}
pub(crate) use declare_store_cases;

crate::every_store_case!(declare_store_cases);
