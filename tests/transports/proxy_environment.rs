//! The proxy that the environment names, and the hosts that it excludes.

use std::{env, time::Duration};

use cg_auth_core::{body::Body, causes::cause_chain, transport::TransportErrorKind};
use cg_auth_tests::{
    join::join_all,
    listener::{Listener, ok, while_serving},
};
use http::Request;
use macro_rules_attribute::apply;

use super::{
    environment::run_in_environment,
    messages::assert_hides,
    proxies::{LOGIN, proxied, proxy},
    subject::{Configurable, without_platform_roots},
};

/// The other tests run this one in a process with their variables. There it makes requests that all fail, and
/// the proxy records which of them it received.
#[apply(own_transports)]
async fn https_uses_the_proxy_of_the_environment<T: Configurable>() {
    if let Ok(urls) = env::var(URLS) {
        return request_in_vain::<T>(&urls).await;
    }
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        assert_eq!(proxied_hosts::<T>(&[(variable, PROXY)]).await, tunnelled::<T>(&HOSTS), "{variable}");
    }
    for variables in [
        [("HTTPS_PROXY", PROXY), ("ALL_PROXY", UNREACHABLE)],
        [("HTTPS_PROXY", ""), ("ALL_PROXY", PROXY)],
        [("HTTPS_PROXY", PROXY_WITHOUT_SCHEME), ("ALL_PROXY", "")],
        [("HTTPS_PROXY", " \r"), ("ALL_PROXY", " http://user:hunter2%40@PROXY\r")],
    ] {
        assert_eq!(proxied_hosts::<T>(&variables).await, tunnelled::<T>(&HOSTS), "{variables:?}");
    }
}

#[apply(own_transports)]
async fn plain_http_never_uses_the_proxy_of_the_environment<T: Configurable>() {
    let variables =
        [("HTTPS_PROXY", PROXY), ("HTTP_PROXY", PROXY), ("http_proxy", PROXY), ("ALL_PROXY", PROXY)];
    let urls = "http://service.example http://233.252.0.1:8080";
    let (plain, https) =
        tokio::join!(proxied_of::<T>(&variables, urls), proxied_hosts::<T>(&variables[1..3]));
    assert!(plain.is_empty(), "{plain:?}");
    assert!(https.is_empty(), "{https:?}");
}

#[apply(own_transports)]
async fn loopback_never_uses_the_proxy_of_the_environment<T: Configurable>() {
    let urls = "https://127.0.0.1:1 https://localhost:1 https://[::1]:1 https://127.5.6.7:1";
    let variables = [("HTTPS_PROXY", PROXY), ("NO_PROXY", "service.example")];
    let proxied = proxied_of::<T>(&variables, urls).await;
    assert!(proxied.is_empty(), "{proxied:?}");
}

#[apply(own_transports)]
async fn no_proxy_lists_the_hosts_that_are_reached_directly<T: Configurable>() {
    let [service, below, beside, ipv4, other_ipv4, ipv6] = HOSTS;
    let lists: [(&str, &[&str]); _] = [
        ("", &HOSTS),
        ("service.example", &[beside, ipv4, other_ipv4, ipv6]),
        (".service.example", &[beside, ipv4, other_ipv4, ipv6]),
        ("*.service.example", &[beside, ipv4, other_ipv4, ipv6]),
        (".example", &[ipv4, other_ipv4, ipv6]),
        ("other.example, SERVICE.Example ,233.252.0.1", &[beside, other_ipv4, ipv6]),
        ("233.252.0.0/25,ff0e::db8:0:0/96", &[service, below, beside, other_ipv4]),
        ("ff0e::db8:0:1", &[service, below, beside, ipv4, other_ipv4]),
        ("[ff0e::db8:0:1]", &[service, below, beside, ipv4, other_ipv4]),
        ("service.example:443 ; 233.252.*", &[beside, ipv6]),
        ("service.example:8443", &HOSTS),
        ("[ff0e::db8:0:1]:443", &[service, below, beside, ipv4, other_ipv4]),
        ("*", &[]),
    ];
    for lists in lists.chunks(PROCESSES / 2) {
        join_all(lists.iter().map(async |(list, expected)| {
            for variable in ["NO_PROXY", "no_proxy"] {
                let proxied = proxied_hosts::<T>(&[("HTTPS_PROXY", PROXY), (variable, list)]).await;
                assert_eq!(proxied, tunnelled::<T>(expected), "{variable}={list}");
            }
        }))
        .await;
    }
}

