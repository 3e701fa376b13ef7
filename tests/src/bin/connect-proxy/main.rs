//! `connect-proxy`: an HTTP proxy on a free port of the loopback interface, for tests.
//!
//!     connect-proxy [--credentials USER:PASSWORD] [--refuse STATUS] [--tls CA_FILE]
//!                   [--route HOST:PORT=ADDRESS:PORT]...
//!
//! Its first line of output is its port, followed by one for each request. A line of input comes back empty
//! once all before it has been told; it ends with its input, so that it never outlives a test.

// A tool of tests: whatever goes wrong is a failed test. Its output is read by them.
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
        () = obey() => {}
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
                        converse(stream, options).await;
                    }
                }
                None => converse(stream, options).await,
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, options: Arc<Options>) {
    let service = service_fn(move |request| answer(request, options.clone()));
    let connection = http1::Builder::new()
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // A client that goes away, or talks nonsense, harms nobody but itself.
    let _ = connection.await;
}

const LONGEST_HEAD: usize = 16 * 1024;

async fn obey() {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(_)) = lines.next_line().await {
        println!();
    }
}
