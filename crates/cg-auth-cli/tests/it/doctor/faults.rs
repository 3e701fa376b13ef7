//! Faults on the way to the service: DNS, TCP, proxies, TLS, HTTP and the clock.

use std::{net::TcpListener, time::Duration};

use cg_auth_core::time::Now;
use cg_auth_tests::{
    authority::Authority,
    listener::{Listener, while_serving},
    tls::TlsServer,
};

use super::{TRANSPORTS, assert_fails, check, doctor, line, server};
use crate::harness::{block_on, file, stdout};

const PASSWORD: &str = "canary-p4ss";

#[test]
fn a_certificate_of_each_bad_kind_is_shown_and_refused() {
    for (kind, problem, fix) in [
        ("expired", "it has expired", "the server needs a new one"),
        ("not yet valid", "it is not valid yet", "the clock of this machine"),
        ("another name", "it is for another host", "check the host of the base URL"),
        ("unknown issuer", "unknown issuer", "--ca-file"),
    ] {
        for transport in TRANSPORTS {
            let server = match kind {
                "expired" => TlsServer::new().expired(),
                "not yet valid" => TlsServer::new().not_yet_valid(),
                "another name" => TlsServer::new().name("other.example"),
                _ => TlsServer::new(),
            };
            let output = block_on(async {
                let listener = Listener::bind_tls_with(server).await;
                let trusted = listener.ca_pem().unwrap().to_owned();
                let trusted =
                    if kind == "unknown issuer" { Authority::new().pem().to_owned() } else { trusted };
                let ca_file = file("doctor-kind-ca.pem", trusted);
                let mut command = doctor(listener.base_url().as_str());
                command.args(["--format", "json", "--transport", transport, "--ca-file"]).arg(ca_file);
                let call = tokio::task::spawn_blocking(move || command.output().unwrap());
                let serve = async {
                    loop {
                        listener.accept_in_vain().await;
                    }
                };
                while_serving(call, serve).await.unwrap()
            });
            assert_eq!(output.status.code(), Some(5), "{}", stdout(&output));
            let tls = check(&output, "tls");
            let context = format!("{kind} {transport}: {tls}");
            assert_eq!(tls["status"], "failed", "{context}");
            assert!(tls["detail"].as_str().unwrap().contains(problem), "{context}");
            assert!(tls["fix"].as_str().unwrap().contains(fix), "{context}");
            let facts = &tls["facts"];
            let name = if kind == "another name" { "other.example" } else { "127.0.0.1" };
            assert_eq!(facts["names"], serde_json::json!([name]), "{context}");
            assert!(facts["issuer"].as_str().unwrap().starts_with("CN="), "{context}");
            assert_eq!(facts["days_left"].as_i64().unwrap() < 0, kind == "expired", "{context}");
            assert_eq!(check(&output, "http")["status"], "skipped", "{context}");
        }
    }
}

#[test]
fn a_port_that_refuses_fails_tcp_and_a_name_that_is_not_found_fails_dns() {
    for transport in TRANSPORTS {
        let mut refused = doctor("https://127.0.0.1:1");
        refused.args(["--transport", transport]);
        assert_fails(&mut refused, "TCP", 5, "cannot reach 127.0.0.1:1: connection refused; check");
        let mut unknown = doctor("https://service.invalid");
        unknown.args(["--transport", transport]);
        assert_fails(&mut unknown, "DNS", 5, "cannot reach service.invalid:443: host name not found; check");
    }
}

#[test]
fn a_silent_port_fails_with_the_code_of_a_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    for transport in TRANSPORTS {
        for (scheme, name, text) in [
            ("https", "TLS", format!("{address} did not complete the TLS handshake within ")),
            ("http", "HTTP", format!("no answer from {address} within ")),
        ] {
            let mut command = doctor(&format!("{scheme}://{address}"));
            command.args(["--transport", transport, "--timeout", "3s"]);
            assert_fails(&mut command, name, 6, &text);
        }
    }
}

#[test]
fn a_port_without_tls_or_without_http_fails() {
    for transport in TRANSPORTS {
        let plain = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let mut command = doctor(&format!("https://{plain}"));
        assert_fails(
            command.args(["--transport", transport]),
            "TLS",
            5,
            "does not speak TLS at this port; check",
        );
        let ssh = server("SSH-2.0-x\r\n\r\n");
        let mut command = doctor(&format!("http://{ssh}"));
        assert_fails(command.args(["--transport", transport]), "HTTP", 5, "the answer is not valid HTTP");
        let closing = server("");
        let mut command = doctor(&format!("http://{closing}"));
        assert_fails(command.args(["--transport", transport]), "HTTP", 5, "the connection ended before");
    }
}

