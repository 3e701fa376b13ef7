//! `connect-proxy`: an HTTP proxy on a free port of the loopback interface, for tests.
//!
//!     connect-proxy [--credentials USER:PASSWORD] [--refuse STATUS] [--tls CA_FILE]
//!                   [--route HOST:PORT=ADDRESS:PORT]...
//!
//! The first line of its output is its port; each request adds a line. It answers a line of input with an
//! empty line, after the lines of all requests so far. It ends at the end of its input, so it never outlives
//! a test.

// A tool of tests: a panic is a failed test, and the tests read the output.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod options;
mod service;

use std::sync::Arc;

use cg_auth_tests::tls::TlsServer;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{options::Options, service::answer};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = Options::parse(std::env::args().skip(1));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tls = options.ca_file.as_ref().map(|file| {
        let server = TlsServer::new();
        std::fs::write(file, server.authority().pem()).unwrap();
        TlsAcceptor::from(server.config())
    });
    println!("{}", listener.local_addr().unwrap().port());
    tokio::select! {
        () = serve(listener, tls, Arc::new(options)) => {}
        () = answer_input() => {}
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, options: Arc<Options>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, options) = (tls.clone(), options.clone());
        tokio::spawn(async move {
            match tls {
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve_connection(stream, options).await;
                    }
                }
                None => serve_connection(stream, options).await,
            }
        });
    }
}

async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    options: Arc<Options>,
) {
    let service = service_fn(move |request| answer(request, options.clone()));
    let connection = http1::Builder::new()
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // A broken client does not end the proxy.
    let _ = connection.await;
}

const LONGEST_HEAD: usize = 16 * 1024;

async fn answer_input() {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(_)) = lines.next_line().await {
        println!();
    }
}
