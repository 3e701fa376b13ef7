//! Rule 9: the transport keeps secrets out of errors and `Debug`, and a sensitive header keeps its mark.

use crate::{
    exchange::{call_over_http2, delegation, error_of, exchange, first_call, refresh},
    failure::{Failure, ensure, ensure_eq},
    secret_texts::{CLIENT_SECRET, SECRETS},
    secrets::{LOGIN, ensure_hidden, ensure_text_hides, everything_shown},
    servers::{
        authority::{Authority, Identity},
        closed_port::ClosedPort,
        hpack::{Representation::NeverIndexed, representations},
        http2::{GOAWAY, Http2},
        listener::{Listener, TOKEN, while_serving},
    },
    settings::Settings,
    subject::Subject,
};

/// The `Debug` output of a transport shows no secret of a call, before or after it.
pub async fn the_debug_output_of_a_transport_shows_no_secret(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings::default());
    ensure_text_hides(&format!("{transport:?} {transport:#?}"))?;
    first_call(&transport, &listener).await?;
    let closed = ClosedPort::new();
    let _failed = transport.send(refresh(&closed.base_url())?).await;
    ensure_text_hides(&format!("{transport:?} {transport:#?}"))
}

/// Neither `Debug` nor an error shows the login of the proxy.
pub async fn the_login_of_a_proxy_is_not_shown(subject: &dyn Subject) -> Result<(), Failure> {
    let closed = ClosedPort::new();
    let proxy = Some(format!("http://{LOGIN}@{}", closed.address()));
    let transport = subject.transport(&Settings { proxy, ..Settings::default() });
    ensure_text_hides(&format!("{transport:?} {transport:#?}"))?;
    let base_url = cg_auth_core::BaseUrl::parse("https://service.example")?;
    ensure_hidden(&error_of(transport.send(delegation(&base_url)?).await)?)
}

/// `Debug` shows nothing of the private key of the client certificate.
pub async fn the_key_of_a_client_certificate_is_not_shown(subject: &dyn Subject) -> Result<(), Failure> {
    let identity = Authority::new().client();
    let client_certificate = Some(identity.pem());
    let settings = Settings {
        client_certificate,
        root_certificates: Some(Authority::new().pem().to_owned()),
        ..Settings::default()
    };
    let transport = subject.transport(&settings);
    let shown = format!("{transport:?} {transport:#?}");
    for secret in secrets_of(&identity) {
        ensure!(!shown.contains(&secret), "a part of the private key is shown: {shown}");
    }
    Ok(())
}

/// An error shows no secret of the request and no token of the answer, even if the server sends them back where
/// they break the answer.
pub async fn an_error_shows_neither_request_nor_answer(subject: &dyn Subject) -> Result<(), Failure> {
    let secrets = SECRETS.map(|(_, secret)| secret).join(" ");
    for answer in [
        format!("{secrets} {TOKEN}\r\n\r\n"),
        format!("HTTP/1.1 {secrets}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{secrets}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nx-{secrets}: \0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\ncontent-length: {secrets}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{secrets}\r\n{TOKEN}"),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{TOKEN}"),
    ] {
        let listener = Listener::bind().await;
        let transport = subject.transport(&Settings::default());
        let server = async { drop(listener.answer(&answer).await) };
        let (sent, ()) = exchange(transport.send(refresh(&listener.base_url())?), server).await?;
        ensure_hidden(&error_of(sent).map_err(|failure| failure.when(format!("{answer:?}")))?)?;
    }
    Ok(())
}

/// A server can put text into a GOAWAY frame, and it may quote the request.
pub async fn the_debug_data_of_a_goaway_is_not_shown(subject: &dyn Subject) -> Result<(), Failure> {
    let sent = call_over_http2(subject, async |mut http2: Http2, _| {
        let protocol_error = 1_u32;
        let mut payload = [0_u32.to_be_bytes(), protocol_error.to_be_bytes()].concat();
        payload.extend(format!("bad header clientsecret: {CLIENT_SECRET}").as_bytes());
        http2.write(GOAWAY, 0, 0, &payload).await;
        http2.read_to_the_end().await;
    });
    let error = error_of(sent.await?)?;
    ensure_hidden(&error)?;
    let shown = everything_shown(&error);
    ensure!(!shown.contains("bad header"), "the debug data of a GOAWAY is shown: {shown}");
    Ok(())
}

/// A header value that is marked as sensitive enters no compression table of HTTP/2, which other requests and
/// intermediaries share.
pub async fn a_sensitive_header_keeps_its_mark(subject: &dyn Subject) -> Result<(), Failure> {
    let listener = Listener::bind().await;
    let transport = subject.transport(&Settings { http2_prior_knowledge: true, ..Settings::default() });
    let request = refresh(&listener.base_url())?;
    let marked = request.headers().values().filter(|value| value.is_sensitive()).count();
    let mut fields = Vec::new();
    let server = async {
        let mut http2 = Http2::accept(&listener).await;
        let (stream, received) = http2.request_fields().await;
        fields = received;
        http2.answer(stream, TOKEN).await;
        http2.read_to_the_end().await;
    };
    while_serving(transport.send(request), server).await?;
    let written = representations(&fields).ok_or_else(|| Failure::new("the fields cannot be read"))?;
    let kept = written.iter().filter(|how| **how == NeverIndexed).count();
    ensure_eq!(kept, marked, "the headers that are encoded as sensitive");
    Ok(())
}

/// Each line of the PEM text of the private key, and some of its bytes in decimal.
fn secrets_of(identity: &Identity) -> Vec<String> {
    let (pem, bytes) = (identity.key_pem(), identity.key_bytes());
    let lines = pem.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned);
    // The first bytes are the same in every private key.
    let middle = bytes.len() / 2;
    let decimal = format!("{:?}", &bytes[middle..middle + 8]);
    lines.chain([decimal.trim_matches(['[', ']']).to_owned()]).collect()
}
