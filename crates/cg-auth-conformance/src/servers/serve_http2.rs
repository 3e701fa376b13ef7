//! An HTTP/2 server that reads every request and answers it. [`Http2`](super::http2::Http2) plays the faults.

use http::{Request, Response};

use super::connection::Connection;

/// Answers each request on `connection` with the text that `answer` makes of it.
pub(crate) async fn serve<A>(
    connection: Connection,
    answer: impl Fn(Request<Vec<u8>>) -> A + Clone + Send + 'static,
) where
    A: Future<Output = String> + Send,
{
    let Ok(mut http2) = h2::server::handshake(connection.into_stream()).await else {
        return;
    };
    while let Some(Ok((request, mut respond))) = http2.accept().await {
        let answer = answer.clone();
        tokio::spawn(async move {
            let (head, mut body) = request.into_parts();
            let mut bytes = Vec::new();
            while let Some(Ok(piece)) = body.data().await {
                let _ = body.flow_control().release_capacity(piece.len());
                bytes.extend_from_slice(&piece);
            }
            let text = answer(Request::from_parts(head, bytes)).await;
            if let Ok(mut stream) = respond.send_response(Response::new(()), false) {
                let _ = stream.send_data(text.into(), true);
            }
        });
    }
}
