//! [`Crowd`]: a thousand tasks that request tokens again and again.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cg_auth_core::{
    TokenError, TokenProvider,
    body::Body,
    model::decode_base64url,
    testing::ManualClock,
    time::Runtime,
    token::is_unauthorized,
    transport::{HttpTransport, TransportError},
};
use http::{HeaderValue, Request, StatusCode, header::AUTHORIZATION};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The user for whom a task calls.
pub(crate) struct Caller {
    pub(crate) provider: TokenProvider,
    pub(crate) transport: Arc<dyn HttpTransport>,
    pub(crate) protected_url: String,
    /// The clock that tokens expire by.
    pub(crate) clock: ManualClock,
    /// The last token, and when it expires.
    pub(crate) seen: Mutex<Option<(String, SystemTime)>>,
}

/// The result of one task's call.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) user: usize,
    pub(crate) outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    /// A token, and whether it is valid by the clock of the service.
    Served { is_valid: bool },
    /// Requests to the resource, by the statuses of their answers.
    Used(Vec<StatusCode>),
    /// No token, and whether an immediate second call received one.
    Failed { then_served: bool },
    /// No answer from the resource.
    Broken(TransportError),
}

/// The tasks, by user, and their reports.
pub(crate) struct Crowd {
    tasks: Vec<Vec<UnboundedSender<usize>>>,
    reports: UnboundedReceiver<Report>,
}

impl Crowd {
    /// Spawns `tasks_each` tasks for each of `callers`.
    pub(crate) fn gather(callers: Vec<Arc<Caller>>, tasks_each: usize) -> Self {
        let (report, reports) = unbounded_channel();
        let of_a_user = |(user, caller): (usize, Arc<Caller>)| {
            let task = |_| {
                let (calls, mut called) = unbounded_channel();
                let (caller, report) = (Arc::clone(&caller), report.clone());
                tokio::spawn(async move {
                    while let Some(how) = called.recv().await {
                        let outcome = caller.call(how).await;
                        let _ = report.send(Report { user, outcome });
                    }
                });
                calls
            };
            (0..tasks_each).map(task).collect()
        };
        Self { tasks: callers.into_iter().enumerate().map(of_a_user).collect(), reports }
    }

    /// Every eighth task of each user who is at work calls, all together and in different ways. The next step
    /// has the next eighth.
    pub(crate) async fn call(&mut self, step: u32, is_there: impl Fn(usize) -> bool) -> Vec<Report> {
        let mut calls = 0;
        for (_, tasks) in self.tasks.iter().enumerate().filter(|(user, _)| is_there(*user)) {
            for (number, task) in tasks.iter().enumerate() {
                if (number + step as usize).is_multiple_of(8) {
                    task.send(number / 8).unwrap();
                    calls += 1;
                }
            }
        }
        let mut reports = Vec::with_capacity(calls);
        while reports.len() < calls {
            reports.push(self.reports.recv().await.unwrap());
        }
        reports
    }
}

impl Caller {
    async fn call(&self, how: usize) -> Outcome {
        let is_valid = match how {
            0 => return self.use_token().await,
            1..4 => self
                .provider
                .authorization()
                .await
                .map(|header| self.is_valid(header.to_str().unwrap().strip_prefix("Bearer ").unwrap())),
            4..8 => self.provider.with_token(|token| self.is_valid(token.expose_secret())).await,
            _ => self.provider.token().await.map(|token| self.is_valid(token.expose_secret())),
        };
        match is_valid {
            Ok(is_valid) => Outcome::Served { is_valid },
            Err(_) => self.insist().await,
        }
    }

    async fn use_token(&self) -> Outcome {
        let statuses = &Mutex::new(Vec::new());
        let call = |authorization: HeaderValue| async move {
            let request = Request::get(&self.protected_url).header(AUTHORIZATION, authorization);
            let response = self.transport.send(request.body(Body::empty()).unwrap()).await;
            let (head, _) = response.map_err(Failure::Resource)?.into_parts();
            statuses.lock().unwrap().push(head.status);
            Ok(head)
        };
        let refused = |head: &http::response::Parts| is_unauthorized(head.status, &head.headers);
        // A call that is refused even with a new token is repeated at once, as impatient programs do.
        for _ in 0..3 {
            match self.provider.authorized(refused, call).await {
                Ok(head) if refused(&head) => {}
                Ok(_) => break,
                Err(Failure::Token) => return self.insist().await,
                Err(Failure::Resource(error)) => return Outcome::Broken(error),
            }
        }
        Outcome::Used(std::mem::take(&mut *statuses.lock().unwrap()))
    }

    /// Calls again after a failure.
    async fn insist(&self) -> Outcome {
        let again = [self.provider.token().await, self.provider.token().await];
        Outcome::Failed { then_served: again.iter().any(Result::is_ok) }
    }

    fn is_valid(&self, token: &str) -> bool {
        let mut seen = self.seen.lock().unwrap();
        seen.take_if(|(last, _)| last != token);
        let (_, expires_at) = seen.get_or_insert_with(|| (token.to_owned(), expires_at(token)));
        self.clock.now().wall() < *expires_at
    }
}

enum Failure {
    Token,
    Resource(TransportError),
}

impl From<TokenError> for Failure {
    fn from(_: TokenError) -> Self {
        Self::Token
    }
}

/// When the token expires by its own claim.
fn expires_at(token: &str) -> SystemTime {
    let claims = decode_base64url(token.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    UNIX_EPOCH + Duration::from_secs(claims["exp"].as_u64().unwrap())
}
