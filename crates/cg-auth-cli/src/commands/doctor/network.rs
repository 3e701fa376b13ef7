//! The checks of the way to the service: proxy, DNS, TCP, tunnel, TLS, HTTP and clock.

use std::{error::Error, io, net::SocketAddr, time::Duration};

use cg_auth_core::{
    model::localhost_addresses,
    time::Now,
    transport::{TransportError, TransportErrorKind},
};
use cg_auth_transport_util::{
    Proxies, Proxy, ProxyChoice,
    failure::{Route, connecting},
};
use http::{StatusCode, Uri, Version, uri::Scheme};
use tokio::net::{TcpStream, lookup_host};

use super::{
    certificate::Certificate,
    check::{Finding, Name, Problem},
    clock,
    library_error::{BeforeTunnel, NotFound},
    probe::{Outcome, Probe, Stage, failed_stage},
    report::Report,
};
use crate::{
    failure::{FailedCall, Failure, Operation},
    settings::{Chosen, Connection},
};

/// Skips every check of this module for `reason`.
pub(super) fn skip(report: &mut Report, reason: &str) -> Result<(), Failure> {
    skip_from(report, &[Name::Proxy, Name::Dns, Name::Tcp, Name::Tls, Name::Http, Name::Clock], reason)
}

/// Makes the checks, all within the time limit of a call. Returns whether the service answers.
pub(super) async fn check(connection: &Connection, report: &mut Report) -> Result<bool, Failure> {
    let uri: Uri = connection.base_url.value.as_str().parse().unwrap_or_default();
    let way = Way { connection, is_https: uri.scheme() == Some(&Scheme::HTTPS), uri, begun: Now::system() };
    let proxies = Proxies::new(connection.proxy.value.clone());
    let proxy = match way.proxy(&proxies) {
        Ok((proxy, finding)) => {
            report.add(Name::Proxy, Ok(finding))?;
            proxy
        }
        Err(problem) => {
            report.add(Name::Proxy, Err(problem))?;
            return skip_rest(
                report,
                &[Name::Dns, Name::Tcp, Name::Tls, Name::Http, Name::Clock],
                "the proxy",
            );
        }
    };
    let addresses = match way.addresses(proxy).await {
        Ok((addresses, finding)) => {
            report.add(Name::Dns, Ok(finding))?;
            addresses
        }
        Err(problem) => {
            report.add(Name::Dns, Err(problem))?;
            return skip_rest(report, &[Name::Tcp, Name::Tls, Name::Http, Name::Clock], "DNS");
        }
    };
    let connected = way.connect(&addresses, proxy).await;
    let is_connected = connected.is_ok();
    report.add(Name::Tcp, connected)?;
    if !is_connected {
        return skip_rest(report, &[Name::Tls, Name::Http, Name::Clock], "TCP");
    }
    way.probe(proxy, report).await
}

fn skip_from(report: &mut Report, names: &[Name], reason: &str) -> Result<(), Failure> {
    names.iter().try_for_each(|name| report.skip(*name, reason))
}

fn skip_rest(report: &mut Report, names: &[Name], needed: &str) -> Result<bool, Failure> {
    skip_from(report, names, &format!("needs {needed}"))?;
    Ok(false)
}

/// The way to the service.
struct Way<'a> {
    connection: &'a Connection,
    uri: Uri,
    is_https: bool,
    begun: Now,
}

