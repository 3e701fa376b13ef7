//! Metrics with OpenTelemetry: every instrument of the guide to metrics, over a service that refuses tokens and is
//! overloaded for a while.
//!
//! A program exports to a back end of its own. This one exports to memory, and checks names, units and values.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cg_auth_core::{
    AuthClient, IssuedToken, TokenError, TokenPool, TokenProvider, body::Body, time::Now, token::Event,
    transport::HttpTransport,
};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_reqwest::ReqwestTransport;
use http::{HeaderValue, Request, StatusCode, header::AUTHORIZATION};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, Meter, MeterProvider},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{
        PeriodicReader, SdkMeterProvider, Temporality,
        data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics},
        exporter::PushMetricExporter,
    },
};

/// The instruments that the program records to. The gauges are read at each export: see [`observe`].
#[derive(Clone)]
struct Instruments {
    duration: Histogram<f64>,
    requests: Counter<u64>,
    invalidated: Counter<u64>,
    dropped: Counter<u64>,
    anomaly: Counter<u64>,
    fleet: Counter<u64>,
    evicted: Counter<u64>,
    served: Counter<u64>,
    replayed: Counter<u64>,
    retried: Counter<u64>,
}

impl Instruments {
    fn new(meter: &Meter) -> Self {
        let counter =
            |name: &'static str, unit: &'static str| meter.u64_counter(name).with_unit(unit).build();
        Self {
            duration: meter.f64_histogram("cg_auth.acquisition.duration").with_unit("s").build(),
            requests: counter("cg_auth.acquisition.requests", "{request}"),
            invalidated: counter("cg_auth.token.invalidated", "{token}"),
            dropped: counter("cg_auth.refresh_token.dropped", "{token}"),
            anomaly: counter("cg_auth.anomaly", "{event}"),
            fleet: counter("cg_auth.fleet", "{event}"),
            evicted: counter("cg_auth.user.evicted", "{user}"),
            served: counter("cg_auth.token.served", "{token}"),
            replayed: counter("cg_auth.request.replayed", "{request}"),
            retried: counter("cg_auth.request.retried", "{request}"),
        }
    }

    /// For `on_event`.
    fn record(&self, event: &Event) {
        let name = KeyValue::new("event", event.name());
        let fields: BTreeMap<_, _> = event.fields().into_iter().collect();
        let with = |names: &[&'static str]| -> Vec<_> {
            let attribute = |name: &&'static str| Some(KeyValue::new(*name, fields.get(*name)?.clone()));
            names.iter().filter_map(attribute).collect()
        };
        match event {
            Event::Acquired { took, requests, .. }
            | Event::Failed { took, requests, .. }
            | Event::Abandoned { took, requests, .. } => {
                let attributes = [vec![name.clone()], with(&["reason", "grant", "kind"])].concat();
                self.duration.record(took.as_secs_f64(), &attributes);
                let attributes = [vec![name], with(&["grant"])].concat();
                self.requests.add((*requests).into(), &attributes);
            }
            Event::Adopted { took, .. } => {
                self.duration.record(took.as_secs_f64(), &[vec![name], with(&["reason"])].concat());
            }
            Event::LeaseHeldElsewhere
            | Event::CoolingDown { .. }
            | Event::NothingNewer
            | Event::StoreUnavailable { .. }
            | Event::StoreEntryUnreadable => self.fleet.add(1, &[vec![name], with(&["status"])].concat()),
            Event::Invalidated => self.invalidated.add(1, &[]),
            Event::RefreshTokenDropped { .. } => self.dropped.add(1, &with(&["refused"])),
            Event::Evicted { .. } => self.evicted.add(1, &with(&["cause"])),
            // The other events tell of a service or a configuration that is not as it should be.
            _ => self.anomaly.add(1, &[name]),
        }
    }

    /// A token, counted by its source.
    async fn token(&self, provider: &TokenProvider) -> Result<IssuedToken, TokenError> {
        let source = if provider.peek().is_some() { "cache" } else { "acquisition" };
        let token = provider.token().await?;
        self.served.add(1, &[KeyValue::new("source", source)]);
        Ok(token)
    }
}

