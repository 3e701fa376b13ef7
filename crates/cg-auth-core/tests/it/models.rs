//! Every model writes both contracts and reads any spelling.

use cg_auth_core::{
    ApiCredential, ClientSecret, UserPrincipalName,
    model::{
        AccessToken, ApiError, DelegatedAccessTokenApiResult, DelegatedAccessTokenApiResultValue,
        JsonContract, RefreshToken,
    },
};
use proptest::{option, prelude::*, sample::Index};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::support::secret_text;

const CONTRACTS: [JsonContract; 2] = [JsonContract::CamelCase, JsonContract::PascalCase];

fn credential() -> impl Strategy<Value = ApiCredential> {
    (secret_text(), "[!-~]{1,20}").prop_map(|(secret, user)| {
        ApiCredential::new(ClientSecret::new(secret).unwrap(), UserPrincipalName::new(user).unwrap())
    })
}

fn duration() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(0), Just(-1)]
}

fn value() -> impl Strategy<Value = DelegatedAccessTokenApiResultValue> {
    (option::of("\\PC{1,30}"), option::of("[!-~]{1,30}"), duration()).prop_map(
        |(access, refresh, duration)| {
            let mut value = DelegatedAccessTokenApiResultValue::default();
            value.access_token = access.map(|text| AccessToken::new(text).unwrap());
            value.refresh_token = refresh.map(|text| RefreshToken::new(text).unwrap());
            value.duration = duration;
            value
        },
    )
}

fn result() -> impl Strategy<Value = DelegatedAccessTokenApiResult> {
    (option::of(value()), any::<Option<bool>>(), any::<Option<String>>()).prop_map(|(value, success, msg)| {
        let mut result = DelegatedAccessTokenApiResult::default();
        result.value = value;
        result.is_success = success;
        result.error_msg = msg;
        result
    })
}

fn api_error() -> impl Strategy<Value = ApiError> {
    let lines = option::of(proptest::collection::vec(any::<String>(), 0..4));
    (any::<Option<String>>(), lines, any::<Option<String>>(), any::<Option<String>>()).prop_map(
        |(code, message, request_id, date)| {
            let mut error = ApiError::default();
            error.code = code;
            error.message = message;
            error.request_id = request_id;
            error.date = date;
            error
        },
    )
}

/// Spellings that must not change the meaning: case, underscores, order, unknown members, omitted nulls.
#[derive(Debug, Clone)]
struct Spelling {
    seeds: Vec<Index>,
    underscores: bool,
    omit_nulls: bool,
}

fn spelling() -> impl Strategy<Value = Spelling> {
    (proptest::collection::vec(any::<Index>(), 1..24), any::<bool>(), any::<bool>())
        .prop_map(|(seeds, underscores, omit_nulls)| Spelling { seeds, underscores, omit_nulls })
}

