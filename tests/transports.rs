//! The contract of `cg_auth_core::transport`, over real sockets, once per transport.

// A failed expectation in a helper is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "transports_suite/answers.rs"]
mod answers;
#[path = "transports_suite/connections.rs"]
mod connections;
#[path = "transports_suite/deadlines.rs"]
mod deadlines;
#[path = "transports_suite/failures.rs"]
mod failures;
#[path = "transports_suite/http2.rs"]
mod http2;
#[path = "transports_suite/operations.rs"]
mod operations;
#[path = "transports_suite/retries.rs"]
mod retries;
#[path = "transports_suite/subject.rs"]
mod subject;
#[path = "transports_suite/wire.rs"]
mod wire;

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

macro_rules! suite {
    ($name:ident, $transport:ty) => {
        mod $name {
            type Transport = $transport;

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
                    a_kept_connection_is_used_again,
                    a_connection_closed_between_calls_is_replaced,
                    a_request_that_crosses_the_end_of_its_connection_arrives_once,
                    a_request_that_was_read_is_never_sent_again,
                    a_dropped_call_leaves_the_transport_usable,
                    a_proxy_of_the_environment_is_not_used,
                    without_root_certificates_only_https_is_a_config_error,
                    outside_a_runtime_it_is_a_config_error;
                deadlines:
                    silence_before_the_head_is_a_timeout,
                    silence_within_the_body_is_a_timeout,
                    a_silent_tls_handshake_ends_at_the_connect_timeout;
                failures:
                    a_refused_connection_was_not_sent,
                    a_server_without_tls_is_a_tls_failure,
                    an_answer_that_is_not_http_is_malformed,
                    a_connection_closed_before_the_answer_is_closed,
                    a_connection_closed_within_the_body_is_closed,
                    a_tls_stream_that_ends_without_notice_is_closed;
                http2:
                    a_refused_stream_was_not_sent,
                    a_frame_that_breaks_the_protocol_is_malformed,
                    the_last_words_of_a_server_are_not_repeated,
                    a_connection_that_fell_silent_is_replaced;
                operations:
                    the_three_operations_work_over_plain_http,
                    http1_is_spoken_over_tls_where_that_is_all_there_is,
                    http2_is_negotiated_over_tls,
                    http2_is_spoken_with_prior_knowledge,
                    an_unknown_issuer_is_a_refused_certificate,
                    a_token_opens_the_protected_resource_until_it_expires,
                    a_refresh_token_is_taken_once,
                    a_refused_credential_is_an_api_error,
                    many_calls_run_at_once;
                retries:
                    a_delegation_survives_dropped_connections,
                    an_outage_of_the_service_is_survived,
                    a_refresh_that_may_have_arrived_is_not_repeated,
                    a_refresh_that_was_turned_away_comes_back_in_time;
                wire:
                    a_request_arrives_as_it_was_built,
                    a_refresh_announces_an_empty_body,
                    a_delete_has_a_body,
                    a_cookie_is_not_sent_back,
                    a_target_is_sent_unchanged_or_refused;
            }
        }
    };
}
suite!(hyper, cg_auth_hyper::HyperTransport);
suite!(reqwest, cg_auth_reqwest::ReqwestTransport);
