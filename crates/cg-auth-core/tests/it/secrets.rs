//! No output shows a sent or issued secret, in whatever encoding a server echoes it.

use base64::{Engine as _, engine::general_purpose};
use cg_auth_core::{
    ApiCredential, AuthClient, CallError, ClientSecret, UserPrincipalName,
    body::{Body, BodyCollector},
    endpoint::{
        Answer, DeleteTokenCache, Endpoint, EndpointError, GetDelegateAccessToken, RefreshUserAccessToken,
        RequestOptions,
    },
    model::{
        AccessToken, DelegatedAccessTokenApiResult, DelegatedAccessTokenApiResultValue, JsonContract,
        RefreshToken,
    },
    testing::{ManualClock, ScriptedTransport},
};
use http::{HeaderValue, Response, StatusCode};
use proptest::{prelude::*, sample::select};

use crate::support::{base, debug, response, secret_text, shown};

const USER: &str = "someone@example.com";

/// The encodings in which a server may echo a secret.
fn echoes(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let percent = |all: bool| -> String {
        let encode = |byte: u8| match byte {
            byte if !all && (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        };
        secret.bytes().map(encode).collect()
    };
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let dotnet: String = secret
        .chars()
        .map(|letter| match letter {
            '"' | '+' | '<' | '>' | '&' | '\'' | '`' => format!("\\u{:04X}", u32::from(letter)),
            '\\' => "\\\\".to_owned(),
            letter => letter.to_string(),
        })
        .collect();
    let twice = serde_json::to_string(&json[1..json.len() - 1]).unwrap();
    let thrice = serde_json::to_string(&twice[1..twice.len() - 1]).unwrap();
    let between = |separator: &str| secret.chars().map(String::from).collect::<Vec<_>>().join(separator);
    let hexadecimal = |separator: &str| {
        secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator)
    };
    let base64 = general_purpose::STANDARD.encode(secret);
    let lines = |columns: usize, newline: &str| {
        let lines: Vec<_> = base64.as_bytes().chunks(columns).map(String::from_utf8_lossy).collect();
        lines.join(newline)
    };
    vec![
        secret.to_owned(),
        twice[1..twice.len() - 1].to_owned(),
        thrice[1..thrice.len() - 1].to_owned(),
        between("\0"),
        between("\r\n"),
        between("\u{200b}"),
        hexadecimal(""),
        hexadecimal("").to_uppercase(),
        hexadecimal("-"),
        hexadecimal(" ").to_uppercase(),
        lines(4, "\r\n"),
        lines(7, "\\n"),
        json[1..json.len() - 1].to_owned(),
        json[1..json.len() - 1].replace('/', "\\/"),
        dotnet,
        percent(false),
        percent(false).replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d"),
        percent(true),
        html,
        general_purpose::STANDARD.encode(secret),
        general_purpose::URL_SAFE_NO_PAD.encode(secret),
        general_purpose::STANDARD.encode(format!("{USER}:{secret}")),
        general_purpose::STANDARD.encode(format!("x{USER}:{secret}:y")),
    ]
}

/// Asserts that `text` holds `secret` in none of its encodings.
fn assert_hidden(text: &str, secret: &str) -> Result<(), TestCaseError> {
    for echo in echoes(secret) {
        prop_assert!(!text.contains(&echo), "{echo} is in {text}");
    }
    Ok(())
}

/// Everything that an error shows or gives out.
pub(crate) fn accessible(error: &EndpointError) -> String {
    let mut text = shown(error) + &shown(&CallError::from(error.clone()));
    let parts = [error.code(), error.request_id(), error.date(), error.text()];
    for part in parts.into_iter().flatten().chain(error.messages().iter().map(String::as_str)) {
        text += "\n";
        text += part;
    }
    for value in error.headers().into_iter().flat_map(http::HeaderMap::values) {
        text += "\n";
        text += &String::from_utf8_lossy(value.as_bytes());
    }
    text
}

