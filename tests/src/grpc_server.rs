//! [`GrpcServer`]: the gRPC health service behind a check of tokens.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex},
};

use tonic::{
    Request, Status,
    service::interceptor::InterceptedService,
    transport::{Server, Uri, server::TcpIncoming},
};

/// A gRPC server on a free port. It accepts some tokens, and remembers the token of each request.
pub struct GrpcServer {
    uri: Uri,
    seen: Arc<Mutex<Vec<Option<String>>>>,
}

impl GrpcServer {
    /// Accepts the tokens `accepted`, and answers any other request with `UNAUTHENTICATED`.
    pub async fn accepting(accepted: &[&str]) -> Self {
        let accepted: BTreeSet<_> = accepted.iter().map(|token| format!("Bearer {token}")).collect();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        let check = move |request: Request<()>| {
            let token = request.metadata().get("authorization").map(|it| it.to_str().unwrap().to_owned());
            let is_accepted = token.as_ref().is_some_and(|token| accepted.contains(token));
            record.lock().unwrap().push(token);
            if is_accepted { Ok(request) } else { Err(Status::unauthenticated("a refused token")) }
        };
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let uri = format!("http://{}", incoming.local_addr().unwrap()).parse().unwrap();
        let (_, health) = tonic_health::server::health_reporter();
        let server = Server::builder().add_service(InterceptedService::new(health, check));
        tokio::spawn(server.serve_with_incoming(incoming));
        Self { uri, seen }
    }

    /// Scheme, host and port.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The `authorization` header of each request so far.
    #[must_use]
    pub fn tokens(&self) -> Vec<Option<String>> {
        self.seen.lock().unwrap().clone()
    }
}

impl fmt::Debug for GrpcServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcServer").field("uri", &self.uri).finish_non_exhaustive()
    }
}