fn observe(meter: &Meter, pool: TokenPool, client: AuthClient) {
    let lifetime = meter.f64_observable_gauge("cg_auth.token.remaining_lifetime").with_unit("s");
    lifetime
        .with_callback(move |gauge| {
            let now = Now::system();
            let left = pool.states().into_iter().filter_map(|state| state.expiry.remaining(now));
            left.min().iter().for_each(|left| gauge.observe(left.as_secs_f64(), &[]));
        })
        .build();
    let budget = meter.f64_observable_gauge("cg_auth.retry_budget").with_unit("{retry}");
    budget.with_callback(move |gauge| gauge.observe(client.retry_budget(), &[])).build();
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let exporter = Lines::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let meter_provider = SdkMeterProvider::builder().with_reader(reader).build();
    let meter = meter_provider.meter("cg_auth");
    let instruments = Instruments::new(&meter);

    let emulator = Emulator::start().await?;
    let credential = emulator.credential();
    let transport = ReqwestTransport::new()?;
    let retried = instruments.retried.clone();
    let client = AuthClient::new(emulator.base_url().clone(), transport.clone())
        .with_retry_observer(move |error, _| retried.add(1, &[KeyValue::new("kind", error.kind().as_str())]));
    let pool = TokenPool::new(client.clone(), credential.client_secret().clone()).with_capacity(1);
    let events = instruments.clone();
    pool.on_event(move |_, event| events.record(event));
    observe(&meter, pool.clone(), client);

    // One acquisition, which is retried once, and two tokens from the cache.
    let busy = emulator.next(Operation::GetDelegateAccessToken).refuse(503);
    let provider = pool.for_user(credential.user_principal_name());
    for _ in 0..3 {
        instruments.token(&provider).await?;
    }
    assert_eq!(busy.hits(), 1);

    // An API refuses the token, and the service the refresh token.
    emulator.revoke_user(credential.user_principal_name().as_str())?;
    let mut calls = 0;
    let call = async |authorization: HeaderValue| -> Result<StatusCode, Box<dyn Error>> {
        let request = Request::get(emulator.protected_url()).header(AUTHORIZATION, authorization);
        Ok(transport.send(request.body(Body::empty())?).await?.status())
    };
    let status = provider
        .authorized(
            |status| *status == StatusCode::UNAUTHORIZED,
            |authorization| {
                calls += 1;
                if calls == 2 {
                    instruments.replayed.add(1, &[]);
                }
                call(authorization)
            },
        )
        .await?;
    assert_eq!(status, StatusCode::OK);

    // The pool has room for one user.
    drop(provider);
    let other = emulator.plain_user().ok_or("no plain user")?;
    instruments.token(&pool.for_user(other.user_principal_name())).await?;

    meter_provider.force_flush()?;
    check(&exporter.0.lock().unwrap_or_else(PoisonError::into_inner));
    meter_provider.shutdown()?;
    Ok(())
}

/// The last export: each data point as a line of instrument, unit and attributes, and its value.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<BTreeMap<String, f64>>>);

impl Lines {
    fn add(&self, metric: &Metric) {
        let add = |attributes: &mut dyn Iterator<Item = &KeyValue>, value: f64| {
            let attributes: BTreeSet<_> = attributes.map(|it| format!("{}={}", it.key, it.value)).collect();
            let attributes = attributes.into_iter().collect::<Vec<_>>().join(" ");
            let line = format!("{} {} {attributes}", metric.name(), metric.unit());
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(line, value);
        };
        match metric.data() {
            AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                #[allow(clippy::cast_precision_loss)] // small counts
                sum.data_points().for_each(|point| add(&mut point.attributes(), point.value() as f64));
            }
            AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
                histogram.data_points().for_each(|point| add(&mut point.attributes(), point.sum()));
            }
            AggregatedMetrics::F64(MetricData::Gauge(gauge)) => {
                gauge.data_points().for_each(|point| add(&mut point.attributes(), point.value()));
            }
            other => panic!("{}: {other:?}", metric.name()),
        }
    }
}

impl PushMetricExporter for Lines {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        metrics.scope_metrics().flat_map(ScopeMetrics::metrics).for_each(|metric| self.add(metric));
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

/// Compares the export with the table of the guide, and the counts with what has happened.
fn check(lines: &BTreeMap<String, f64>) {
    lines.iter().for_each(|(line, value)| println!("{line}: {value:.3}"));
    let guide = include_str!("../../crates/cg-auth-core/docs/guides/metrics.md");
    let rows = guide.lines().filter(|line| line.starts_with("| `cg_auth."));
    let documented: BTreeSet<_> = rows
        .map(|row| {
            let cells: Vec<_> = row.split('`').collect();
            format!("{} {} ", cells[1], cells[3])
        })
        .collect();
    let is_of = |line: &String, instrument: &String| line.starts_with(instrument.as_str());
    assert!(lines.keys().all(|line| documented.iter().any(|instrument| is_of(line, instrument))));
    // Nothing was odd in this run, and no fleet shares a store.
    let missing: Vec<_> =
        documented.iter().filter(|name| !lines.keys().any(|line| is_of(line, name))).collect();
    assert_eq!(missing, ["cg_auth.anomaly {event} ", "cg_auth.fleet {event} "]);

    let count = |start: &str| -> f64 {
        lines.iter().filter(|(line, _)| line.starts_with(start)).map(|(_, value)| value).sum()
    };
    for (start, expected) in [
        ("cg_auth.token.served {token} source=cache", 2.0),
        ("cg_auth.token.served {token} source=acquisition", 2.0),
        ("cg_auth.acquisition.requests {request} event=token_acquired grant=credential", 5.0),
        ("cg_auth.request.retried {request} kind=api", 1.0),
        ("cg_auth.token.invalidated", 1.0),
        ("cg_auth.request.replayed", 1.0),
        ("cg_auth.refresh_token.dropped {token} refused=true", 1.0),
        ("cg_auth.user.evicted {user} cause=capacity", 1.0),
    ] {
        assert!((count(start) - expected).abs() < f64::EPSILON, "{start}: {}", count(start));
    }
    assert!((0.0..10.0).contains(&count("cg_auth.retry_budget")));
    assert!(count("cg_auth.token.remaining_lifetime") > 0.0);
}
