//! Which cases each defect fails.

use crate::defect::Defect;

/// The cases that a transport with `defect` fails, and no others.
pub(crate) const fn failed_by(defect: Defect) -> &'static [&'static str] {
    match defect {
        // Rule 1.
        Defect::FollowsRedirects => &["a_redirect_is_not_followed"],

        // Rule 2.
        Defect::BoundsABodyTooLate => &[
            "an_endless_body_is_cut_off_at_the_limit",
            "a_body_of_exactly_the_limit_is_accepted",
            "a_body_beyond_the_limit_is_cut_off_over_http_2",
            "body_that_grows_too_long",
        ],
        Defect::IgnoresTheAnnouncedLength => {
            &["an_announced_length_beyond_the_limit_is_refused_unread", "body_announced_as_too_long"]
        }
        Defect::LimitIsOneByteShort => &["a_body_of_exactly_the_limit_is_accepted"],
        Defect::AcceptsALongHead => &["head_too_long"],
        Defect::ReadsOnAfterAnError => &[
            "an_endless_body_is_cut_off_at_the_limit",
            "an_endless_head_is_cut_off",
            "an_answered_request_is_not_sent_again",
            "a_dropped_call_ends_its_exchange",
            "client_certificate_missing",
            "kept_connection_closed_while_idle",
        ],

        // Rule 3.
        Defect::SendsAgainAfterALoss => &[
            "a_request_without_an_answer_is_not_sent_again",
            "no_secret_is_logged",
            "closed_before_the_head",
            "reset_before_the_head",
            "closed_within_the_head",
            "reset_within_the_head",
            "closed_within_a_body_of_known_length",
            "closed_within_a_chunked_body",
            "reset_within_the_body",
            "kept_connection_closed_once_the_request_was_read",
        ],
        Defect::SendsAgainWhenTheServiceIsBusy => &["an_answer_that_asks_for_a_retry_is_returned"],
        Defect::SendsAGetTwice => &[
            "a_redirect_is_not_followed",
            "an_answer_that_asks_for_a_retry_is_returned",
            "an_answered_request_is_not_sent_again",
            "loopback_never_uses_a_proxy",
            "localhost_leads_to_this_machine",
        ],
        Defect::SendsTwice => &[
            "a_kept_connection_is_reused",
            "loopback_never_uses_a_proxy",
            "kept_connection_closed_while_idle",
        ],

        // Rule 4.
        Defect::ReplacesTheMethod => &["a_method_arrives_unchanged", "a_path_arrives_unchanged"],
        Defect::NormalisesDots | Defect::MergesSlashes | Defect::DecodesTheTarget => {
            &["a_target_is_sent_unchanged_or_refused"]
        }
        Defect::EncodesTheTarget => &["a_path_arrives_unchanged", "a_target_is_sent_unchanged_or_refused"],
        Defect::DropsAnEmptyQuery => &["a_target_is_sent_unchanged_or_refused"],
        Defect::DropsTheQuery => {
            &["a_target_is_sent_unchanged_or_refused", "plain_http_reaches_a_proxy_in_absolute_form"]
        }
        Defect::LowerCasesAValue => &[
            "a_header_value_arrives_unchanged",
            "every_value_of_a_header_arrives_in_order",
            "a_request_over_http_2_arrives_unchanged",
            "a_tunnel_leads_to_the_service",
        ],
        Defect::CollapsesSpaces => &[
            "a_header_value_arrives_unchanged",
            "a_request_over_http_2_arrives_unchanged",
            "plain_http_reaches_a_proxy_in_absolute_form",
        ],
        Defect::ReplacesBytesBeyondAscii => {
            &["a_header_value_arrives_unchanged", "a_request_over_http_2_arrives_unchanged"]
        }
        Defect::DropsAHeader => &[
            "a_header_value_arrives_unchanged",
            "every_value_of_a_header_arrives_in_order",
            "a_request_over_http_2_arrives_unchanged",
            "a_sensitive_header_keeps_its_mark",
        ],
        Defect::DropsTheSecondValue => {
            &["every_value_of_a_header_arrives_in_order", "a_request_over_http_2_arrives_unchanged"]
        }
        Defect::HostHasNoPort => &[
            "the_host_is_that_of_the_url",
            "any_spelling_of_an_ipv6_address_leads_to_the_server",
            "plain_http_reaches_a_proxy_in_absolute_form",
        ],
        Defect::KeepsCookies => &["a_cookie_is_not_sent_back"],
        Defect::AddsAcceptEncoding | Defect::AddsAReferer | Defect::AddsExpect => {
            &["nothing_is_added_to_a_request", "a_cookie_is_not_sent_back"]
        }
        Defect::ChunksTheBody => &[
            "a_header_value_arrives_unchanged",
            "a_body_has_a_length_and_is_not_chunked",
            "a_request_over_http_2_arrives_unchanged",
            "nothing_is_added_to_a_request",
            "a_cookie_is_not_sent_back",
            "plain_http_reaches_a_proxy_in_absolute_form",
        ],
        Defect::AnnouncesNoEmptyBody => {
            &["a_header_value_arrives_unchanged", "an_empty_post_has_a_length_of_zero"]
        }
        Defect::DropsTheBodyOfADelete => {
            &["a_header_value_arrives_unchanged", "a_body_has_a_length_and_is_not_chunked"]
        }
        Defect::AddsToTheBody => &[
            "a_header_value_arrives_unchanged",
            "a_body_arrives_unchanged",
            "a_body_has_a_length_and_is_not_chunked",
            "a_request_over_http_2_arrives_unchanged",
            "a_long_body_over_http_2_is_whole",
            "plain_http_reaches_a_proxy_in_absolute_form",
        ],

        // Rule 5.
        Defect::DecodesTheBody => &["a_compressed_answer_is_returned_unchanged"],
        Defect::TrimsTheBody => &["the_body_of_an_answer_is_unchanged"],
        Defect::MakesTextOfTheBody => {
            &["the_body_of_an_answer_is_unchanged", "a_compressed_answer_is_returned_unchanged"]
        }
        Defect::ReadsOnlyTheFirstPiece => &[
            "a_body_of_exactly_the_limit_is_accepted",
            "the_body_of_an_answer_is_unchanged",
            "a_body_in_many_pieces_is_whole",
            "a_long_body_over_http_2_is_whole",
            "an_error_shows_neither_request_nor_answer",
            "closed_within_a_body_of_known_length",
            "closed_within_a_chunked_body",
            "closed_without_notice_of_tls_after_a_body_of_unknown_length",
            "http_2_stream_refused_within_the_body",
            "http_2_stream_reset_without_an_error_within_the_body",
            "http_2_stream_reset_without_an_error_after_a_body_of_unknown_length",
            "broken_chunk",
            "body_that_grows_too_long",
        ],
        Defect::TakesAnInterimAnswer => &["an_interim_answer_is_skipped"],
        Defect::DropsAnAnswersHeader | Defect::DropsAnAnswersSecondValue => {
            &["the_header_values_of_an_answer_are_unchanged"]
        }

        // Rule 6.
        Defect::FailsWithoutABody => &["an_answer_without_a_body_ends_with_its_head"],
        Defect::StatusIsAnError => &["an_answer_that_asks_for_a_retry_is_returned", "a_status_is_an_answer"],
        Defect::SwallowsTheStatus => &[
            "a_redirect_is_not_followed",
            "an_answer_that_asks_for_a_retry_is_returned",
            "a_status_is_an_answer",
        ],
        Defect::PanicsOutsideARuntime => &["a_call_outside_of_a_runtime_ends"],
        Defect::TakesACutBodyForWhole => &[
            "an_error_shows_neither_request_nor_answer",
            "closed_within_a_body_of_known_length",
            "closed_within_a_chunked_body",
            "closed_without_notice_of_tls_after_a_body_of_unknown_length",
            "http_2_stream_refused_within_the_body",
            "broken_chunk",
        ],
        Defect::TakesAResetStreamForWhole => &[
            "http_2_stream_reset_without_an_error_within_the_body",
            "http_2_stream_reset_without_an_error_after_a_body_of_unknown_length",
        ],
        Defect::ConnectIsClosed | Defect::ConnectIsSent => &[
            "connection_refused",
            "host_unreachable",
            "host_name_not_found",
            "tls_handshake_unanswered_at_the_connect_timeout",
            "proxy_down",
            "proxy_refuses_the_tunnel",
        ],
        Defect::TlsIsConnect | Defect::TlsIsFinal => {
            &["tls_handshake_closed", "tls_handshake_reset", "no_tls_at_the_port", "no_tls_version_in_common"]
        }
        Defect::RefusedCertificateMayPass => &[
            "certificate_of_an_unknown_issuer",
            "certificate_of_another_host",
            "certificate_that_has_expired",
            "certificate_that_is_not_yet_valid",
            "client_certificate_missing",
        ],
        Defect::LossIsUnsent => &[
            "closed_before_the_head",
            "reset_before_the_head",
            "closed_within_the_head",
            "reset_within_the_head",
            "closed_within_a_body_of_known_length",
            "closed_within_a_chunked_body",
            "closed_without_notice_of_tls_after_a_body_of_unknown_length",
            "reset_within_the_body",
            "kept_connection_closed_once_the_request_was_read",
            "http_2_stream_refused_within_the_body",
            "http_2_stream_reset_without_an_error_within_the_body",
            "http_2_stream_reset_without_an_error_after_a_body_of_unknown_length",
            "http_2_goaway_that_covers_the_request",
            "http_2_connection_closed_within_the_body",
            "http_2_connection_reset_within_the_body",
        ],
        Defect::UnsentIsSent => &[
            "http_2_stream_refused",
            "http_2_goaway_that_does_not_cover_the_request",
            "http_2_goaway_before_the_request_was_read",
        ],
        Defect::ClosedIsMalformed => &[
            "closed_before_the_head",
            "reset_before_the_head",
            "closed_within_the_head",
            "reset_within_the_head",
            "closed_within_a_body_of_known_length",
            "closed_within_a_chunked_body",
            "closed_without_notice_of_tls_after_a_body_of_unknown_length",
            "reset_within_the_body",
            "kept_connection_closed_once_the_request_was_read",
            "http_2_stream_refused_within_the_body",
            "http_2_stream_reset_without_an_error_within_the_body",
            "http_2_stream_reset_without_an_error_after_a_body_of_unknown_length",
            "http_2_goaway_that_covers_the_request",
            "http_2_connection_closed_within_the_body",
            "http_2_connection_reset_within_the_body",
        ],
        Defect::MalformedIsClosed => &[
            "an_endless_head_is_cut_off",
            "http_2_frame_that_breaks_the_protocol",
            "head_that_is_not_http",
            "head_too_long",
            "broken_chunk",
        ],
        Defect::TooLargeIsMalformed => &[
            "an_announced_length_beyond_the_limit_is_refused_unread",
            "an_endless_body_is_cut_off_at_the_limit",
            "a_body_of_exactly_the_limit_is_accepted",
            "a_body_beyond_the_limit_is_cut_off_over_http_2",
            "body_announced_as_too_long",
            "body_that_grows_too_long",
        ],
        Defect::ConfigIsConnect => &["proxy_refuses_the_credentials"],
        Defect::ErrorsSayNothing => &[
            "connection_refused",
            "host_unreachable",
            "host_name_not_found",
            "tls_handshake_unanswered_at_the_connect_timeout",
            "tls_handshake_closed",
            "tls_handshake_reset",
            "no_tls_at_the_port",
            "no_tls_version_in_common",
            "certificate_of_an_unknown_issuer",
            "certificate_of_another_host",
            "certificate_that_has_expired",
            "certificate_that_is_not_yet_valid",
            "client_certificate_missing",
            "proxy_down",
            "proxy_refuses_the_credentials",
            "proxy_refuses_the_tunnel",
        ],
        Defect::TrustsAnyIssuer => &["certificate_of_an_unknown_issuer"],
        Defect::TrustsAnyHost => &["certificate_of_another_host"],
        Defect::TrustsAnExpiredCertificate => &["certificate_that_has_expired"],
        Defect::TrustsACertificateBeforeItsTime => &["certificate_that_is_not_yet_valid"],
        Defect::PresentsNoCertificate => &["client_certificate_missing"],
        Defect::ReplacesNoDeadConnection => &["kept_connection_closed_while_idle"],
        Defect::KeepsNoConnection => {
            &["a_kept_connection_is_reused", "kept_connection_closed_once_the_request_was_read"]
        }

        // Rule 7.
        Defect::GoesOnAfterADrop => &[
            "a_dropped_call_ends_its_exchange",
            "a_call_that_is_dropped_while_it_connects_ends",
            "a_dropped_call_ends_its_stream_over_http_2",
        ],
        Defect::IsUnusableAfterADrop => {
            &["a_dropped_call_leaves_the_transport_usable", "a_dropped_call_ends_its_stream_over_http_2"]
        }

        // Rule 8.
        Defect::EndsACallAfterAMinute | Defect::ConnectTimeoutIsADeadline => &["a_slow_answer_is_awaited"],
        Defect::IgnoresTheConnectTimeout => &["tls_handshake_unanswered_at_the_connect_timeout"],

        // Rule 9.
        Defect::DebugShowsTheRequest => &["the_debug_output_of_a_transport_shows_no_secret"],
        Defect::DebugShowsTheProxy => &["the_login_of_a_proxy_is_not_shown"],
        Defect::DebugShowsTheKey => &["the_key_of_a_client_certificate_is_not_shown"],
        Defect::LogsTheRequest => &["no_secret_is_logged"],
        Defect::ErrorsQuoteTheRequest => &[
            "the_login_of_a_proxy_is_not_shown",
            "an_error_shows_neither_request_nor_answer",
            "the_debug_data_of_a_goaway_is_not_shown",
            "connection_refused",
            "host_unreachable",
            "host_name_not_found",
            "tls_handshake_unanswered_at_the_connect_timeout",
            "tls_handshake_closed",
            "tls_handshake_reset",
            "no_tls_at_the_port",
            "no_tls_version_in_common",
            "certificate_of_an_unknown_issuer",
            "certificate_of_another_host",
            "certificate_that_has_expired",
            "certificate_that_is_not_yet_valid",
            "client_certificate_missing",
            "proxy_down",
            "proxy_refuses_the_credentials",
            "proxy_refuses_the_tunnel",
            "closed_before_the_head",
            "reset_before_the_head",
            "closed_within_the_head",
            "reset_within_the_head",
            "closed_within_a_body_of_known_length",
            "closed_within_a_chunked_body",
            "closed_without_notice_of_tls_after_a_body_of_unknown_length",
            "reset_within_the_body",
            "kept_connection_closed_once_the_request_was_read",
            "http_2_stream_refused",
            "http_2_stream_refused_within_the_body",
            "http_2_stream_reset_without_an_error_within_the_body",
            "http_2_stream_reset_without_an_error_after_a_body_of_unknown_length",
            "http_2_goaway_that_does_not_cover_the_request",
            "http_2_goaway_that_covers_the_request",
            "http_2_goaway_before_the_request_was_read",
            "http_2_connection_closed_within_the_body",
            "http_2_connection_reset_within_the_body",
            "http_2_frame_that_breaks_the_protocol",
            "head_that_is_not_http",
            "head_too_long",
            "broken_chunk",
            "body_announced_as_too_long",
            "body_that_grows_too_long",
        ],
        Defect::ErrorsQuoteTheAnswer => &[
            "an_error_shows_neither_request_nor_answer",
            "closed_within_a_body_of_known_length",
            "closed_without_notice_of_tls_after_a_body_of_unknown_length",
        ],
        Defect::ErrorsQuoteTheProxy => &[
            "the_login_of_a_proxy_is_not_shown",
            "proxy_down",
            "proxy_refuses_the_credentials",
            "proxy_refuses_the_tunnel",
        ],
        Defect::ErrorsQuoteAGoaway => &["the_debug_data_of_a_goaway_is_not_shown"],
        Defect::LosesTheSensitiveMark => &["a_sensitive_header_keeps_its_mark"],

        // Rule 10.
        Defect::LoopbackUsesTheProxy => &["loopback_never_uses_a_proxy"],
        Defect::UsesNoProxy => &[
            "a_tunnel_leads_to_the_service",
            "a_proxy_learns_nothing_of_a_tunnelled_request",
            "plain_http_reaches_a_proxy_in_absolute_form",
            "proxy_down",
            "proxy_refuses_the_credentials",
            "proxy_refuses_the_tunnel",
        ],
        Defect::SendsTheLoginOn => &["a_tunnel_leads_to_the_service"],
        Defect::OpensNoTunnel => &[
            "a_tunnel_leads_to_the_service",
            "a_proxy_learns_nothing_of_a_tunnelled_request",
            "proxy_refuses_the_credentials",
            "proxy_refuses_the_tunnel",
        ],
        Defect::LogsInNowhere => &[
            "a_proxy_learns_nothing_of_a_tunnelled_request",
            "plain_http_reaches_a_proxy_in_absolute_form",
            "proxy_refuses_the_credentials",
            "proxy_refuses_the_tunnel",
        ],

        // Rule 11.
        Defect::BelievesTheResolverOfLocalhost => &[
            "loopback_never_uses_a_proxy",
            "localhost_leads_to_this_machine",
            "localhost_with_a_dot_leads_to_this_machine",
            "localhost_leads_to_either_loopback_address",
        ],
        Defect::LocalhostIsIpv4 => &["localhost_leads_to_either_loopback_address"],
        Defect::LocalhostHasNoDot => &["localhost_with_a_dot_leads_to_this_machine"],

        // Rule 12.
        Defect::SilenceIsHttp2 => &["http1_is_used_over_tls_if_the_server_has_no_http2"],
        Defect::OffersNoHttp2 => &["http2_is_negotiated_over_tls"],
        Defect::IgnoresPriorKnowledge => &[
            "a_body_beyond_the_limit_is_cut_off_over_http_2",
            "a_request_over_http_2_arrives_unchanged",
            "a_long_body_over_http_2_is_whole",
            "an_answer_that_has_ended_survives_the_reset_of_its_stream",
            "a_dropped_call_ends_its_stream_over_http_2",
            "the_debug_data_of_a_goaway_is_not_shown",
            "a_sensitive_header_keeps_its_mark",
            "no_secret_is_logged",
            "http2_is_used_with_prior_knowledge",
            "each_of_many_calls_gets_its_own_answer_over_http_2",
            "http_2_stream_refused",
            "http_2_stream_refused_within_the_body",
            "http_2_stream_reset_without_an_error_within_the_body",
            "http_2_stream_reset_without_an_error_after_a_body_of_unknown_length",
            "http_2_goaway_that_does_not_cover_the_request",
            "http_2_goaway_that_covers_the_request",
            "http_2_goaway_before_the_request_was_read",
            "http_2_connection_closed_within_the_body",
            "http_2_connection_reset_within_the_body",
            "http_2_frame_that_breaks_the_protocol",
        ],

        // Rule 13.
        Defect::MakesOneCallAtATime | Defect::MixesUpAnswers => {
            &["each_of_many_calls_gets_its_own_answer", "each_of_many_calls_gets_its_own_answer_over_http_2"]
        }
    }
}

/// Cases that a transport with the defect may fail or pass.
pub(crate) const RACES: &[(Defect, &str)] = &[
    // The request and the end of its connection may cross.
    (Defect::SendsAgainAfterALoss, "a_request_that_crosses_the_end_of_its_connection_arrives_once"),
    (Defect::LossIsUnsent, "a_request_that_crosses_the_end_of_its_connection_arrives_once"),
    (Defect::ClosedIsMalformed, "a_request_that_crosses_the_end_of_its_connection_arrives_once"),
    // The end of a connection may overtake what came before it.
    (Defect::ReadsOnlyTheFirstPiece, "reset_within_the_body"),
    (Defect::ReadsOnlyTheFirstPiece, "http_2_connection_closed_within_the_body"),
    (Defect::ReadsOnlyTheFirstPiece, "http_2_connection_reset_within_the_body"),
    (Defect::TakesACutBodyForWhole, "reset_within_the_body"),
    (Defect::TakesACutBodyForWhole, "http_2_connection_closed_within_the_body"),
    (Defect::TakesACutBodyForWhole, "http_2_connection_reset_within_the_body"),
];
