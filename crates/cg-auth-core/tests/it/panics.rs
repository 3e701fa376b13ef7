//! Reading any answer returns a value and does not panic.

use cg_auth_core::{
    CallError,
    endpoint::{Answer, Endpoint, EndpointError},
    token::{DurationUnit, Expiry},
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::support::{SUCCESS, delete, shown, token_operations};

fn header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
    let name = select(vec![
        "content-type",
        "content-length",
        "content-encoding",
        "date",
        "retry-after",
        "server",
        "via",
        "www-authenticate",
        "x-request-id",
        "request-id",
        "traceparent",
        "set-cookie",
        "x-other",
    ]);
    let value = prop_oneof![
        vec(
            any::<u8>().prop_filter("no header byte", |byte| *byte == 9 || *byte >= 32 && *byte != 127),
            0..40
        ),
        "[0-9]{1,30}".prop_map(String::into_bytes),
        "(Wed|Thu), [0-3][0-9] (Sep|Feb) [0-9]{4} [0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT"
            .prop_map(String::into_bytes),
    ];
    (name, value)
        .prop_map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(&value).unwrap()))
}

/// Random bytes, JSON of any shape, and documents of the service with a few bytes changed.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<f64>().prop_map(|value| value.to_string()),
        any::<i128>().prop_map(|value| value.to_string()),
        Just("1e999".to_owned()),
        Just(r#""\ud800""#.to_owned()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let name = select(vec![
        "value",
        "isSuccess",
        "errorMsg",
        "access_token",
        "refresh_token",
        "duration",
        "code",
        "message",
        "requestId",
        "date",
        "title",
        "x",
    ]);
    let json = scalar.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    let damaged = vec((any::<prop::sample::Index>(), any::<u8>()), 0..4).prop_map(|changes| {
        let mut bytes = SUCCESS.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    });
    prop_oneof![vec(any::<u8>(), 0..200), json.prop_map(String::into_bytes), damaged]
}

fn read_everything<T: std::fmt::Debug>(read: Result<Answer<T>, EndpointError>) {
    match read {
        Ok(answer) => drop(format!("{answer:?}")),
        Err(error) => {
            let _ = (error.code(), error.date(), error.text().map(str::len), error.retry_after());
            let _ = (error.messages().len(), error.request_id(), error.headers().map(http::HeaderMap::len));
            assert!(error.status().is_some() && !error.is_config());
            assert!(error.text().is_none_or(|text| text.len() <= 512));
            shown(&error);
            shown(&CallError::from(error));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn reading_any_answer_does_not_panic(
        status in prop_oneof![Just(200_u16), 100_u16..=999],
        headers in vec(header(), 0..4),
        body in body(),
    ) {
        let mut response = Response::new(body.into());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response.headers_mut().extend(headers);
        for (_, endpoint) in token_operations() {
            let read = endpoint.read(response.clone());
            if let Ok(answer) = &read {
                prop_assert!(answer.status.is_success());
                prop_assert!(!answer.value.access_token().expose_secret().is_empty());
                let _ = Expiry::of_answer(answer, DurationUnit::Hours);
            }
            read_everything(read);
        }
        read_everything(delete().read(response));
    }
}

#[test]
fn a_long_hostile_answer_is_read_in_linear_time() {
    let sizes =
        [("[", 1_000_000), ("{\"a\":", 200_000), ("\"", 1), ("cl1ent-s3cre", 80_000), ("%63%6c%31", 110_000)];
    for (piece, count) in sizes {
        for status in [200, 400] {
            let body = piece.repeat(count);
            read_everything(delete().read(crate::support::response(status, &[], body.clone())));
            for (_, endpoint) in token_operations() {
                read_everything(endpoint.read(crate::support::response(status, &[], body.clone())));
            }
        }
    }
}
