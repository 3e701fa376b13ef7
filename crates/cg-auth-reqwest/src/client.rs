//! What settings, or a builder of the caller's, make of reqwest's client.

use std::time::Duration;

use cg_auth_core::transport::TransportError;
use cg_auth_transport_util::{Http2, Proxies, Tls, TransportSettings};
use http::Uri;
use reqwest::{Client, ClientBuilder, Url};

/// reqwest's client, and why it makes no `https:` connection where it does not.
pub(crate) fn client(
    settings: TransportSettings,
) -> Result<(Client, Option<TransportError>), TransportError> {
    let proxies = Proxies::new(settings.proxy)?;
    let Tls { config, problem } = Tls::new(settings.tls, settings.http2)?;
    let builder = Client::builder()
        .tls_backend_preconfigured(config)
        .connect_timeout(settings.connect_timeout)
        .pool_max_idle_per_host(settings.pool_max_idle_per_host)
        .pool_idle_timeout(settings.pool_idle_timeout)
        .local_address(settings.local_address)
        // Else a connection that has silently died is used until its idle time is over, call by call.
        .http2_keep_alive_interval(HTTP2_PING_INTERVAL)
        .http2_keep_alive_timeout(HTTP2_PING_TIMEOUT)
        .http2_keep_alive_while_idle(true);
    let builder = match settings.http2 {
        Http2::Off => builder.http1_only(),
        Http2::PriorKnowledge => builder.http2_prior_knowledge(),
        _ => builder,
    };
    let client = keeping_the_contract(with_proxies(builder, &proxies)).build();
    Ok((client.map_err(TransportError::config)?, problem))
}

/// Whatever `builder` was told before. Each `no_` is off already unless some crate in the program has
/// switched a feature of reqwest on.
pub(crate) fn keeping_the_contract(builder: ClientBuilder) -> ClientBuilder {
    builder
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
}

fn with_proxies(builder: ClientBuilder, proxies: &Proxies) -> ClientBuilder {
    // Nor is a resolver that another crate has switched on the platform's.
    let builder = builder.no_proxy().no_hickory_dns();
    let Some(proxy) = proxies.proxy() else { return builder };
    let (proxies, authorization) = (proxies.clone(), proxy.authorization().cloned());
    let proxy = reqwest::Proxy::custom(move |url: &Url| {
        let uri: Uri = url.as_str().parse().ok()?;
        proxies.proxy_for(&uri).map(|proxy| proxy.uri().to_string())
    });
    builder.proxy(match authorization {
        Some(authorization) => proxy.custom_http_auth(authorization),
        None => proxy,
    })
}

const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(5);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(5);
