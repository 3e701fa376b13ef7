//! The contract of `cg_auth_core::transport`, over real sockets, once per transport.

// A failed expectation in a helper is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "transports_suite/answers.rs"]
mod answers;
#[cfg(unix)]
#[path = "transports_suite/callers_connectors.rs"]
mod callers_connectors;
#[path = "transports_suite/callers_reqwest.rs"]
mod callers_reqwest;
#[path = "transports_suite/certificates.rs"]
mod certificates;
#[path = "transports_suite/classification.rs"]
mod classification;
#[path = "transports_suite/connections.rs"]
mod connections;
#[path = "transports_suite/deadlines.rs"]
mod deadlines;
#[path = "transports_suite/environment.rs"]
mod environment;
#[path = "day_suite/herd.rs"]
mod herd;
#[path = "transports_suite/http2.rs"]
mod http2;
#[path = "transports_suite/knobs.rs"]
mod knobs;
#[path = "transports_suite/logs.rs"]
mod logs;
#[path = "transports_suite/operations.rs"]
mod operations;
#[path = "transports_suite/pem_texts.rs"]
mod pem_texts;
#[path = "transports_suite/proxies.rs"]
mod proxies;
#[path = "transports_suite/proxy_environment.rs"]
mod proxy_environment;
#[path = "transports_suite/proxy_failures.rs"]
mod proxy_failures;
#[path = "transports_suite/proxy_tunnels.rs"]
mod proxy_tunnels;
#[path = "transports_suite/retries.rs"]
mod retries;
#[path = "transports_suite/subject.rs"]
mod subject;
#[path = "examples/third_party_transport/transport.rs"]
mod third_party_transport;
#[path = "transports_suite/tls.rs"]
mod tls;
#[path = "transports_suite/told.rs"]
mod told;
#[path = "transports_suite/wire.rs"]
mod wire;
#[path = "day_suite/working_day.rs"]
mod working_day;

/// One test per behaviour, for the `Transport` of the module around it. A behaviour that is missing here
/// is dead code, which does not compile without a warning.
macro_rules! behaviours {
    ($($module:ident: $($behaviour:ident),+;)+) => { $($(
        #[tokio::test]
        async fn $behaviour() {
            cg_auth_tests::hang_guard::bounded(crate::$module::$behaviour::<Transport>()).await;
        }
    )+)+ };
}

/// One test per row of the table of failures that such transports play, and one that says that the table has
/// no more of them.
macro_rules! rows {
    ($name:ident, $played:ident, $($module:ident: $($row:ident),+;)+) => {
        mod $name {
            use crate::classification::{self, Played, Row};

            $($(
                #[tokio::test]
                async fn $row() {
                    let row = Row::of::<super::Transport>(stringify!($row));
                    let played = classification::$module::$row::<super::Transport>(&row);
                    cg_auth_tests::hang_guard::bounded(played).await;
                }
            )+)+

            #[test]
            fn every_row_is_played() {
                classification::check_players(&[$($(stringify!($row)),+),+], Played::$played);
            }
        }
    };
}

/// What every transport does.
macro_rules! contract {
    () => {
        behaviours! {
            answers:
                a_redirect_is_not_followed,
                a_length_beyond_the_limit_is_refused_unread,
                an_endless_body_is_cut_off_at_the_limit,
                an_endless_head_is_cut_off,
                an_interim_answer_is_passed_over,
                a_body_of_exactly_the_limit_is_taken,
                a_compressed_answer_comes_back_as_it_is;
            connections:
                a_dropped_call_leaves_the_transport_usable,
                outside_a_runtime_it_is_a_config_error;
            deadlines:
                silence_before_the_head_is_a_timeout,
                silence_within_the_body_is_a_timeout;
            http2:
                the_last_words_of_a_server_are_not_repeated;
            operations:
                the_three_operations_work_over_plain_http,
                http1_is_spoken_over_tls_where_that_is_all_there_is,
                http2_is_negotiated_over_tls,
                http2_is_spoken_with_prior_knowledge,
                a_token_opens_the_protected_resource_until_it_expires,
                a_refresh_token_is_taken_once,
                a_refused_credential_is_an_api_error,
                many_calls_run_at_once;
            retries:
                a_delegation_survives_dropped_connections,
                a_deletion_survives_dropped_connections,
                an_outage_of_the_service_is_survived,
                a_refresh_that_may_have_arrived_is_not_repeated,
                a_refresh_that_was_turned_away_comes_back_in_time,
                a_refresh_that_did_not_leave_is_repeated,
                a_throttled_call_comes_back_when_it_was_told_to,
                a_date_tells_when_to_come_back_too,
                an_attempt_that_nobody_answers_gives_way_to_the_next;
            wire:
                a_request_arrives_as_it_was_built,
                a_refresh_announces_an_empty_body,
                a_delete_has_a_body,
                a_cookie_is_not_sent_back,
                a_target_is_sent_unchanged_or_refused;
        }

        rows! {
            classification, ByAll,
            connecting:
                connection_refused,
                host_unreachable,
                host_name_not_found,
                tls_handshake_unanswered_at_the_connect_timeout,
                tls_handshake_closed,
                tls_handshake_reset,
                no_tls_at_the_port,
                no_tls_version_in_common;
            certificates:
                certificate_of_an_unknown_issuer,
                certificate_of_another_host,
                certificate_that_has_expired,
                certificate_that_is_not_yet_valid;
            head:
                closed_before_the_head,
                reset_before_the_head,
                closed_within_the_head,
                reset_within_the_head,
                head_that_is_not_http,
                head_too_long;
            body:
                closed_within_a_body_of_known_length,
                closed_within_a_chunked_body,
                closed_without_notice_of_tls_after_a_body_of_unknown_length,
                reset_within_the_body,
                broken_chunk,
                body_announced_as_too_long,
                body_that_grows_too_long;
            http2:
                http_2_stream_refused,
                http_2_stream_refused_within_the_body,
                http_2_stream_reset_without_an_error_within_the_body,
                http_2_goaway_that_does_not_cover_the_request,
                http_2_goaway_that_covers_the_request,
                http_2_goaway_before_the_request_was_read,
                http_2_connection_closed_within_the_body,
                http_2_connection_reset_within_the_body,
                http_2_frame_that_breaks_the_protocol;
        }
    };
}

