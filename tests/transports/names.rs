//! Contract rule 11, and the addresses of a name: in a network of the test's own, with a resolver that lies.

use std::{net::SocketAddr, time::Duration};

use cg_auth_core::{BaseUrl, body::Body, time::Now, transport::TransportErrorKind};
use cg_auth_hyper::HyperTransport;
use cg_auth_tests::{
    hang_guard::bounded,
    listener::{Listener, TOKEN, ok, while_serving},
};
use http::Request;
use hyper_util::client::legacy::connect::HttpConnector;
use macro_rules_attribute::apply;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream, UdpSocket, lookup_host},
    time::timeout,
};

use super::{
    deadlines::assert_took,
    environment::{run_in_namespace, run_test_in_namespace},
    messages::{assert_says, failure},
    subject::{Subject, client_over, credential, settings},
};

#[apply(every_transport)]
async fn localhost_is_this_machine_whatever_the_resolver_says<T: Subject>() {
    let test = "localhost_is_this_machine_whatever_the_resolver_says";
    if run_in_namespace::<T>(module_path!(), test, LIE).await {
        return;
    }
    let elsewhere = elsewhere().await;
    let port = elsewhere.address().port();
    let base_url = BaseUrl::parse(&format!("http://localhost:{port}")).unwrap();
    let error = failure(T::default(), base_url.clone(), async {}).await;
    assert_eq!(error.as_transport().unwrap().kind(), TransportErrorKind::Connect);
    assert!(!error.may_have_been_sent());
    for host in ["localhost", "LOCALHOST", "localhost."] {
        let request = Request::get(format!("http://{host}:{port}/")).body(Body::empty()).unwrap();
        assert!(!T::default().send(request).await.unwrap_err().may_have_been_sent(), "{host}");
    }
    assert!(elsewhere.is_left_alone().await);

    for here in ["127.0.0.1", "[::1]"] {
        let here = Listener::from(TcpListener::bind(format!("{here}:{port}")).await.unwrap());
        let (client, credential) = (client_over(base_url.clone(), T::default()), credential());
        let call = client.get_delegate_access_token(&credential);
        while_serving(call, here.answer(ok(TOKEN))).await.unwrap();
    }
    assert!(elsewhere.is_left_alone().await);
}

/// The connector asks the platform's resolver, as hyper-util's does. The server receives no byte.
#[tokio::test]
async fn a_callers_connector_that_leads_localhost_elsewhere_is_refused() {
    bounded(async {
        let test = "a_callers_connector_that_leads_localhost_elsewhere_is_refused";
        if run_test_in_namespace(&format!("names::{test}"), LIE).await {
            return;
        }
        let elsewhere = elsewhere().await;
        let port = elsewhere.address().port();
        let transport = HyperTransport::with_connector(HttpConnector::new());
        let base_url = BaseUrl::parse(&format!("http://localhost:{port}")).unwrap();
        let server = async { elsewhere.accept().await.read_to_end().await };
        let (error, received) = tokio::join!(failure(transport.clone(), base_url, async {}), server);
        assert_eq!(error.as_transport().unwrap().kind(), TransportErrorKind::Config);
        assert!(!error.may_have_been_sent());
        let told = cg_auth_core::causes::cause_chain(&error);
        assert!(told.contains(&format!("localhost:{port} leads to 192.0.2.2:{port}")), "{told}");
        assert!(received.is_empty());

        let allowed = BaseUrl::parse_allowing_http(&format!("http://192.0.2.2:{port}")).unwrap();
        let (client, credential) = (client_over(allowed, transport), credential());
        let call = client.get_delegate_access_token(&credential);
        while_serving(call, elsewhere.answer(ok(TOKEN))).await.unwrap();
    })
    .await;
}

/// The time to connect is shared by the addresses of a name, so one that swallows SYNs leaves some to the
/// next.
#[apply(pooling_transports)]
async fn a_silent_address_leaves_time_for_the_next<T: Subject>() {
    let test = "a_silent_address_leaves_time_for_the_next";
    let hosts = "127.0.0.2 service.test\n127.0.0.3 service.test\n";
    if run_in_namespace::<T>(module_path!(), test, hosts).await {
        return;
    }
    let addresses: Vec<SocketAddr> = lookup_host("service.test:0").await.unwrap().collect();
    let [first, second] = addresses[..] else { panic!("{addresses:?}") };
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind(first).unwrap();
    let silent = silent.listen(1).unwrap();
    let port = silent.local_addr().unwrap().port();
    // Linux drops a SYN if the queue of connections that wait to be accepted is full.
    let mut waiting = Vec::new();
    while let Ok(connected) = timeout(A_MOMENT, TcpStream::connect((first.ip(), port))).await {
        waiting.push(connected.unwrap());
    }
    let answering = Listener::from(TcpListener::bind((second.ip(), port)).await.unwrap());
    let base_url = BaseUrl::parse_allowing_http(&format!("http://service.test:{port}")).unwrap();
    let settings = settings(|settings| settings.connect_timeout = 10 * A_MOMENT);
    let (client, credential) = (client_over(base_url, T::with(&settings)), credential());
    let call = client.get_delegate_access_token(&credential);
    while_serving(call, answering.answer(ok(TOKEN))).await.unwrap();
}

/// The time to connect covers the look-up of the name.
#[apply(pooling_transports)]
async fn a_silent_resolver_ends_at_the_connect_timeout<T: Subject>() {
    let test = "a_silent_resolver_ends_at_the_connect_timeout";
    if run_in_namespace::<T>(module_path!(), test, "").await {
        return;
    }
    let _silent = UdpSocket::bind("127.0.0.1:53").await.unwrap();
    let base_url = BaseUrl::parse("https://service.test").unwrap();
    let transport = T::with(&settings(|settings| settings.connect_timeout = A_MOMENT));
    let started = Now::system();
    let error = failure(transport, base_url, async {}).await;
    assert_took(A_MOMENT, started);
    assert_says(&error, TransportErrorKind::Connect, "took too long");
}

const LIE: &str = "192.0.2.2 localhost\n";
const A_MOMENT: Duration = Duration::from_millis(200);

/// A server on another address than loopback, to which the resolver leads `localhost`.
async fn elsewhere() -> Listener {
    let listener = Listener::from(TcpListener::bind("192.0.2.2:0").await.unwrap());
    let led_to: Vec<_> = lookup_host("localhost:80").await.unwrap().map(|address| address.ip()).collect();
    assert!(
        led_to.iter().all(|ip| *ip == listener.address().ip()),
        "the resolver tells the truth: {led_to:?}"
    );
    listener
}
