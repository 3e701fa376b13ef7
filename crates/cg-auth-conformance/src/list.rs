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
            rule 2 Must [] bounds::an_endless_body_is_cut_off_at_the_limit,
            rule 2 Must [] bounds::an_endless_head_is_cut_off,
            rule 2 Must [] bounds::a_body_of_exactly_the_limit_is_accepted,
            rule 2 Must [Http2] bounds::a_body_beyond_the_limit_is_cut_off_over_http_2,
            rule 3 Must [] repeats::a_request_without_an_answer_is_not_sent_again,
            rule 3 Must [] repeats::an_answered_request_is_not_sent_again,
            rule 3 Must [] repeats::an_answer_that_asks_for_a_retry_is_returned,
            rule 3 Should [KeepsConnections] repeats::a_kept_connection_is_reused,
            rule 3 Must [KeepsConnections]
                repeats::a_request_that_crosses_the_end_of_its_connection_arrives_once,
            rule 4 Must [] requests::a_method_arrives_unchanged,
            rule 4 Must [] requests::a_path_arrives_unchanged,
            rule 4 Must [] requests::a_target_is_sent_unchanged_or_refused,
            rule 4 Must [] requests::a_header_value_arrives_unchanged,
            rule 4 Must [] requests::every_value_of_a_header_arrives_in_order,
            rule 4 Must [] requests::a_body_arrives_unchanged,
            rule 4 Must [] requests::a_body_has_a_length_and_is_not_chunked,
            rule 4 Must [] requests::an_empty_post_has_a_length_of_zero,
            rule 4 Must [Http2] requests::a_request_over_http_2_arrives_unchanged,
            rule 4 Must [] additions::nothing_is_added_to_a_request,
            rule 4 Must [] additions::a_cookie_is_not_sent_back,
            rule 4 Must [] additions::the_host_is_that_of_the_url,
            rule 4 Must [] additions::any_spelling_of_an_ipv6_address_leads_to_the_server,
            rule 5 Must [] answers::the_header_values_of_an_answer_are_unchanged,
            rule 5 Must [] answers::the_body_of_an_answer_is_unchanged,
            rule 5 Must [] answers::a_body_in_many_pieces_is_whole,
            rule 5 Must [Http2] answers::a_long_body_over_http_2_is_whole,
            rule 5 Must [] answers::a_compressed_answer_is_returned_unchanged,
            rule 5 Must [] answers::an_interim_answer_is_skipped,
            rule 5 Must [Http2] answers::an_answer_that_has_ended_survives_the_reset_of_its_stream,
            rule 6 Must [] statuses::a_status_is_an_answer,
            rule 6 Must [] statuses::an_answer_without_a_body_ends_with_its_head,
            rule 6 Must [] statuses::a_call_outside_of_a_runtime_ends,
            rule 7 Must [] cancellation::a_dropped_call_leaves_the_transport_usable,
            rule 7 Must [] cancellation::a_dropped_call_ends_its_exchange,
            rule 7 Must [Tls] cancellation::a_call_that_is_dropped_while_it_connects_ends,
            rule 7 Must [Http2] cancellation::a_dropped_call_ends_its_stream_over_http_2,
            rule 8 Must [] deadlines::a_slow_answer_is_awaited,
            rule 9 Must [] secrecy::the_debug_output_of_a_transport_shows_no_secret,
            rule 9 Must [Proxy] secrecy::the_login_of_a_proxy_is_not_shown,
            rule 9 Must [ClientCertificate] secrecy::the_key_of_a_client_certificate_is_not_shown,
            rule 9 Must [] secrecy::an_error_shows_neither_request_nor_answer,
            rule 9 Must [Http2] secrecy::the_debug_data_of_a_goaway_is_not_shown,
            rule 9 Must [Http2] secrecy::a_sensitive_header_keeps_its_mark,
            rule 9 Must [] logs::no_secret_is_logged,
            rule 10 Must [Proxy] proxies::loopback_never_uses_a_proxy,
            rule 10 Must [Proxy, Tls] proxies::a_tunnel_leads_to_the_service,
            rule 10 Must [Proxy, Tls] proxies::a_proxy_learns_nothing_of_a_tunnelled_request,
            rule 10 Must [Proxy] proxies::plain_http_reaches_a_proxy_in_absolute_form,
            rule 11 Must [] localhost::localhost_leads_to_this_machine,
            rule 11 Should [] localhost::localhost_leads_to_either_loopback_address,
            rule 11 Should [] localhost::localhost_with_a_dot_leads_to_this_machine,
            rule 12 Must [Tls] versions::http1_is_used_over_tls_if_the_server_has_no_http2,
            rule 12 Must [Tls, Http2] versions::http2_is_negotiated_over_tls,
            rule 12 Must [Http2] versions::http2_is_used_with_prior_knowledge,
            rule 13 Must [] calls_at_once::each_of_many_calls_gets_its_own_answer,
            rule 13 Must [Http2] calls_at_once::each_of_many_calls_gets_its_own_answer_over_http_2,
            row "connection refused" Must [] connecting::connection_refused,
            row "host unreachable" Must [] connecting::host_unreachable,
            row "host name not found" Must [] connecting::host_name_not_found,
            row "TLS handshake unanswered at the connect timeout" Must [Tls, ConnectTimeout]
                connecting::tls_handshake_unanswered_at_the_connect_timeout,
            row "TLS handshake closed" Must [Tls] connecting::tls_handshake_closed,
            row "TLS handshake reset" Must [Tls] connecting::tls_handshake_reset,
            row "no TLS at the port" Must [Tls] connecting::no_tls_at_the_port,
            row "no TLS version in common" Must [Tls] connecting::no_tls_version_in_common,
            row "certificate of an unknown issuer" Must [Tls]
                certificates::certificate_of_an_unknown_issuer,
            row "certificate of another host" Must [Tls] certificates::certificate_of_another_host,
            row "certificate that has expired" Must [Tls] certificates::certificate_that_has_expired,
            row "certificate that is not yet valid" Must [Tls]
                certificates::certificate_that_is_not_yet_valid,
            row "client certificate missing" Must [Tls, ClientCertificate]
                certificates::client_certificate_missing,
            row "proxy down" Must [Proxy] proxies::proxy_down,
            row "proxy refuses the credentials" Must [Proxy, Tls]
                proxies::proxy_refuses_the_credentials,
            row "proxy refuses the tunnel" Must [Proxy, Tls] proxies::proxy_refuses_the_tunnel,
            row "closed before the head" Must [] head::closed_before_the_head,
            row "reset before the head" Must [] head::reset_before_the_head,
            row "closed within the head" Must [] head::closed_within_the_head,
            row "reset within the head" Must [] head::reset_within_the_head,
            row "closed within a body of known length" Must []
                body::closed_within_a_body_of_known_length,
            row "closed within a chunked body" Must [] body::closed_within_a_chunked_body,
            row "closed without notice of TLS after a body of unknown length" Must [Tls]
                body::closed_without_notice_of_tls_after_a_body_of_unknown_length,
            row "reset within the body" Must [] body::reset_within_the_body,
            row "kept connection closed while idle" Must [KeepsConnections]
                kept::kept_connection_closed_while_idle,
            row "kept connection closed once the request was read" Must [KeepsConnections]
                kept::kept_connection_closed_once_the_request_was_read,
            row "HTTP/2 stream refused" Must [Http2] http2::http_2_stream_refused,
            row "HTTP/2 stream refused within the body" Must [Http2]
                http2::http_2_stream_refused_within_the_body,
            row "HTTP/2 stream reset without an error within the body" Must [Http2]
                http2::http_2_stream_reset_without_an_error_within_the_body,
            row "HTTP/2 stream reset without an error after a body of unknown length" Must
                [Http2, StreamEnd]
                http2::http_2_stream_reset_without_an_error_after_a_body_of_unknown_length,
            row "HTTP/2 GOAWAY that does not cover the request" Must [Http2]
                http2::http_2_goaway_that_does_not_cover_the_request,
            row "HTTP/2 GOAWAY that covers the request" Must [Http2]
                http2::http_2_goaway_that_covers_the_request,
            row "HTTP/2 GOAWAY before the request was read" Must [Http2]
                http2::http_2_goaway_before_the_request_was_read,
            row "HTTP/2 connection closed within the body" Must [Http2]
                http2::http_2_connection_closed_within_the_body,
            row "HTTP/2 connection reset within the body" Must [Http2]
                http2::http_2_connection_reset_within_the_body,
            row "HTTP/2 frame that breaks the protocol" Must [Http2]
                http2::http_2_frame_that_breaks_the_protocol,
            row "head that is not HTTP" Must [] head::head_that_is_not_http,
            row "head too long" Must [] head::head_too_long,
            row "broken chunk" Must [] body::broken_chunk,
            row "body announced as too long" Must [] body::body_announced_as_too_long,
            row "body that grows too long" Must [] body::body_that_grows_too_long,
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