#[test]
fn a_skewed_clock_fails_and_an_answer_without_a_date_is_not_judged() {
    let now = Now::system().wall();
    for (date, text) in [
        (now - Duration::from_secs(7200), "this machine is 2h"),
        (now + Duration::from_secs(7200), "this machine is 1h 59m"),
    ] {
        let date = httpdate::fmt_http_date(date);
        let answer = format!("HTTP/1.1 404 Not Found\r\ndate: {date}\r\ncontent-length: 0\r\n\r\n");
        for transport in TRANSPORTS {
            let mut command = doctor(&format!("http://{}", server(answer.clone())));
            assert_fails(command.args(["--transport", transport]), "clock", 2, text);
        }
    }
    let dateless = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let output = doctor(&format!("http://{dateless}")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(line(&output, "clock"), ('-', "skipped: the answer has no date".to_owned()));
}

#[test]
fn an_answer_that_is_too_long_still_shows_that_the_service_is_reached() {
    let long = server(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 1 << 30));
    let output = doctor(&format!("http://{long}")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(line(&output, "HTTP").0, '\u{2713}');
}

#[test]
fn a_proxy_that_refuses_fails_the_tunnel() {
    for transport in TRANSPORTS {
        for (status, code, text) in [
            (
                "407 Proxy Authentication Required",
                2,
                "the proxy refused the login (407); put user:password into",
            ),
            ("403 Forbidden", 5, "opened no tunnel to service.example:443; check"),
        ] {
            let proxy = server(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"));
            let mut command = doctor("https://service.example");
            command.args(["--transport", transport]);
            command.env("CG_AUTH_PROXY", format!("http://someone:{PASSWORD}@{proxy}"));
            assert_fails(&mut command, "tunnel", code, text);
            let output = command.output().unwrap();
            let shown = format!("http://{proxy}/ with a login, CG_AUTH_PROXY");
            assert_eq!(line(&output, "proxy"), ('\u{2713}', shown));
            assert_eq!(line(&output, "DNS").1, "127.0.0.1 is an address");
        }
        let mut command = doctor("https://service.example");
        command.args(["--transport", transport]).args(["--proxy", "http://127.0.0.1:1"]);
        assert_fails(
            &mut command,
            "TCP",
            5,
            "cannot reach the proxy 127.0.0.1:1: connection refused; check the proxy",
        );
    }
}

#[test]
fn a_proxy_that_reads_the_request_may_refuse_the_login() {
    for transport in TRANSPORTS {
        let proxy = server("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
        let mut command = doctor("http://service.example");
        command.args(["--transport", transport, "--allow-http", "--proxy", &proxy]);
        assert_fails(&mut command, "HTTP", 2, "the proxy refused the login (407); put user:password into");
    }
}

#[test]
fn the_proxy_is_shown_with_the_reason_for_its_use() {
    let proxy = |base_url: &str, variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = doctor(base_url);
        command.envs(variables.iter().copied()).args(arguments);
        line(&command.output().unwrap(), "proxy").1
    };
    let dead = "http://127.0.0.1:1/";
    let service = "https://service.invalid";
    assert_eq!(proxy(service, &[("HTTPS_PROXY", dead)], &[]), format!("{dead}, set by HTTPS_PROXY"));
    assert_eq!(proxy(service, &[("all_proxy", dead)], &[]), format!("{dead}, set by all_proxy"));
    let excluded = [("HTTPS_PROXY", dead), ("NO_PROXY", ".invalid")];
    assert_eq!(proxy(service, &excluded, &[]), "none: NO_PROXY lists the host");
    assert_eq!(
        proxy("https://127.0.0.1:1", &[("HTTPS_PROXY", dead)], &[]),
        "none: a loopback host never uses a proxy"
    );
    assert_eq!(proxy(service, &[("HTTPS_PROXY", dead)], &["--proxy", "none"]), "none: turned off (--proxy)");
    assert_eq!(proxy(service, &[], &[]), "none: no setting and no variable names one");
    assert_eq!(
        proxy(service, &[("HTTPS_PROXY", dead)], &["--proxy", "http://127.0.0.1:2"]),
        "http://127.0.0.1:2/, --proxy"
    );

    let mut command = doctor(service);
    command.env("HTTPS_PROXY", "socks5://canary@proxy.example");
    assert_fails(&mut command, "proxy", 2, "HTTPS_PROXY");
}
