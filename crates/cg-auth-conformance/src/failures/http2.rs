//! A stream or a connection of HTTP/2 that fails.

use crate::{
    exchange::{call_over_http2, delegation},
    failure::Failure,
    row::Row,
    servers::{
        http2::{DATA, GOAWAY, Http2, RST_STREAM},
        listener::{Listener, TOKEN, while_serving},
    },
    settings::Settings,
    subject::Subject,
};

/// The server resets the stream with REFUSED_STREAM before it answers.
pub async fn http_2_stream_refused(subject: &dyn Subject) -> Result<(), Failure> {
    meet(subject, "HTTP/2 stream refused", async |mut http2: Http2, stream| {
        http2.write(RST_STREAM, 0, stream, &REFUSED_STREAM).await;
        http2.read_to_the_end().await;
    })
    .await
}

/// A server that has begun its answer has seen the request, even if it says otherwise.
pub async fn http_2_stream_refused_within_the_body(subject: &dyn Subject) -> Result<(), Failure> {
    meet(subject, "HTTP/2 stream refused within the body", async |mut http2: Http2, stream| {
        http2.begin_answer(stream, "{").await;
        http2.write(RST_STREAM, 0, stream, &REFUSED_STREAM).await;
        http2.read_to_the_end().await;
    })
    .await
}

/// The server ends the stream without an error, before the announced length.
pub async fn http_2_stream_reset_without_an_error_within_the_body(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let failure = "HTTP/2 stream reset without an error within the body";
    meet(subject, failure, async |mut http2: Http2, stream| {
        http2.begin_answer_of(100, stream, "{").await;
        http2.write(RST_STREAM, 0, stream, &NO_ERROR).await;
        http2.read_to_the_end().await;
    })
    .await
}

/// The piece is a complete JSON document, but only the end of the stream ends a body.
pub async fn http_2_stream_reset_without_an_error_after_a_body_of_unknown_length(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let failure = "HTTP/2 stream reset without an error after a body of unknown length";
    meet(subject, failure, async |mut http2: Http2, stream| {
        http2.begin_answer(stream, TOKEN).await;
        http2.write(RST_STREAM, 0, stream, &NO_ERROR).await;
        http2.read_to_the_end().await;
    })
    .await
}

/// The GOAWAY names a stream before that of the request as the last one.
pub async fn http_2_goaway_that_does_not_cover_the_request(subject: &dyn Subject) -> Result<(), Failure> {
    for code in [NO_ERROR, ENHANCE_YOUR_CALM] {
        let failure = "HTTP/2 GOAWAY that does not cover the request";
        meet(subject, failure, async |mut http2: Http2, _| {
            http2.write(GOAWAY, 0, 0, &[[0; 4], code].concat()).await;
            http2.read_to_the_end().await;
        })
        .await?;
    }
    Ok(())
}

/// The GOAWAY names the stream of the request as the last one, and the connection ends.
pub async fn http_2_goaway_that_covers_the_request(subject: &dyn Subject) -> Result<(), Failure> {
    for code in [NO_ERROR, ENHANCE_YOUR_CALM] {
        let failure = "HTTP/2 GOAWAY that covers the request";
        meet(subject, failure, async |mut http2: Http2, stream: u32| {
            http2.write(GOAWAY, 0, 0, &[stream.to_be_bytes(), code].concat()).await;
        })
        .await?;
    }
    Ok(())
}

/// The GOAWAY may arrive before or after the request is sent.
pub async fn http_2_goaway_before_the_request_was_read(subject: &dyn Subject) -> Result<(), Failure> {
    for code in [NO_ERROR, ENHANCE_YOUR_CALM] {
        let listener = Listener::bind().await;
        let transport = subject.transport(&Settings { http2_prior_knowledge: true, ..Settings::default() });
        let server = async {
            let mut http2 = Http2::accept(&listener).await;
            http2.write(GOAWAY, 0, 0, &[[0; 4], code].concat()).await;
            http2.read_to_the_end().await;
        };
        let sent = while_serving(transport.send(delegation(&listener.base_url())?), server).await;
        Row::of("HTTP/2 GOAWAY before the request was read")?.check(subject, sent)?;
    }
    Ok(())
}

/// The server closes the connection in the middle of the body.
pub async fn http_2_connection_closed_within_the_body(subject: &dyn Subject) -> Result<(), Failure> {
    meet(subject, "HTTP/2 connection closed within the body", async |mut http2: Http2, stream| {
        http2.begin_answer(stream, "{").await;
    })
    .await
}

/// The server resets the connection in the middle of the body.
pub async fn http_2_connection_reset_within_the_body(subject: &dyn Subject) -> Result<(), Failure> {
    meet(subject, "HTTP/2 connection reset within the body", async |mut http2: Http2, stream| {
        http2.begin_answer(stream, "{").await;
        http2.reset();
    })
    .await
}

/// The server sends DATA on stream 0, which has none.
pub async fn http_2_frame_that_breaks_the_protocol(subject: &dyn Subject) -> Result<(), Failure> {
    meet(subject, "HTTP/2 frame that breaks the protocol", async |mut http2: Http2, _| {
        http2.write(DATA, 0, 0, b"of no stream").await;
        http2.read_to_the_end().await;
    })
    .await
}

const NO_ERROR: [u8; 4] = 0_u32.to_be_bytes();
const REFUSED_STREAM: [u8; 4] = 7_u32.to_be_bytes();
const ENHANCE_YOUR_CALM: [u8; 4] = 11_u32.to_be_bytes();

async fn meet(
    subject: &dyn Subject,
    failure: &str,
    fault: impl AsyncFnOnce(Http2, u32),
) -> Result<(), Failure> {
    let sent = call_over_http2(subject, fault).await?;
    Row::of(failure)?.check(subject, sent)
}