#[apply(own_transports)]
async fn the_proxies_of_the_environment_can_be_switched_off<T: Configurable>() {
    let proxied = proxied_hosts::<T>(&[("HTTPS_PROXY", PROXY), (CHOICE, "none")]).await;
    assert!(proxied.is_empty(), "{proxied:?}");
}

#[apply(own_transports)]
async fn a_configured_proxy_replaces_the_proxy_of_the_environment<T: Configurable>() {
    let variables = [("HTTPS_PROXY", UNREACHABLE), ("NO_PROXY", "*"), (CHOICE, PROXY)];
    assert_eq!(proxied_hosts::<T>(&variables).await, tunnelled::<T>(&HOSTS));
}

#[apply(own_transports)]
async fn an_unreadable_proxy_variable_fails_the_first_request_that_needs_it<T: Configurable>() {
    const VARIABLE: &str = "CG_AUTH_TESTS_VARIABLE";
    if let Ok(variable) = env::var(VARIABLE) {
        return assert_fails_when_needed::<T>(&variable).await;
    }
    let test = "an_unreadable_proxy_variable_fails_the_first_request_that_needs_it";
    for variable in ["HTTPS_PROXY", "all_proxy"] {
        let values = [
            "hunter2 hunter2",
            "socks5://user:hunter2%40@proxy.example",
            "ftp://user:hunter2%40@proxy.example",
            "http://user:hunter2%40@",
        ];
        join_all(values.map(async |value| {
            let variables = [(variable, value), (VARIABLE, variable)];
            run_in_environment::<T>(module_path!(), test, &variables).await;
        }))
        .await;
    }
}

#[apply(own_transports)]
async fn an_unreadable_entry_of_no_proxy_fails_the_requests_that_it_may_concern<T: Configurable>() {
    const MARK: &str = "CG_AUTH_TESTS_NO_PROXY";
    if env::var_os(MARK).is_none() {
        let test = "an_unreadable_entry_of_no_proxy_fails_the_requests_that_it_may_concern";
        let list = ("no_proxy", "233.252.0.1, user:hunter2%40@*service.example");
        let variables = [("HTTPS_PROXY", UNREACHABLE), list, (MARK, "1")];
        return run_in_environment::<T>(module_path!(), test, &variables).await;
    }
    let transport = T::default();
    let error = transport.send(get("https://service.example")).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Config);
    let told = cause_chain(&error);
    assert!(told.contains("no_proxy has an entry that cannot be read: number 2"), "{told}");
    assert_hides(&error, &LOGIN);
    for elsewhere in ["https://233.252.0.1", "http://service.example", "https://127.0.0.1:1"] {
        let error = transport.send(get(elsewhere)).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Connect, "{elsewhere}");
    }
}

async fn assert_fails_when_needed<T: Configurable>(variable: &str) {
    let transport = T::default();
    let error = transport.send(get("https://service.example")).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Config);
    assert!(cause_chain(&error).contains(variable), "{error:?}");
    assert_hides(&error, &LOGIN);

    let service = Listener::bind().await;
    let plain = transport.send(get(service.base_url().as_str()));
    while_serving(plain, service.answer(ok(""))).await.unwrap();
    let service = Listener::bind_tls().await;
    let loopback = T::trusting(service.ca_pem().unwrap());
    while_serving(loopback.send(get(service.base_url().as_str())), service.answer(ok(""))).await.unwrap();

    for transport in [T::with_settings(without_platform_roots().no_proxy()), proxied::<T>(UNREACHABLE)] {
        let error = transport.send(get("https://233.252.0.1")).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Connect);
    }
}

