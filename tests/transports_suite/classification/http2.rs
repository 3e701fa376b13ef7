//! Failures of a stream or a connection of HTTP/2.

use cg_auth_tests::http2::{DATA, GOAWAY, Http2, RST_STREAM};

use super::{
    super::{http2::call, subject::Subject},
    Row,
};

pub(crate) async fn http_2_stream_refused<T: Subject>(row: &Row) {
    let refused_stream = 7_u32.to_be_bytes();
    row.check(
        call::<T>(async |mut http2: Http2, stream| {
            http2.write(RST_STREAM, 0, stream, &refused_stream).await;
            http2.read_to_the_end().await;
        })
        .await,
    );
}

/// The request is beyond the last one that the server names, or that one itself.
pub(crate) async fn http_2_goaway_without_an_error_before_the_head<T: Subject>(row: &Row) {
    let no_error = 0_u32.to_be_bytes();
    for beyond_the_last in [true, false] {
        row.check(
            call::<T>(async |mut http2: Http2, stream: u32| {
                let last = if beyond_the_last { 0 } else { stream };
                http2.write(GOAWAY, 0, 0, &[last.to_be_bytes(), no_error].concat()).await;
            })
            .await,
        );
    }
}

pub(crate) async fn http_2_goaway_with_an_error_before_the_head<T: Subject>(row: &Row) {
    let enhance_your_calm = 11_u32.to_be_bytes();
    row.check(
        call::<T>(async |mut http2: Http2, _| {
            http2.write(GOAWAY, 0, 0, &[[0; 4], enhance_your_calm].concat()).await;
            http2.read_to_the_end().await;
        })
        .await,
    );
}

pub(crate) async fn http_2_connection_closed_within_the_body<T: Subject>(row: &Row) {
    row.check(
        call::<T>(async |mut http2: Http2, stream| {
            http2.begin_answer(stream, "{").await;
        })
        .await,
    );
}

pub(crate) async fn http_2_connection_reset_within_the_body<T: Subject>(row: &Row) {
    row.check(
        call::<T>(async |mut http2: Http2, stream| {
            http2.begin_answer(stream, "{").await;
            http2.reset();
        })
        .await,
    );
}

pub(crate) async fn http_2_frame_that_breaks_the_protocol<T: Subject>(row: &Row) {
    row.check(
        call::<T>(async |mut http2: Http2, _| {
            http2.write(DATA, 0, 0, b"of no stream").await;
            http2.read_to_the_end().await;
        })
        .await,
    );
}
