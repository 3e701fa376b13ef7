//! A stream or a connection of HTTP/2 that fails.

use cg_auth_tests::{
    http2::{DATA, GOAWAY, Http2, RST_STREAM},
    listener::{Listener, TOKEN, while_serving},
};
use macro_rules_attribute::apply;

use super::{
    super::{
        http2::{call, client},
        subject::{Subject, credential},
    },
    Row,
};

#[apply(transports_with_http2)]
async fn http_2_stream_refused<T: Subject>(row: &Row) {
    let refused_stream = 7_u32.to_be_bytes();
    row.check(
        call::<T>(async |mut http2: Http2, stream| {
            http2.write(RST_STREAM, 0, stream, &refused_stream).await;
            http2.read_to_the_end().await;
        })
        .await,
    );
}

/// A server that has begun its answer has seen the request, even if it says otherwise.
#[apply(transports_with_http2)]
async fn http_2_stream_refused_within_the_body<T: Subject>(row: &Row) {
    let refused_stream = 7_u32.to_be_bytes();
    row.check(
        call::<T>(async |mut http2: Http2, stream| {
            http2.begin_answer(stream, "{").await;
            http2.write(RST_STREAM, 0, stream, &refused_stream).await;
            http2.read_to_the_end().await;
        })
        .await,
    );
}

#[apply(transports_with_http2)]
async fn http_2_stream_reset_without_an_error_within_the_body<T: Subject>(row: &Row) {
    row.check(
        call::<T>(async |mut http2: Http2, stream| {
            http2.begin_answer_of(100, stream, "{").await;
            http2.write(RST_STREAM, 0, stream, &NO_ERROR).await;
            http2.read_to_the_end().await;
        })
        .await,
    );
}

/// The piece is a whole document: its end is the end of the stream, not the last brace.
#[apply(transports_that_see_the_end_of_a_stream)]
async fn http_2_stream_reset_without_an_error_after_a_body_of_unknown_length<T: Subject>(row: &Row) {
    row.check(
        call::<T>(async |mut http2: Http2, stream| {
            http2.begin_answer(stream, TOKEN).await;
            http2.write(RST_STREAM, 0, stream, &NO_ERROR).await;
            http2.read_to_the_end().await;
        })
        .await,
    );
}

#[apply(transports_with_http2)]
async fn http_2_goaway_that_does_not_cover_the_request<T: Subject>(row: &Row) {
    for code in [NO_ERROR, ENHANCE_YOUR_CALM] {
        row.check(
            call::<T>(async |mut http2: Http2, _| {
                http2.write(GOAWAY, 0, 0, &[[0; 4], code].concat()).await;
                http2.read_to_the_end().await;
            })
            .await,
        );
    }
}

#[apply(transports_with_http2)]
async fn http_2_goaway_that_covers_the_request<T: Subject>(row: &Row) {
    for code in [NO_ERROR, ENHANCE_YOUR_CALM] {
        row.check(
            call::<T>(async |mut http2: Http2, stream: u32| {
                http2.write(GOAWAY, 0, 0, &[stream.to_be_bytes(), code].concat()).await;
            })
            .await,
        );
    }
}

/// The GOAWAY may arrive before or after the request is sent.
#[apply(transports_with_http2)]
async fn http_2_goaway_before_the_request_was_read<T: Subject>(row: &Row) {
    for code in [NO_ERROR, ENHANCE_YOUR_CALM] {
        let listener = Listener::bind().await;
        let (client, credential) = (client::<T>(&listener), credential());
        let server = async {
            let mut http2 = Http2::accept(&listener).await;
            http2.write(GOAWAY, 0, 0, &[[0; 4], code].concat()).await;
            http2.read_to_the_end().await;
        };
        row.check(while_serving(client.get_delegate_access_token(&credential), server).await);
    }
}

const NO_ERROR: [u8; 4] = 0_u32.to_be_bytes();
const ENHANCE_YOUR_CALM: [u8; 4] = 11_u32.to_be_bytes();

#[apply(transports_with_http2)]
async fn http_2_connection_closed_within_the_body<T: Subject>(row: &Row) {
    row.check(
        call::<T>(async |mut http2: Http2, stream| {
            http2.begin_answer(stream, "{").await;
        })
        .await,
    );
}

#[apply(transports_with_http2)]
async fn http_2_connection_reset_within_the_body<T: Subject>(row: &Row) {
    row.check(
        call::<T>(async |mut http2: Http2, stream| {
            http2.begin_answer(stream, "{").await;
            http2.reset();
        })
        .await,
    );
}

#[apply(transports_with_http2)]
async fn http_2_frame_that_breaks_the_protocol<T: Subject>(row: &Row) {
    row.check(
        call::<T>(async |mut http2: Http2, _| {
            http2.write(DATA, 0, 0, b"of no stream").await;
            http2.read_to_the_end().await;
        })
        .await,
    );
}