/// Hosts that cannot be reached directly: names that do not exist (RFC 2606), and multicast addresses for
/// documentation (RFC 6676), to which the operating system refuses a TCP connection at once.
const HOSTS: [&str; 6] = [
    "service.example:443",
    "below.service.example:443",
    "beside-service.example:443",
    "233.252.0.1:443",
    "233.252.0.129:443",
    "[ff0e::db8:0:1]:443",
];

/// The hosts among `hosts` for which `T` asks a proxy for a tunnel, in alphabetical order.
fn tunnelled<T: Configurable>(hosts: &[&str]) -> Vec<String> {
    let hosts = hosts.iter().filter(|host| T::TUNNELS_TO_IPV6 || !host.starts_with('['));
    let mut hosts: Vec<_> = hosts.map(ToString::to_string).collect();
    hosts.sort();
    hosts
}

/// In the value of a variable: the URL of the proxy.
const PROXY: &str = "http://user:hunter2%40@PROXY";
const PROXY_WITHOUT_SCHEME: &str = "PROXY";
const UNREACHABLE: &str = "http://127.0.0.1:1";

const URLS: &str = "CG_AUTH_TESTS_URLS";
const CHOICE: &str = "CG_AUTH_TESTS_PROXY";

/// How many processes run at the same time.
const PROCESSES: usize = 10;

/// The [`HOSTS`] that a process with `variables` requests through the proxy, in alphabetical order.
async fn proxied_hosts<T: Configurable>(variables: &[(&str, &str)]) -> Vec<String> {
    proxied_of::<T>(variables, &HOSTS.map(|host| format!("https://{host}")).join(" ")).await
}

/// Like [`proxied_hosts`], for the hosts of `urls`.
async fn proxied_of<T: Configurable>(variables: &[(&str, &str)], urls: &str) -> Vec<String> {
    let mut proxy = proxy().refusing(403).start().await;
    let address = proxy.url().replace("http://", "");
    let values = variables.iter().map(|(_, value)| value.replace("PROXY", &address)).collect::<Vec<_>>();
    let variables = variables.iter().zip(&values).map(|((name, _), value)| (*name, value.as_str()));
    let variables = variables.chain([(URLS, urls)]).collect::<Vec<_>>();
    let test = "https_uses_the_proxy_of_the_environment";
    run_in_environment::<T>(module_path!(), test, &variables).await;
    let mut hosts: Vec<_> =
        proxy.seen().await.iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    hosts.sort();
    hosts
}

/// Requests each of `urls`, all of them together.
async fn request_in_vain<T: Configurable>(urls: &str) {
    let settings = without_platform_roots().connect_timeout(Duration::from_secs(3));
    let transport = T::with_settings(match env::var(CHOICE) {
        Ok(choice) if choice == "none" => settings.no_proxy(),
        Ok(url) => settings.proxy(&url).unwrap(),
        Err(_) => settings,
    });
    join_all(urls.split(' ').map(async |url| {
        let error = transport.send(get(url)).await.unwrap_err();
        if error.kind() == TransportErrorKind::Config {
            let message = cause_chain(&error);
            assert!(!T::TUNNELS_TO_IPV6 && url.contains('[') && message.contains("IPv6"), "{error:?}");
        } else {
            let is_unreached = matches!(error.kind(), TransportErrorKind::Connect | TransportErrorKind::Tls);
            assert!(is_unreached, "{error:?}");
        }
        assert_hides(&error, &LOGIN);
    }))
    .await;
}

fn get(url: &str) -> Request<Body> {
    Request::get(url).body(Body::empty()).unwrap()
}
