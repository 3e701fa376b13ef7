//! Stores with one planted defect each. A defect fails the cases that notice it, and no other.

mod defect;
mod store;

use cg_auth_store::contract::Suite;

use self::{
    defect::Defect::{self, *},
    store::Planted,
};

/// The defect, and the cases that notice it.
const EXPECTED: &[(Defect, &[&str])] = &[
    (
        TwoHoldersWin,
        &[
            "every_handle_sees_what_another_has_left",
            "one_of_many_claims_at_once_wins_the_lease",
            "a_repeated_claim_extends_the_lease",
            "the_lease_of_another_holder_is_told_with_what_is_left_of_it",
            "a_publication_does_nothing_where_another_has_the_lease",
            "an_unreadable_token_is_like_none_and_the_lease_says_so",
            "a_look_at_an_entry_changes_nothing",
            "a_publication_that_comes_late_is_not_saved_and_ends_no_lease",
        ],
    ),
    (
        RepeatedClaimIsHeld,
        &["a_repeated_claim_of_the_holder_is_answered_with_the_lease", "a_repeated_claim_extends_the_lease"],
    ),
    (LeaseIsNotExtended, &["a_repeated_claim_extends_the_lease"]),
    (RepeatedPublicationIsASecondIssue, &["a_repeated_publication_of_a_token_is_no_second_issue"]),
    (
        TokensNeverEnd,
        &[
            "a_token_ends",
            "nothing_newer_ends_with_its_token",
            "a_token_tells_what_is_left_of_its_lifetime",
            "a_token_is_handed_out_only_for_one_that_lives_shorter",
            "a_publication_ends_the_lease",
            "the_same_token_again_does_not_live_longer",
            "each_part_of_an_entry_is_shown",
            "what_has_ended_is_not_shown",
            "the_lifetime_of_a_published_token_counts_from_the_call",
        ],
    ),
    (
        LeasesNeverEnd,
        &[
            "a_lease_ends",
            "the_lease_of_another_holder_is_told_with_what_is_left_of_it",
            "each_part_of_an_entry_is_shown",
            "what_has_ended_is_not_shown",
        ],
    ),
    (
        CountIsForgotten,
        &[
            "a_cool_down_ends_and_its_count_stays",
            "a_released_lease_leaves_the_token_and_the_count",
            "what_has_ended_is_not_shown",
        ],
    ),
    (TokenIsCutOff, &["a_token_is_handed_out_unchanged"]),
    (
        UnwantedIsIgnored,
        &[
            "the_holder_is_answered_with_the_lease_whatever_the_entry_holds",
            "a_token_that_is_not_wanted_is_not_handed_out",
            "nothing_newer_comes_before_the_lease_of_another",
            "a_released_lease_leaves_the_token_and_the_count",
            "a_program_without_the_token_adopts_it_though_nothing_is_newer",
        ],
    ),
    (
        HeldIsIgnored,
        &[
            "a_repeated_publication_of_a_token_is_no_second_issue",
            "a_token_that_the_program_holds_is_not_handed_out",
            "a_token_is_handed_out_only_for_one_that_lives_shorter",
            "a_token_comes_before_the_lease_of_another",
            "a_cool_down_comes_before_nothing_newer",
            "nothing_newer_comes_before_the_lease_of_another",
            "a_token_ends_the_cool_down_and_its_count",
            "the_same_token_of_another_holder_is_nothing_newer",
            "another_token_ends_nothing_newer",
            "each_part_of_an_entry_is_shown",
        ],
    ),
    (
        LookTakesTheLease,
        &[
            "a_repeated_removal_removes_nothing_more",
            "a_token_ends",
            "a_token_of_unknown_lifetime_is_kept_for_an_hour",
            "a_token_that_the_program_holds_is_not_handed_out",
            "a_token_is_handed_out_only_for_one_that_lives_shorter",
            "a_claim_that_only_looks_takes_no_lease",
            "the_same_token_again_does_not_live_longer",
            "nothing_of_the_entry_is_left",
            "an_unreadable_token_is_like_none_and_the_lease_says_so",
            "a_claim_that_comes_late_takes_no_lease",
        ],
    ),
    (LateHolderPublishes, &["a_publication_does_nothing_where_another_has_the_lease"]),
    (
        NothingNewerIsForgotten,
        &[
            "nothing_newer_comes_before_the_lease_of_another",
            "the_same_token_of_another_holder_is_nothing_newer",
        ],
    ),
    (RemoveDoesNothing, &["a_repeated_removal_removes_nothing_more", "nothing_of_the_entry_is_left"]),
    (OneUser, &["the_same_owner_has_the_same_entry_and_others_have_others"]),
    (LifetimeIsLost, &["a_token_tells_what_is_left_of_its_lifetime"]),
    (UnreadableIsSilent, &["an_unreadable_token_is_like_none_and_the_lease_says_so"]),
    (DebugShowsTheToken, &["neither_the_store_nor_an_entry_shows_a_secret"]),
    (Panics, &["a_cool_down_tells_what_failed"]),
    (
        InspectionIsLeftOut,
        &[
            "each_part_of_an_entry_is_shown",
            "what_has_ended_is_not_shown",
            "an_unreadable_token_is_shown_as_such",
            "a_look_at_an_entry_changes_nothing",
        ],
    ),
    (
        InspectionTakesTheLease,
        &[
            "each_part_of_an_entry_is_shown",
            "what_has_ended_is_not_shown",
            "a_look_at_an_entry_changes_nothing",
        ],
    ),
    (
        InspectionShowsAnEmptyEntry,
        &[
            "each_part_of_an_entry_is_shown",
            "what_has_ended_is_not_shown",
            "an_unreadable_token_is_shown_as_such",
        ],
    ),
    (InspectionShowsAnotherCount, &["each_part_of_an_entry_is_shown", "what_has_ended_is_not_shown"]),
    (
        LateOperationsHappen,
        &[
            "a_claim_that_comes_late_takes_no_lease",
            "a_publication_that_comes_late_is_not_saved_and_ends_no_lease",
            "a_removal_that_comes_late_removes_nothing",
            "the_lifetime_of_a_published_token_counts_from_the_call",
        ],
    ),
    (LateTokensLiveLonger, &["the_lifetime_of_a_published_token_counts_from_the_call"]),
];

#[test]
fn each_planted_defect_fails_its_cases_and_no_other() {
    let mut wrong = Vec::new();
    for (defect, expected) in EXPECTED {
        let failures = Suite::new(Planted::new(*defect)).failures();
        let names: Vec<_> = failures.iter().map(|(case, _)| case.name).collect();
        if names != *expected {
            wrong.push(format!("({defect:?}, &{names:?}),"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
