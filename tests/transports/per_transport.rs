//! The macros that make one test per transport of a behaviour, and of a row of the table of failures.
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

/// For a behaviour of every transport that needs a tokio runtime.
macro_rules! transports_on_tokio {
    ($($behaviour:tt)+) => {
        transports_with_http2! {
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

/// For a behaviour of the transports that can tell that an HTTP/2 stream was reset without an error.
macro_rules! transports_that_see_the_end_of_a_stream {
    ($($behaviour:tt)+) => {
        per_transport! {
            #[tokio::test]
            [hyper: HyperTransport, third_party: OneConnectionEach]
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
    (
        #[$test:meta]
        [$($transport:ident: $Transport:ident),+]
        $(#[$attribute:meta])*
        async fn $name:ident<$T:ident: $Bound:ident>($row:ident: &Row) $body:block
    ) => {
        $(#[$attribute])*
        async fn $name<$T: $Bound>($row: &Row) $body

        mod $name {
            $(
                #[$test]
                async fn $transport() {
                    let row = crate::classification::Row::of::<crate::subject::$Transport>(stringify!($name));
                    let test = super::$name::<crate::subject::$Transport>(&row);
                    cg_auth_tests::hang_guard::bounded(test).await;
                }
            )+
        }
    };
}
