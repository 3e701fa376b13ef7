//! reqwest's client, from settings or from a builder of the caller.

use cg_auth_core::{model::localhost_addresses, transport::TransportError};
use cg_auth_transport_util::{Http2, HttpsCheck, Proxies, Tls, TransportSettings};
use http::Uri;
use reqwest::{Client, ClientBuilder, Url};

/// The client for `settings`, and what to check before an `https:` request.
pub(crate) fn client(
    settings: &TransportSettings,
    proxies: &Proxies,
) -> Result<(Client, HttpsCheck), TransportError> {
    let Tls { config, check, .. } = Tls::new(settings.tls.clone(), settings.http2)?;
    let (ping_interval, ping_timeout) = settings.http2_pings();
    let builder = Client::builder()
        .tls_backend_preconfigured(config)
        .connect_timeout(settings.connect_timeout)
        .pool_max_idle_per_host(settings.pool_max_idle_per_host)
        .pool_idle_timeout(settings.pool_idle_timeout)
        .local_address(settings.local_address)
        .http2_keep_alive_interval(ping_interval)
        .http2_keep_alive_timeout(ping_timeout)
        .http2_keep_alive_while_idle(true);
    let builder = match settings.http2 {
        Http2::Off => builder.http1_only(),
        Http2::PriorKnowledge => builder.http2_prior_knowledge(),
        _ => builder,
    };
    let client = keeping_the_contract(with_proxies(builder, proxies)).build();
    Ok((client.map_err(TransportError::config)?, check))
}

/// Undoes the options of `builder` that break the contract. A verbose connection logs the secrets that it
/// carries. The `no_` methods matter only if another crate of the program enables those features of reqwest.
pub(crate) fn keeping_the_contract(builder: ClientBuilder) -> ClientBuilder {
    // They come before any resolver, also one of the caller's. reqwest puts the port of the URL in place of 0.
    let builder = ["localhost", "localhost."].into_iter().fold(builder, |builder, name| {
        let addresses = localhost_addresses(name).into_iter().flatten();
        builder.resolve_to_addrs(name, &addresses.map(|ip| (ip, 0).into()).collect::<Vec<_>>())
    });
    builder
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connection_verbose(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
}

/// reqwest would use the environment's proxies for plain http and for loopback hosts too. It ignores them
/// once the builder has a proxy, even one that serves no host. The proxies that `builder` already has come
/// first.
pub(crate) fn without_proxies_of_the_environment(builder: ClientBuilder) -> ClientBuilder {
    builder.proxy(reqwest::Proxy::custom(|_| None::<Url>))
}

fn with_proxies(builder: ClientBuilder, proxies: &Proxies) -> ClientBuilder {
    // Another crate may have enabled hickory, which is not the platform's resolver.
    let builder = builder.no_proxy().no_hickory_dns();
    let Some(proxy) = proxies.chosen() else { return builder };
    let (proxies, authorization) = (proxies.clone(), proxy.authorization().cloned());
    let proxy = reqwest::Proxy::custom(move |url: &Url| {
        let uri: Uri = url.as_str().parse().ok()?;
        proxies.proxy_for(&uri).ok()?.map(|proxy| proxy.uri().to_string())
    });
    builder.proxy(match authorization {
        Some(authorization) => proxy.custom_http_auth(authorization),
        None => proxy,
    })
}
