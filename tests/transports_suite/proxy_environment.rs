//! The proxy that the environment names, and the hosts that it leaves out.

use std::{env, time::Duration};

use cg_auth_core::{body::Body, transport::TransportErrorKind};
use cg_auth_tests::listener::{Listener, ok, while_serving};
use http::Request;

use super::{
    environment::run_in_environment,
    proxies::{CREDENTIALS, proxy},
    subject::Configurable,
    told::{assert_keeps, words},
};

/// Also what the tests below run in a process with other variables: a few calls that all fail. Which proxy
/// was asked for them counts.
pub(crate) async fn https_uses_the_proxy_of_the_environment<T: Configurable>() {
    if let Ok(urls) = env::var(URLS) {
        return knock::<T>(&urls).await;
    }
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        assert_eq!(asked::<T>(&[(variable, PROXY)]).await, reached::<T>(&HOSTS), "{variable}");
    }
    assert_eq!(asked::<T>(&[("HTTPS_PROXY", PROXY), ("ALL_PROXY", NOBODY)]).await, reached::<T>(&HOSTS));
    assert_eq!(asked::<T>(&[("HTTPS_PROXY", ""), ("ALL_PROXY", PROXY)]).await, reached::<T>(&HOSTS));
    assert_eq!(asked::<T>(&[("HTTPS_PROXY", PROXY_WITHOUT_SCHEME)]).await, reached::<T>(&HOSTS));
}

pub(crate) async fn plain_http_never_uses_the_proxy_of_the_environment<T: Configurable>() {
    let variables =
        [("HTTPS_PROXY", PROXY), ("HTTP_PROXY", PROXY), ("http_proxy", PROXY), ("ALL_PROXY", PROXY)];
    let nowhere = ask::<T>(&variables, "http://service.example http://192.0.2.1:8080").await;
    assert!(nowhere.is_empty(), "{nowhere:?}");
    let nowhere = asked::<T>(&[("HTTP_PROXY", PROXY), ("http_proxy", PROXY)]).await;
    assert!(nowhere.is_empty(), "{nowhere:?}");
}

pub(crate) async fn loopback_never_uses_the_proxy_of_the_environment<T: Configurable>() {
    let urls = "https://127.0.0.1:1 https://localhost:1 https://[::1]:1 https://127.5.6.7:1";
    let nowhere = ask::<T>(&[("HTTPS_PROXY", PROXY), ("NO_PROXY", "service.example")], urls).await;
    assert!(nowhere.is_empty(), "{nowhere:?}");
}

pub(crate) async fn the_environment_names_hosts_that_use_no_proxy<T: Configurable>() {
    let [service, below, beside, ipv4, other_ipv4, ipv6] = HOSTS;
    for (no_proxy, expected) in [
        ("", HOSTS.as_slice()),
        ("service.example", &[beside, ipv4, other_ipv4, ipv6]),
        (".service.example", &[beside, ipv4, other_ipv4, ipv6]),
        ("*.service.example", &[beside, ipv4, other_ipv4, ipv6]),
        (".example", &[ipv4, other_ipv4, ipv6]),
        ("other.example, SERVICE.Example ,192.0.2.1", &[beside, other_ipv4, ipv6]),
        ("192.0.2.0/24,2001:db8::/32", &[service, below, beside, other_ipv4]),
        ("2001:db8::1", &[service, below, beside, ipv4, other_ipv4]),
        ("[2001:db8::1]", &[service, below, beside, ipv4, other_ipv4]),
        ("*", &[]),
    ] {
        for variable in ["NO_PROXY", "no_proxy"] {
            let asked = asked::<T>(&[("HTTPS_PROXY", PROXY), (variable, no_proxy)]).await;
            assert_eq!(asked, reached::<T>(expected), "{variable}={no_proxy}");
        }
    }
}

pub(crate) async fn the_proxies_of_the_environment_can_be_switched_off<T: Configurable>() {
    let nowhere = asked::<T>(&[("HTTPS_PROXY", PROXY), (CHOICE, "none")]).await;
    assert!(nowhere.is_empty(), "{nowhere:?}");
}

pub(crate) async fn a_named_proxy_takes_the_place_of_the_environment<T: Configurable>() {
    let variables = [("HTTPS_PROXY", NOBODY), ("NO_PROXY", "*"), (CHOICE, PROXY)];
    assert_eq!(asked::<T>(&variables).await, reached::<T>(&HOSTS));
}

pub(crate) async fn an_unreadable_proxy_of_the_environment_is_told_by_the_first_request_that_needs_it<
    T: Configurable,