/// What a transport does that keeps connections.
macro_rules! kept_connections {
    () => {
        behaviours! {
            connections:
                a_kept_connection_is_used_again,
                a_request_that_crosses_the_end_of_its_connection_arrives_once;
        }

        rows! {
            classification_of_kept_connections, WhereConnectionsAreKept,
            kept:
                kept_connection_closed_while_idle,
                kept_connection_closed_once_the_request_was_read;
        }
    };
}

/// What the settings do that the transports of this workspace share.
macro_rules! settings {
    () => {
        behaviours! {
            connections:
                without_root_certificates_only_https_is_a_config_error;
            certificates:
                a_private_authority_is_trusted_when_it_is_named,
                many_authorities_are_trusted_together,
                only_the_given_authorities_are_trusted,
                an_authority_made_anew_under_its_old_name_is_unknown,
                the_names_in_a_certificate_flood_no_error,
                a_client_certificate_is_shown,
                a_client_certificate_of_another_authority_is_refused;
            http2:
                a_connection_that_fell_silent_is_replaced;
            knobs:
                connections_start_from_the_local_address,
                a_local_address_of_another_machine_is_no_connection,
                a_pool_of_none_opens_a_connection_for_each_request,
                an_idle_connection_is_kept_for_its_time,
                an_idle_connection_is_closed_in_time,
                no_time_is_too_long;
            logs:
                no_secret_is_logged,
                no_secret_is_logged_on_the_way_through_a_proxy;
            pem_texts:
                a_text_without_a_root_certificate_is_a_config_error,
                a_client_certificate_that_is_not_whole_is_a_config_error;
            proxies:
                a_tunnel_leads_to_the_service,
                credentials_open_a_tunnel,
                the_way_to_a_proxy_may_be_tls,
                plain_http_is_handed_to_a_named_proxy,
                plain_http_reaches_a_proxy_in_absolute_form,
                loopback_never_uses_a_proxy,
                proxy_credentials_are_not_shown;
            proxy_environment:
                https_uses_the_proxy_of_the_environment,
                plain_http_never_uses_the_proxy_of_the_environment,
                loopback_never_uses_the_proxy_of_the_environment,
                the_environment_names_hosts_that_use_no_proxy,
                the_proxies_of_the_environment_can_be_switched_off,
                a_named_proxy_takes_the_place_of_the_environment,
                an_unreadable_proxy_of_the_environment_is_told_by_the_first_request_that_needs_it;
            proxy_failures:
                a_service_that_a_proxy_does_not_find_is_no_connection,
                what_is_no_proxy_is_no_connection,
                plain_http_is_told_of_the_proxy_too,
                a_silent_proxy_ends_at_the_connect_timeout,
                the_certificate_of_a_proxy_is_judged_too,
                the_certificate_behind_a_proxy_is_judged_too;
            proxy_tunnels:
                a_proxy_learns_nothing_of_a_tunnelled_request,
                a_tunnel_to_an_ipv6_address_is_opened_or_refused_as_a_setting,
                http1_is_spoken_to_a_proxy_that_has_http2_too,
                http2_is_negotiated_through_a_tunnel,
                a_tunnel_opens_however_a_proxy_words_it;
            tls:
                a_minimum_tls_version_is_kept,
                http2_is_spoken_where_a_server_prefers_it,
                http1_is_spoken_where_a_server_has_no_http2,
                http2_can_be_switched_off,
                prior_knowledge_of_a_server_without_http2_is_told,
                prior_knowledge_that_is_wrong_is_found_out;
        }

        rows! {
            classification_of_settings, WhereThereAreSettings,
            certificates:
                client_certificate_missing;
            proxies:
                proxy_down,
                proxy_refuses_the_credentials,
                proxy_refuses_the_tunnel;
        }
    };
}

/// What the life of a token comes to over a transport. Tasks and connections are polled by several threads.
macro_rules! token_lifecycle {
    () => {
        behaviours! {
            herd:
                a_herd_makes_one_request,
                a_herd_shares_a_failure;
        }

        /// Its steps are bounded one by one.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_working_day_needs_no_request_too_many() {
            crate::working_day::a_working_day_needs_no_request_too_many::<Transport>().await;
        }
    };
}

mod hyper {
    type Transport = cg_auth_hyper::HyperTransport;
    contract!();
    kept_connections!();
    settings!();
    token_lifecycle!();
}

mod reqwest {
    type Transport = cg_auth_reqwest::ReqwestTransport;
    contract!();
    kept_connections!();
    settings!();
    token_lifecycle!();
}

mod callers_client_of_reqwest {
    type Transport = crate::callers_reqwest::CallersReqwest;
    contract!();
    kept_connections!();
}

mod third_party {
    type Transport = crate::third_party_transport::OneConnectionEach;
    contract!();
}
