//! The macros that make one test per transport of a behaviour.
//!
//! A behaviour without one of them is dead code, which the lints refuse: none can be forgotten.

/// For a behaviour of every transport.
macro_rules! every_transport {
    ($($behaviour:tt)+) => {
        per_transport! {
            #[tokio::test]
            [
                hyper: HyperTransport,
                reqwest: ReqwestTransport,
                ureq: UreqTransport,
                callers_client_of_reqwest: CallersReqwest,
                third_party: OneConnectionEach
            ]
            $($behaviour)+
        }
    };
}

/// For a behaviour of the transports that keep connections for further requests.
macro_rules! pooling_transports {
    ($($behaviour:tt)+) => {
        per_transport! {
            #[tokio::test]
            [
                hyper: HyperTransport,
                reqwest: ReqwestTransport,
                ureq: UreqTransport,
                callers_client_of_reqwest: CallersReqwest
            ]
            $($behaviour)+
        }
    };
}

/// For a behaviour of the transports of this workspace, which have the same settings.
macro_rules! own_transports {
    ($($behaviour:tt)+) => {
        per_transport! {
            #[tokio::test]
            [hyper: HyperTransport, reqwest: ReqwestTransport, ureq: UreqTransport]
            $($behaviour)+
        }
    };
}

/// For a behaviour of every transport that speaks HTTP/2.
macro_rules! transports_with_http2 {
    ($($behaviour:tt)+) => {
        per_transport! {
            #[tokio::test]
            [
                hyper: HyperTransport,
                reqwest: ReqwestTransport,
                callers_client_of_reqwest: CallersReqwest,
                third_party: OneConnectionEach
            ]
            $($behaviour)+
        }
    };
}

/// For a behaviour of the transports of this workspace that speak HTTP/2.
macro_rules! own_transports_with_http2 {
    ($($behaviour:tt)+) => {
        per_transport! {
            #[tokio::test]
            [hyper: HyperTransport, reqwest: ReqwestTransport]
            $($behaviour)+
        }
    };
}

/// Like `own_transports`, with tasks and connections that two threads poll.
macro_rules! own_transports_on_two_threads {
    ($($behaviour:tt)+) => {
        per_transport! {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            [hyper: HyperTransport, reqwest: ReqwestTransport, ureq: UreqTransport]
            $($behaviour)+
        }
    };
}

/// The function as it is, and beside it a module of the same name with a test for each transport.
macro_rules! per_transport {
    (
        #[$test:meta]
        [$($transport:ident: $Transport:ident),+]
        $(#[$attribute:meta])*
        async fn $name:ident<$T:ident: $Bound:ident>() $body:block
    ) => {
        $(#[$attribute])*
        async fn $name<$T: $Bound>() $body

        mod $name {
            $(
                #[$test]
                async fn $transport() {
                    let test = super::$name::<crate::subject::$Transport>();
                    cg_auth_tests::hang_guard::bounded(test).await;
                }
            )+
        }
    };
}
