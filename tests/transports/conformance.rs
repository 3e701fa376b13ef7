//! The suite of `cg-auth-conformance`, over each transport: `conformance::hyper::head_too_long`.

use std::{marker::PhantomData, sync::Arc};

use cg_auth_conformance::{Capabilities, Capability, Settings, Subject, Suite, conformance};
use cg_auth_core::transport::HttpTransport;
use cg_auth_hyper::TransportSettings;
use cg_auth_transport_util::Http2;
use hyper_util::client::legacy::connect::HttpConnector;

use super::subject::{
    self, CallersReqwest, HyperTransport, OneConnectionEach, ReqwestTransport, UreqTransport,
};

mod hyper {
    super::conformance!(super::strict::<super::HyperTransport>());
}

mod reqwest {
    super::conformance!(super::strict::<super::ReqwestTransport>());
}

mod ureq {
    super::conformance!(super::strict::<super::UreqTransport>());
}

mod callers_client_of_reqwest {
    super::conformance!(super::strict::<super::CallersReqwest>());
}

mod callers_connector_of_hyper {
    super::conformance!(super::CallersConnector);
}

mod third_party {
    super::conformance!(super::strict::<super::OneConnectionEach>());
}

/// A transport of this suite as the subject of the other.
struct Over<T>(PhantomData<fn() -> T>);

impl<T> Over<T> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

/// Here what a transport should do counts like what it must do.
fn strict<T: subject::Subject>() -> Suite {
    Suite::new(Over::<T>::new()).strict()
}

impl<T: subject::Subject> Subject for Over<T> {
    fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport> {
        Arc::new(T::with(settings))
    }

    fn capabilities(&self) -> Capabilities {
        T::capabilities()
    }

    fn name(&self) -> &str {
        T::NAME
    }
}

/// hyper over a connector of the caller, which knows no TLS.
struct CallersConnector;

impl Subject for CallersConnector {
    fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport> {
        let http2 = if settings.http2_prior_knowledge { Http2::PriorKnowledge } else { Http2::default() };
        let own = TransportSettings::new().body_limit(settings.body_limit).http2(http2);
        Arc::new(HyperTransport::with_connector_and_settings(HttpConnector::new(), &own))
    }

    fn capabilities(&self) -> Capabilities {
        use Capability::{Http2, KeepsConnections, StreamEnd};
        [Http2, KeepsConnections, StreamEnd].into()
    }

    fn name(&self) -> &str {
        "callers_connector_of_hyper"
    }
}
