//! `cg-auth proxy`: a reverse proxy on this machine that adds a valid token to each request to one origin.

mod answer;
mod environment;
mod forwarder;
mod gate;
mod headers;
mod prefix;
mod recorded_body;
mod server;
mod target_path;
mod upstream;

use std::{ffi::OsString, net::Ipv4Addr, process::ExitCode, sync::Arc, time::Duration};

use cg_auth_core::{TokenProvider, token::trace_event};
use cg_auth_hyper::HyperClient;
use cg_auth_transport_util::environment::positive_duration;
use clap::Args;
use tokio::{net::TcpListener, sync::oneshot};

use self::{forwarder::Forwarder, gate::Gate, prefix::Prefix, upstream::Upstream};
use super::renewal;
use crate::{
    child,
    console::Console,
    failure::Failure,
    leases::Leases,
    log_writer::{LineSender, LogWriter},
    output,
    setting_error::SettingError,
    settings::{ServiceArgs, Settings, StoreArgs},
    stop_signal::StopSignal,
};

/// Run a reverse proxy that adds an access token to each request (not the outbound --proxy).
///
/// It listens on this machine, forwards to one origin, and renews the token. A request whose token was refused
/// is sent once more with a new one, if its body is at most 64 KiB long. The outbound proxy, through which all
/// requests leave this machine, is another thing: --proxy names it.
#[derive(Args)]
pub(crate) struct ProxyArgs {
    /// The origin to forward requests to, with the path below which they go: an https URL, or http to this
    /// machine.
    // The text is parsed later, because a clap error would quote it, and a URL may hold a password.
    #[arg(long, value_name = "URL")]
    upstream: String,

    /// The port to listen on, at 127.0.0.1 [default: a free one].
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// Another value of the header Host to accept, for instance behind a forwarded port; may be repeated
    /// [default: 127.0.0.1 and localhost, with the port].
    #[arg(long, value_name = "HOST:PORT")]
    allow_host: Vec<String>,

    /// How long a request may make no progress before its answer begins [default: 5min].
    #[arg(long, value_parser = positive_duration, value_name = "DURATION")]
    answer_timeout: Option<Duration>,

    /// A command to run with the proxy's URL in CG_AUTH_UPSTREAM_URL, this machine in NO_PROXY, and none of the
    /// variables that hold the client secret, a token or the login of a proxy. The proxy stops when the
    /// command ends, and returns its exit code. Without a command, the URL is one line on standard output, and
    /// the proxy runs until a signal.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,

    #[command(flatten)]
    service: ServiceArgs,

    #[command(flatten)]
    store: StoreArgs,
}

impl ProxyArgs {
    /// Whether the URL goes to standard output.
    pub(crate) fn uses_stdout(&self) -> bool {
        self.command.is_empty()
    }
}

/// Serves until the command ends, or until a signal arrives.
pub(crate) async fn run(args: &ProxyArgs, console: &Console, leases: &Leases) -> Result<ExitCode, Failure> {
    let mut stop = StopSignal::new().map_err(Failure::Runtime)?;
    let shown = *console;
    let warnings = LogWriter::start(
        move |warning| shown.warn(warning),
        move |lost| {
            shown.warn(&format!("{lost} warnings were lost, because standard error was not read in time"));
        },
    );
    let ready = tokio::select! {
        biased;
        signal = stop.received() => Err(Failure::Stopped(signal)),
        ready = Proxy::prepare(args, console, warnings.sender(), leases) => ready,
    };
    let ready = match ready {
        Ok(ready) => ready,
        Err(failure) => {
            warnings.finish();
            return Err(failure);
        }
    };
    let Proxy { listener, url, settings, provider, forwarder } = ready;
    let sender = warnings.sender();
    let base_url = settings.base_url.clone();
    provider.on_event(move |event| {
        if let Some(warning) = renewal::warning(event, &base_url) {
            sender.send(warning);
        }
    });
    let renewing = tokio::spawn(async move { renewal::keep_valid(&provider).await });
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(server::serve(listener, Arc::new(forwarder), async { drop(ended.await) }));

    stop.disable_forced_exit();
    let code = if args.command.is_empty() {
        output::to_stdout(&format!("{url}\n")).map_err(Failure::Output)?;
        stop.received().await;
        ExitCode::SUCCESS
    } else {
        let mut command = child::command(&args.command);
        child::without_secrets(&mut command);
        environment::point_at(&mut command, &url);
        child::run(command, &mut stop).await?
    };
    renewing.abort();
    drop(end);
    let served = async {
        tokio::select! {
            _ = serving => {}
            // After a second signal, the proxy does not wait for the requests in flight.
            _ = stop.received() => {}
        }
    };
    // No other process waits for a lease while the requests in flight have their time.
    tokio::join!(served, leases.end());
    warnings.finish();
    Ok(code)
}

/// A proxy that has a token, and does not serve yet.
struct Proxy {
    listener: TcpListener,
    /// The URL below which it answers, without a slash at the end.
    url: String,
    settings: Settings,
    provider: TokenProvider,
    forwarder: Forwarder,
}

impl Proxy {
    /// Checks the settings and gets the first token, so that a wrong setting or secret is an error of this
    /// command and not of each request.
    async fn prepare(
        args: &ProxyArgs,
        console: &Console,
        warnings: LineSender,
        leases: &Leases,
    ) -> Result<Self, Failure> {
        let upstream = Upstream::parse(&args.upstream)?;
        let settings = Settings::resolve_with_store(&args.service, &args.store, console)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await;
        let port = listener.as_ref().map_or(Ok(args.port), |it| it.local_addr().map(|it| it.port()));
        let (listener, port) = listener.and_then(|listener| Ok((listener, port?))).map_err(|source| {
            SettingError::NotListening { address: format!("127.0.0.1:{}", args.port), source }
        })?;
        let client = HyperClient::from_settings(&settings.transport_settings()?)?;
        let secret = settings.rotating_secret(console).await?;
        let provider = settings.provider(secret, leases)?;
        provider.on_event(trace_event);
        let store_warnings = renewal::StoreWarnings::default();
        provider.on_event(move |event| {
            if let Some(warning) = store_warnings.of(event) {
                warnings.send(warning);
            }
        });
        provider.token().await.map_err(|error| settings.no_token(error))?;

        let prefix = Prefix::random()?;
        let url = format!("http://127.0.0.1:{port}/{}", prefix.expose_secret());
        tracing::debug!(target: "cg_auth::settings", "upstream: {} (--upstream)", upstream.address());
        let gate = Gate::new(prefix, port, &args.allow_host);
        let limit = args.answer_timeout.unwrap_or(ANSWER_TIMEOUT);
        let base_url = settings.base_url.clone();
        let forwarder = Forwarder { gate, upstream, client, provider: provider.clone(), base_url, limit };
        Ok(Self { listener, url, settings, provider, forwarder })
    }
}

const ANSWER_TIMEOUT: Duration = Duration::from_secs(5 * 60);