impl Spelling {
    fn write(&self, document: &Value) -> String {
        let Value::Object(members) = document else { return document.to_string() };
        let mut written: Vec<String> = members
            .iter()
            .filter(|(_, value)| !(self.omit_nulls && value.is_null()))
            .map(|(name, value)| format!("{:?} : {}", self.spell(name), self.write(value)))
            .collect();
        written.push(r#""unknown":{"value":[1.5e300,{"code":null}],"isSuccess":"x"}"#.to_owned());
        for (at, seed) in self.seeds.iter().enumerate() {
            let (left, right) = (at % written.len(), seed.index(written.len()));
            written.swap(left, right);
        }
        format!("\n{{ {} }}\t", written.join(" ,\r\n"))
    }

    fn spell(&self, name: &str) -> String {
        let letters = name.chars().filter(|letter| *letter != '_').enumerate();
        letters.fold(String::new(), |mut spelled, (at, letter)| {
            let seed = self.seeds[at % self.seeds.len()].index(4);
            if self.underscores && seed % 2 == 1 {
                spelled.push('_');
            }
            spelled.push(if seed < 2 { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() });
            spelled
        })
    }
}

fn assert_reads_back<T: DeserializeOwned + PartialEq + std::fmt::Debug>(
    model: &T,
    written: &Value,
    spelling: &Spelling,
) {
    let plain = written.to_string();
    let bytes = serde_json::to_vec_pretty(written).unwrap();
    assert_eq!(serde_json::from_str::<T>(&plain).unwrap(), *model);
    assert_eq!(serde_json::from_slice::<T>(&bytes).unwrap(), *model);
    assert_eq!(serde_json::from_reader::<_, T>(&*bytes).unwrap(), *model);
    assert_eq!(serde_json::from_value::<T>(written.clone()).unwrap(), *model);
    let odd = spelling.write(written);
    match serde_json::from_str::<T>(&odd) {
        Ok(read) => assert_eq!(read, *model, "{odd}"),
        Err(error) => panic!("{odd}: {error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_credential_reads_back(model in credential(), spelling in spelling()) {
        for contract in CONTRACTS {
            assert_reads_back(&model, &serde_json::to_value(model.wire(contract)).unwrap(), &spelling);
        }
    }

    #[test]
    fn a_result_and_its_value_read_back(model in result(), spelling in spelling()) {
        for contract in CONTRACTS {
            assert_reads_back(&model, &serde_json::to_value(model.wire(contract)).unwrap(), &spelling);
            if let Some(value) = &model.value {
                assert_reads_back(value, &serde_json::to_value(value.wire(contract)).unwrap(), &spelling);
            }
        }
    }

    #[test]
    fn an_api_error_reads_back(model in api_error(), spelling in spelling()) {
        for contract in CONTRACTS {
            assert_reads_back(&model, &serde_json::to_value(model.wire(contract)).unwrap(), &spelling);
        }
    }
}

#[test]
fn each_contract_is_written_exactly_as_documented() {
    let [camel, pascal] = CONTRACTS;
    let credential = crate::support::credential_of("s", "u");
    let token = AccessToken::new("a").unwrap();
    let value = DelegatedAccessTokenApiResultValue::new(token, None, i64::MAX);
    let mut error = ApiError::default();
    error.message = Some(vec!["m".to_owned()]);
    for (written, expected) in [
        (serde_json::to_string(&credential.wire(camel)), r#"{"clientSecret":"s","userPrincipalName":"u"}"#),
        (serde_json::to_string(&credential.wire(pascal)), r#"{"ClientSecret":"s","UserPrincipalName":"u"}"#),
        (
            serde_json::to_string(&DelegatedAccessTokenApiResult::success(value.clone()).wire(camel)),
            r#"{"value":{"access_token":"a","refresh_token":null,"duration":9223372036854775807},"isSuccess":true,"errorMsg":null}"#,
        ),
        (
            serde_json::to_string(&DelegatedAccessTokenApiResult::success(value).wire(pascal)),
            r#"{"Value":{"AccessToken":"a","RefreshToken":null,"Duration":9223372036854775807},"IsSuccess":true,"ErrorMsg":null}"#,
        ),
        (
            serde_json::to_string(&DelegatedAccessTokenApiResult::refusal("no").wire(camel)),
            r#"{"value":null,"isSuccess":false,"errorMsg":"no"}"#,
        ),
        (
            serde_json::to_string(&error.wire(camel)),
            r#"{"code":null,"message":["m"],"requestId":null,"date":null}"#,
        ),
        (
            serde_json::to_string(&error.wire(pascal)),
            r#"{"Code":null,"Message":["m"],"RequestId":null,"Date":null}"#,
        ),
    ] {
        assert_eq!(written.unwrap(), expected);
    }
}

#[test]
fn missing_members_are_none_and_duration_zero() {
    let result: DelegatedAccessTokenApiResult = serde_json::from_str("{}").unwrap();
    assert_eq!(result, DelegatedAccessTokenApiResult::default());
    let result: DelegatedAccessTokenApiResult = serde_json::from_str(r#"{"value":{}}"#).unwrap();
    assert_eq!(result.value, Some(DelegatedAccessTokenApiResultValue::default()));
    assert_eq!(result.value.unwrap().duration, 0);
    let error: ApiError = serde_json::from_str("{}").unwrap();
    assert!(error.is_empty());
}

#[test]
fn an_invalid_credential_is_refused_and_not_quoted() {
    for document in [
        r#"{"clientSecret":"hunter2é","userPrincipalName":"u"}"#,
        r#"{"clientSecret":"hunter2\n","userPrincipalName":"u"}"#,
        r#"{"clientSecret":"","userPrincipalName":"hunter2"}"#,
        r#"{"clientSecret":null,"userPrincipalName":"hunter2"}"#,
        r#"{"clientSecret":"hunter2"}"#,
        r#"{"clientSecret":["hunter2"],"userPrincipalName":"u"}"#,
        r#"{"clientSecret":"hunter2","userPrincipalName":"u""#,
        r#""hunter2""#,
    ] {
        let error = serde_json::from_str::<ApiCredential>(document).unwrap_err();
        assert!(!crate::support::shown(&error).contains("hunter2"), "{error}");
    }
}

#[test]
fn only_an_explicit_view_writes_a_secret_as_json() {
    /// An inherent constant precedes one of a trait, and this one exists only with `Serialize`.
    struct Of<T>(std::marker::PhantomData<T>);
    trait Otherwise {
        const IS_WRITTEN: bool = false;
    }
    impl<T> Otherwise for Of<T> {}
    impl<T: serde::Serialize> Of<T> {
        const IS_WRITTEN: bool = true;
    }
    const { assert!(Of::<String>::IS_WRITTEN) }
    let secrets = [
        Of::<ClientSecret>::IS_WRITTEN,
        Of::<AccessToken>::IS_WRITTEN,
        Of::<RefreshToken>::IS_WRITTEN,
        Of::<ApiCredential>::IS_WRITTEN,
        Of::<DelegatedAccessTokenApiResultValue>::IS_WRITTEN,
        Of::<DelegatedAccessTokenApiResult>::IS_WRITTEN,
        Of::<cg_auth_core::model::DelegatedAccessToken>::IS_WRITTEN,
        Of::<cg_auth_core::IssuedToken>::IS_WRITTEN,
    ];
    assert_eq!(secrets, [false; 8]);
    let credential = ApiCredential::new(
        ClientSecret::new("s3cret").unwrap(),
        UserPrincipalName::new("a@example.com").unwrap(),
    );
    let json = serde_json::to_value(credential.wire(JsonContract::CamelCase)).unwrap();
    assert_eq!(json["clientSecret"], "s3cret");
}
