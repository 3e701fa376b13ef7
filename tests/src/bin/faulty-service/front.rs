//! [`Front`]: counts the requests, chooses their faults and has the emulator answer.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use cg_auth_core::{BaseUrl, body::Body, transport::HttpTransport as _};
use cg_auth_hyper::HyperTransport;
use http::{HeaderMap, Request, Response, Uri, header::RETRY_AFTER};
use serde_json::json;
use tokio::time::sleep;

use crate::faults::{Fault, Faults};

/// What both ports share.
#[derive(Debug)]
pub(crate) struct Front {
    /// Leads to the emulator.
    transport: HyperTransport,
    emulator: String,
    faults: Faults,
    counts: Counts,
}

/// The requests that were read, answered or not.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) http1: AtomicU64,
    pub(crate) http2: AtomicU64,
    disturbed: AtomicU64,
    refreshes: AtomicU64,
}

/// How a port sends an answer.
pub(crate) enum Sending {
    Whole(Response<Body>),
    /// In a way that only the port knows how to do.
    Disturbed(Response<Body>, Fault),
}

impl Front {
    pub(crate) fn new(emulator: &BaseUrl, faults: Faults) -> Self {
        Self {
            // A kept connection may be closed by the emulator while a request is on its way.
            transport: HyperTransport::builder().pool_max_idle_per_host(0).build().unwrap(),
            emulator: emulator.to_string(),
            faults,
            counts: Counts::default(),
        }
    }

    pub(crate) const fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(crate) const fn counted(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn counts(&self) -> String {
        let Counts { http1, http2, disturbed, refreshes } = &self.counts;
        let [http1, http2, disturbed, refreshes] =
            [http1, http2, disturbed, refreshes].map(|it| it.load(Relaxed));
        json!({ "http1": http1, "http2": http2, "disturbed": disturbed, "refreshes": refreshes }).to_string()
    }

    /// Answers the request to `path`, or tells the port what to do in place of an answer.
    pub(crate) async fn answer(&self, path: &str, headers: HeaderMap, body: Vec<u8>) -> Sending {
        let refreshes = path.ends_with("/refresh");
        self.counts.refreshes.fetch_add(refreshes.into(), Relaxed);
        let fault = self.faults.next();
        self.counts.disturbed.fetch_add(fault.is_some().into(), Relaxed);
        match fault {
            None => Sending::Whole(self.pass(path, headers, body).await),
            Some(Fault::Delay(delay)) => {
                sleep(delay).await;
                Sending::Whole(self.pass(path, headers, body).await)
            }
            Some(Fault::Refuse(status, retry_after)) => Sending::Whole(refusal(status, retry_after)),
            Some(Fault::RefuseRefreshToken) if refreshes => Sending::Whole(refusal(400, None)),
            Some(Fault::RefuseRefreshToken) => Sending::Whole(self.pass(path, headers, body).await),
            Some(Fault::Garbage) => Sending::Whole(page(200, "{\"value\":{\"access_token\"")),
            Some(Fault::GatewayPage) => Sending::Whole(page(502, "<html><h1>Bad gateway</h1></html>")),
            // The service has done its work before these.
            Some(fault @ (Fault::Truncate | Fault::Slow(_) | Fault::GoAway)) => {
                Sending::Disturbed(self.pass(path, headers, body).await, fault)
            }
            Some(fault) => Sending::Disturbed(Response::default(), fault),
        }
    }

    async fn pass(&self, path: &str, headers: HeaderMap, body: Vec<u8>) -> Response<Body> {
        let uri: Uri = format!("{}{path}", self.emulator).parse().unwrap();
        let mut request = Request::post(uri).body(Body::from(body)).unwrap();
        *request.headers_mut() = headers;
        self.transport.send(request).await.unwrap()
    }
}

fn refusal(status: u16, retry_after: Option<u32>) -> Response<Body> {
    let mut response =
        page(status, r#"{"error":{"code":"Disturbed","message":"the front refuses this request"}}"#);
    response.headers_mut().extend(retry_after.map(|seconds| (RETRY_AFTER, seconds.into())));
    response
}

fn page(status: u16, body: &'static str) -> Response<Body> {
    Response::builder().status(status).body(body.into()).unwrap()
}