impl Way<'_> {
    /// The time limit of the next check, within that of a call.
    fn limit(&self) -> Duration {
        let spent = Now::system().saturating_since(self.begun);
        LONGEST_CHECK.min(self.connection.timeout.saturating_sub(spent))
    }

    /// The proxy that a call goes through, and why.
    fn proxy<'p>(&self, proxies: &'p Proxies) -> Result<(Option<&'p Proxy>, Finding), Problem> {
        let decision = proxies.proxy_for(&self.uri).and_then(|it| Ok((it, proxies.reason_for(&self.uri)?)));
        let (proxy, reason) = decision.map_err(|error| self.problem(error))?;
        let Chosen { value, origin } = &self.connection.proxy;
        let reason = match value {
            // The reason names the variable that decides, or says that none is set.
            ProxyChoice::Environment => reason.to_string(),
            ProxyChoice::Off => format!("turned off ({origin})"),
            _ if proxy.is_some() => origin.to_string(),
            _ => reason.to_string(),
        };
        let detail = match proxy {
            Some(proxy) => {
                let login = if proxy.authorization().is_some() { " with a login" } else { "" };
                format!("{}{login}, {reason}", proxy.uri())
            }
            None => format!("none: {reason}"),
        };
        let url = proxy.map(|proxy| proxy.uri().to_string());
        Ok((proxy, Finding::new(detail).with_fact("proxy", url)))
    }

    /// The addresses of the host that a call connects to.
    async fn addresses(&self, proxy: Option<&Proxy>) -> Result<(Vec<SocketAddr>, Finding), Problem> {
        let (host, port) = self.peer(proxy);
        let limit = self.limit();
        let found = match localhost_addresses(&host) {
            Some(addresses) => Ok(addresses.into_iter().map(|ip| (ip, port).into()).collect()),
            None => match tokio::time::timeout(limit, lookup_host((host.as_str(), port))).await {
                Ok(found) => found.map(Vec::from_iter),
                Err(_) => {
                    return Err(Problem::timeout(&format!("no answer to the look-up of {host}"), limit));
                }
            },
        };
        let addresses: Vec<SocketAddr> = match found {
            Ok(addresses) if !addresses.is_empty() => addresses,
            Ok(_) => return Err(self.unreached(NotFound(io::Error::other("no address")), proxy)),
            Err(error) => return Err(self.unreached(NotFound(error), proxy)),
        };
        let mut ips: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
        ips.dedup();
        let shown = ips.iter().take(MOST_ADDRESSES).cloned().collect::<Vec<_>>().join(", ");
        let is_literal = ips.iter().all(|ip| *ip == host);
        let detail = if is_literal { format!("{host} is an address") } else { format!("{host} is {shown}") };
        Ok((addresses, Finding::new(detail).with_fact("addresses", ips)))
    }

    /// Connects to the first address that accepts.
    async fn connect(&self, addresses: &[SocketAddr], proxy: Option<&Proxy>) -> Result<Finding, Problem> {
        let (host, port) = self.peer(proxy);
        let limit = self.limit();
        let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut error = None;
        for address in addresses {
            match tokio::time::timeout(limit / count, TcpStream::connect(address)).await {
                Ok(Ok(_)) => return Ok(Finding::new(format!("{address} accepts the connection"))),
                Ok(Err(refused)) => error = Some(refused),
                Err(_) => {}
            }
        }
        Err(match error {
            Some(error) => self.unreached(error, proxy),
            None => Problem::timeout(&format!("{host}:{port} does not accept the connection"), limit),
        })
    }

    /// Sends one request, and reports the stages that it passed.
    async fn probe(&self, proxy: Option<&Proxy>, report: &mut Report) -> Result<bool, Failure> {
        let limit = self.limit();
        let Probe { certificate, outcome } = Probe::send(self.connection, &self.uri, limit).await;
        let has_tunnel = proxy.is_some() && self.is_https;
        let stage = |error| failed_stage(error, self.is_https, has_tunnel, certificate.is_some());
        let failure = match &outcome {
            Outcome::Answered { .. } => None,
            // The head of the answer was fine.
            Outcome::Failed(error) if error.kind() == TransportErrorKind::TooLarge => None,
            Outcome::Failed(error) => Some((stage(Some(error)), self.problem(error.clone()))),
            Outcome::TimedOut => {
                let stage = stage(None);
                Some((stage, Problem::timeout(&self.silence(stage), limit)))
            }
        };
        let failed_at = failure.as_ref().map(|(stage, _)| *stage);
        let mut problem = failure.map(|(_, problem)| problem);
        let mut outcome_of =
            |stage: Stage, finding: Finding| match problem.take_if(|_| failed_at == Some(stage)) {
                Some(problem) => Err(problem),
                None => Ok(finding),
            };
        let needed = |stage: Stage| match failed_at {
            Some(Stage::Tunnel) if stage > Stage::Tunnel => Some("needs the tunnel"),
            Some(Stage::Tls) if stage > Stage::Tls => Some("needs TLS"),
            _ => None,
        };
        if has_tunnel {
            let opened = Finding::new(format!("the proxy connects to {}", self.address()));
            report.add(Name::Tunnel, outcome_of(Stage::Tunnel, opened))?;
        }
        match needed(Stage::Tls) {
            Some(reason) => report.skip(Name::Tls, reason)?,
            None if !self.is_https => report.skip(Name::Tls, "the base URL is plain http")?,
            None => {
                report
                    .add(Name::Tls, tls(certificate.as_ref(), |finding| outcome_of(Stage::Tls, finding)))?;
            }
        }
        match needed(Stage::Http) {
            Some(reason) => {
                report.skip(Name::Http, reason)?;
                report.skip(Name::Clock, reason)?;
                Ok(false)
            }
            None => self.http(&outcome, proxy.is_some(), |finding| outcome_of(Stage::Http, finding), report),
        }
    }

    /// Reports the version of HTTP and the clock. Returns whether the service answered.
    fn http(
        &self,
        outcome: &Outcome,
        has_proxy: bool,
        outcome_of: impl FnOnce(Finding) -> Result<Finding, Problem>,
        report: &mut Report,
    ) -> Result<bool, Failure> {
        let library = self.connection.transport.as_str();
        match outcome {
            Outcome::Answered { status, .. }
                if has_proxy && *status == StatusCode::PROXY_AUTHENTICATION_REQUIRED =>
            {
                let problem = Problem::settings("the proxy refused the login (407)");
                report.add(Name::Http, Err(problem.with_fix("put user:password into CG_AUTH_PROXY")))?;
                report.skip(Name::Clock, "needs HTTP")?;
                Ok(false)
            }
            Outcome::Answered { version, status, headers, received_at } => {
                let version = match *version {
                    Version::HTTP_2 => "HTTP/2".to_owned(),
                    version => format!("{version:?}"),
                };
                let detail = format!("{version} by {library}, the base URL answers {status}");
                let finding = Finding::new(detail).with_fact("version", version);
                report.add(Name::Http, Ok(finding.with_fact("status", status.as_u16())))?;
                match clock::check(headers, *received_at) {
                    Some(outcome) => report.add(Name::Clock, outcome)?,
                    None => report.skip(Name::Clock, "the answer has no date")?,
                }
                Ok(true)
            }
            Outcome::Failed(_) | Outcome::TimedOut => {
                let outcome = outcome_of(Finding::new(format!("the base URL answers over {library}")));
                let is_reached = outcome.is_ok();
                report.add(Name::Http, outcome)?;
                report.skip(Name::Clock, if is_reached { "the answer is too long" } else { "needs HTTP" })?;
                Ok(is_reached)
            }
        }
    }

    /// Host and port of the server that a call connects to: the proxy, or the service.
    fn peer(&self, proxy: Option<&Proxy>) -> (String, u16) {
        let uri = proxy.map_or(&self.uri, Proxy::uri);
        let port = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        (host, uri.port_u16().unwrap_or(port))
    }

    fn address(&self) -> String {
        crate::service_address::ServiceAddress::of(&self.connection.base_url.value).to_string()
    }

    fn silence(&self, stage: Stage) -> String {
        let address = self.address();
        match stage {
            Stage::Tunnel => format!("the proxy opened no tunnel to {address}"),
            Stage::Tls => format!("{address} did not complete the TLS handshake"),
            Stage::Http => format!("no answer from {address}"),
        }
    }

    fn unreached(&self, error: impl Error + Send + Sync + 'static, proxy: Option<&Proxy>) -> Problem {
        let route = Route::new(&self.uri, proxy);
        // The table of failures reads the text that hyper-util gives an error on the way to a proxy.
        self.problem(match proxy {
            Some(_) => connecting(BeforeTunnel(error), &route),
            None => connecting(error, &route),
        })
    }

    fn problem(&self, error: TransportError) -> Problem {
        Problem::of_call(&FailedCall::new(Operation::GetToken, &self.connection.base_url.value, error))
    }
}

/// The outcome of TLS with what is known of the certificate, which a refusal shows too.
fn tls(
    certificate: Option<&Certificate>,
    outcome_of: impl FnOnce(Finding) -> Result<Finding, Problem>,
) -> Result<Finding, Problem> {
    let now = Now::system().wall();
    let Some(certificate) = certificate else {
        return outcome_of(Finding::new("the certificate is trusted"));
    };
    let (text, facts) = (certificate.text(now), certificate.facts(now));
    match outcome_of(Finding::new(&text)) {
        Ok(finding) => Ok(finding.with_facts(facts)),
        Err(problem) => Err(problem.with_detail(&text).with_facts(facts)),
    }
}

/// Longer than the transports wait for a connection, so that their own errors come first.
const LONGEST_CHECK: Duration = Duration::from_secs(15);
const MOST_ADDRESSES: usize = 8;