/// An answer that holds `echo` in its headers and in the body, in one of several shapes.
fn hostile(status: u16, echo: &str, shape: usize, surroundings: &(String, String)) -> Response<Body> {
    let (before, after) = surroundings;
    let echo = format!("{before}{echo}{after}");
    let quoted = serde_json::to_string(&echo).unwrap();
    let body = match shape {
        0 => echo.clone(),
        1 => format!(r#"{{"code":{quoted},"message":[{quoted},"x"],"requestId":{quoted},"date":{quoted}}}"#),
        2 => format!(r#"{{"title":{quoted},"detail":{quoted},"traceId":{quoted}}}"#),
        3 => format!(r#"{{"isSuccess":false,"errorMsg":{quoted},"value":{{"access_token":{quoted}}}}}"#),
        4 => format!(r#"{{"isSuccess":{quoted},{quoted}:1}}"#),
        5 => format!(r#"{{"value":{{"access_token":"a","duration":{quoted}}},"isSuccess":true}}"#),
        _ => format!(r#"{{"value":{{"access_token":"a"}},"isSuccess":true,"errorMsg":{quoted}}}"#),
    };
    let mut response = response(status, &[], body);
    for name in
        ["server", "via", "www-authenticate", "x-request-id", "content-type", "retry-after", "x-other"]
    {
        if let Ok(value) = HeaderValue::from_str(&echo) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn assert_shows_none_of<T: std::fmt::Debug>(
    read: &Result<Answer<T>, EndpointError>,
    secrets: &[&str],
) -> Result<(), TestCaseError> {
    let text = match read {
        Ok(answer) => {
            let texts = [answer.error_msg.as_deref(), answer.request_id()];
            debug(answer) + &texts.map(Option::unwrap_or_default).join("\n")
        }
        Err(error) => accessible(error),
    };
    secrets.iter().try_for_each(|secret| assert_hidden(&text, secret))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_sent_secret_is_redacted_in_every_encoding(
        secret in secret_text(),
        refresh_token in secret_text(),
        form in any::<prop::sample::Index>(),
        status in select(vec![200_u16, 204, 302, 400, 401, 429, 500, 503, 600]),
        shape in 0_usize..7,
        surroundings in ("([ -~]{0,20} )?", "([ ,;][ -~]{0,20})?"),
    ) {
        let credential = ApiCredential::new(ClientSecret::new(secret.clone()).unwrap(), UserPrincipalName::new(USER).unwrap());
        let delegate = GetDelegateAccessToken::new(credential.clone());
        let refresh = RefreshUserAccessToken::new(credential.clone(), RefreshToken::new(refresh_token.clone()).unwrap());
        let delete = DeleteTokenCache::new(credential);
        let echoed = |secret: &str| hostile(status, form.get::<String>(&echoes(secret)), shape, &surroundings);
        let answer = echoed(&secret);
        assert_shows_none_of(&delegate.read(answer.clone()), &[&secret])?;
        assert_shows_none_of(&delete.read(answer.clone()), &[&secret])?;
        assert_shows_none_of(&refresh.read(answer), &[&secret])?;
        assert_shows_none_of(&refresh.read(echoed(&refresh_token)), &[&refresh_token])?;
    }

    #[test]
    fn a_secret_in_an_additional_header_is_redacted(
        key in secret_text(),
        form in any::<prop::sample::Index>(),
        shape in 0_usize..7,
        status in select(vec![200_u16, 400, 503]),
    ) {
        let mut value = HeaderValue::from_str(&key).unwrap();
        value.set_sensitive(true);
        let options = RequestOptions::new().with_header("x-gateway-key".parse().unwrap(), value).unwrap();
        let no_surroundings = (String::new(), String::new());
        let answer = hostile(status, form.get::<String>(&echoes(&key)), shape, &no_surroundings);
        assert_shows_none_of(&crate::support::refresh().read_with(answer.clone(), &options), &[&key])?;
        let client = AuthClient::with_runtime(base(), ScriptedTransport::new().answer(answer), ManualClock::new());
        let endpoint = crate::support::delegate();
        let client = client.with_options(options);
        let mut call = std::pin::pin!(client.call(&endpoint));
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        if let std::task::Poll::Ready(Err(error)) = call.as_mut().poll(context) {
            let text = accessible(error.as_endpoint().unwrap()) + error.messages().concat().as_str();
            assert_hidden(&text, &key)?;
        }
    }

    #[test]
    fn the_debug_output_of_public_types_shows_no_secret(
        secret in secret_text(),
        access in secret_text(),
        refresh_token in secret_text(),
    ) {
        let credential = ApiCredential::new(ClientSecret::new(secret.clone()).unwrap(), UserPrincipalName::new(USER).unwrap());
        let token = RefreshToken::new(refresh_token.clone()).unwrap();
        let value = DelegatedAccessTokenApiResultValue::new(AccessToken::new(access.clone()).unwrap(), Some(token.clone()), 1);
        let result = DelegatedAccessTokenApiResult::success(value.clone());
        let camel = JsonContract::CamelCase;
        let body: Body = serde_json::to_vec(&result.wire(camel)).unwrap().into();
        let mut collector = BodyCollector::new(4096);
        collector.push(body.as_bytes()).unwrap();
        let mut received = Response::new(body.clone());
        received.headers_mut().insert("x-echo", HeaderValue::from_str(&secret).unwrap());
        let delegate = GetDelegateAccessToken::new(credential.clone());
        let refresh = RefreshUserAccessToken::new(credential.clone(), token.clone());
        let answer = delegate.read(received.clone()).unwrap();
        let mut options = RequestOptions::new();
        options = options.with_header("x-gateway-key".parse().unwrap(), HeaderValue::from_str(&secret).unwrap()).unwrap();
        let request = refresh.to_request(&base(), &RequestOptions::new()).unwrap();
        let transport = ScriptedTransport::new().answer(received);
        let client = AuthClient::with_runtime(base(), transport.clone(), ManualClock::new()).with_options(options.clone());

        let shown = [
            debug(&credential), debug(credential.client_secret()), debug(&credential.wire(camel)), debug(&token),
            debug(&value), debug(&value.wire(camel)), debug(&result), debug(&result.wire(camel)), debug(&body),
            debug(&collector), debug(&delegate), debug(&refresh), debug(&DeleteTokenCache::new(credential.clone())),
            debug(&answer), debug(&answer.value), debug(&answer.clone().value.into_tokens()), debug(&options),
            debug(&request), debug(&client), debug(&transport),
        ]
        .join("\n");
        for hidden in [&secret, &access, &refresh_token] {
            assert_hidden(&shown, hidden)?;
        }
    }

    #[test]
    fn a_token_in_a_malformed_answer_is_redacted(
        access in secret_text(),
        refresh_token in secret_text(),
        cut in any::<prop::sample::Index>(),
        damage in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let value = DelegatedAccessTokenApiResultValue::new(
            AccessToken::new(access.clone()).unwrap(),
            Some(RefreshToken::new(refresh_token.clone()).unwrap()),
            3600,
        );
        let mut result = DelegatedAccessTokenApiResult::success(value);
        let whole = serde_json::to_vec(&result.wire(JsonContract::PascalCase)).unwrap();
        let mut damaged = whole.clone();
        damaged[damage.index(whole.len())] = byte;
        result.error_msg = Some(format!("not issued: {access}, {refresh_token}"));
        let with_message = serde_json::to_vec(&result.wire(JsonContract::CamelCase)).unwrap();
        result.is_success = Some(false);
        let refused = serde_json::to_vec(&result.wire(JsonContract::CamelCase)).unwrap();
        for body in [whole[..cut.index(whole.len())].to_vec(), damaged, [&*whole, b"}"].concat(), with_message, refused] {
            assert_shows_none_of(&crate::support::delegate().read(Response::new(body.clone().into())), &[&access, &refresh_token])?;
            assert_shows_none_of(&crate::support::refresh().read(Response::new(body.clone().into())), &[&access, &refresh_token])?;
            let mut bad_gateway = Response::new(Body::from(body));
            *bad_gateway.status_mut() = StatusCode::BAD_GATEWAY;
            let error = CallError::from(crate::support::delegate().read(bad_gateway).unwrap_err());
            for hidden in [&access, &refresh_token] {
                assert_hidden(&shown(&error), hidden)?;
            }
        }
    }

    #[test]
    fn an_error_about_an_invalid_value_does_not_quote_it(text in secret_text(), odd in select(vec!["\n", " ", "é", "\0"])) {
        let odd = format!("{text}{odd}{text}");
        let refusals = [
            shown(&ClientSecret::new(odd.clone()).unwrap_err()),
            shown(&RefreshToken::new(odd.clone()).unwrap_err()),
            shown(&UserPrincipalName::new(odd.clone()).unwrap_err()),
            shown(&cg_auth_core::BaseUrl::parse(&format!("https://{odd}@example.com")).unwrap_err()),
            shown(&CallError::from(ClientSecret::new(odd).unwrap_err())),
        ];
        for shown in refusals {
            assert_hidden(&shown, &text)?;
        }
    }
}