>() {
    const VARIABLE: &str = "CG_AUTH_TESTS_VARIABLE";
    if let Ok(variable) = env::var(VARIABLE) {
        return assert_told_when_needed::<T>(&variable).await;
    }
    let test = "an_unreadable_proxy_of_the_environment_is_told_by_the_first_request_that_needs_it";
    for variable in ["HTTPS_PROXY", "all_proxy"] {
        for value in [
            "hunter2 hunter2",
            "socks5://user:hunter2%40@proxy.example",
            "ftp://user:hunter2%40@proxy.example",
            "http://user:hunter2%40@",
        ] {
            run_in_environment::<T>(test, &[(variable, value), (VARIABLE, variable)]).await;
        }
    }
}

async fn assert_told_when_needed<T: Configurable>(variable: &str) {
    let transport = T::default();
    let error = transport.send(get("https://service.example")).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Config);
    assert!(words(&error).contains(variable), "{error:?}");
    assert_keeps(&error, &CREDENTIALS);

    let service = Listener::bind().await;
    let plain = transport.send(get(service.base_url().as_str()));
    while_serving(plain, service.answer(ok(""))).await.unwrap();
    let service = Listener::bind_tls().await;
    let loopback = T::trusting(service.ca_pem().unwrap());
    while_serving(loopback.send(get(service.base_url().as_str())), service.answer(ok(""))).await.unwrap();

    for transport in [
        T::builder().no_proxy().build().unwrap(),
        T::builder().proxy("http://127.0.0.1:1").unwrap().build().unwrap(),
    ] {
        let error = transport.send(get("https://service.invalid")).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Connect);
    }
}

/// Hosts that nobody ever reaches (RFC 2606, RFC 5737, RFC 3849).
const HOSTS: [&str; 6] = [
    "service.example:443",
    "below.service.example:443",
    "beside-service.example:443",
    "192.0.2.1:443",
    "198.51.100.1:443",
    "[2001:db8::1]:443",
];

/// Those of `hosts` that the transport asks a proxy for.
fn reached<T: Configurable>(hosts: &[&'static str]) -> Vec<&'static str> {
    hosts.iter().copied().filter(|host| T::TUNNELS_TO_IPV6 || !host.starts_with('[')).collect()
}

/// Stand for the URL of the proxy in a variable.
const PROXY: &str = "http://user:hunter2%40@PROXY";
const PROXY_WITHOUT_SCHEME: &str = "PROXY";
const NOBODY: &str = "http://127.0.0.1:1";

const URLS: &str = "CG_AUTH_TESTS_URLS";
const CHOICE: &str = "CG_AUTH_TESTS_PROXY";

/// Which of the [`HOSTS`] a proxy is asked for by a process with `variables`.
async fn asked<T: Configurable>(variables: &[(&str, &str)]) -> Vec<String> {
    ask::<T>(variables, &HOSTS.map(|host| format!("https://{host}")).join(" ")).await
}

/// The same for `urls`.
async fn ask<T: Configurable>(variables: &[(&str, &str)], urls: &str) -> Vec<String> {
    let mut proxy = proxy().refusing(403).start().await;
    let address = proxy.url().replace("http://", "");
    let values = variables.iter().map(|(_, value)| value.replace("PROXY", &address)).collect::<Vec<_>>();
    let variables = variables.iter().zip(&values).map(|((name, _), value)| (*name, value.as_str()));
    let variables = variables.chain([(URLS, urls)]).collect::<Vec<_>>();
    run_in_environment::<T>("https_uses_the_proxy_of_the_environment", &variables).await;
    proxy.seen().await.iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect()
}

/// Calls each of `urls`, in vain.
async fn knock<T: Configurable>(urls: &str) {
    let builder = T::builder().connect_timeout(Duration::from_secs(1));
    let builder = match env::var(CHOICE) {
        Ok(choice) if choice == "none" => builder.no_proxy(),
        Ok(url) => builder.proxy(&url).unwrap(),
        Err(_) => builder,
    };
    let transport = builder.build().unwrap();
    for url in urls.split(' ') {
        let error = transport.send(get(url)).await.unwrap_err();
        if error.kind() == TransportErrorKind::Config {
            assert!(!T::TUNNELS_TO_IPV6 && url.contains('[') && words(&error).contains("IPv6"), "{error:?}");
        } else {
            assert!(
                matches!(error.kind(), TransportErrorKind::Connect | TransportErrorKind::Tls),
                "{error:?}"
            );
        }
        assert_keeps(&error, &CREDENTIALS);
    }
}

fn get(url: &str) -> Request<Body> {
    Request::get(url).body(Body::empty()).unwrap()
}
