use std::collections::BTreeMap;
#[cfg(feature = "rustls")]
use std::{error::Error as _, fs};

use cg_auth_core::{causes::cause_chain, model::Environment};

use super::*;
use crate::{environment::VARIABLES, proxy::ProxyChoice};

fn settings(variables: &[(&str, &str)]) -> Result<ServiceSettings, EnvironmentError> {
    let variables: BTreeMap<_, _> = variables.iter().copied().collect();
    ServiceSettings::from_variables(|name| variables.get(name).map(OsString::from))
}

fn problem(variable: &str, value: &str) -> String {
    let error = settings(&[(variable, value)]).expect_err(value);
    assert_eq!((error.variables(), error.is_missing()), (&[variable][..], false));
    let told = cause_chain(&error);
    assert!(!format!("{told} {error:?}").contains("canary"), "{told}");
    told
}

#[test]
fn every_variable_is_read() {
    let settings = settings(&[
        (BASE_URL, "https://example.com/governance/"),
        (USER_PRINCIPAL_NAME, "someone@example.com"),
        (CLIENT_SECRET, "canary\n"),
        (TIMEOUT, "1m 30s"),
        (RETRIES, "0"),
        (PROXY, "http://user:canary@proxy.example:3128"),
    ])
    .unwrap();
    assert_eq!(settings.base_url().unwrap().as_str(), "https://example.com/governance");
    assert_eq!(settings.user().unwrap().as_str(), "someone@example.com");
    assert_eq!((settings.timeout(), settings.retries()), (Duration::from_secs(90), 0));
    assert!(matches!(settings.transport().proxy, ProxyChoice::Explicit(_)));
    assert!(!format!("{settings:?}").contains("canary"), "{settings:?}");
}

#[test]
fn what_is_not_set_or_empty_has_its_default() {
    let all_empty: Vec<_> = VARIABLES.iter().map(|name| (*name, "")).collect();
    for variables in [&[][..], &all_empty] {
        let settings = settings(variables).unwrap();
        assert_eq!((settings.timeout(), settings.retries()), (AuthClient::DEFAULT_TIMEOUT, 2));
        assert!(matches!(settings.transport().proxy, ProxyChoice::Environment));
        assert!(settings.ca_file().is_none());
        for (error, variable) in [
            (settings.base_url().unwrap_err(), BASE_URL),
            (settings.user().unwrap_err(), USER_PRINCIPAL_NAME),
            (settings.secret().unwrap_err(), CLIENT_SECRET),
        ] {
            assert!(error.is_missing());
            assert!(error.to_string().starts_with(&format!("{variable} is not set: set ")), "{error}");
        }
    }
}

#[test]
fn an_environment_is_named_in_any_case_and_none_is_no_proxy() {
    let settings = settings(&[(BASE_URL, "US-Government"), (PROXY, "none")]).unwrap();
    assert_eq!(*settings.base_url().unwrap(), Environment::UsGovernment.base_url());
    assert!(matches!(settings.transport().proxy, ProxyChoice::Off));
}

#[test]
fn a_value_that_cannot_be_used_is_named_by_its_variable_and_not_quoted() {
    for (variable, value, expected) in [
        (BASE_URL, "canary", "CG_AUTH_BASE_URL: it is neither an environment name nor an https:// URL"),
        (BASE_URL, "https://user:canary@example.com", "CG_AUTH_BASE_URL: the base URL has a user name"),
        (BASE_URL, "http://canary.example.com", "CG_AUTH_BASE_URL: the base URL would send the secret"),
        (USER_PRINCIPAL_NAME, "can ary", "CG_AUTH_USER_PRINCIPAL_NAME: the user principal name holds"),
        (CLIENT_SECRET, "canary canary", "CG_AUTH_CLIENT_SECRET: the client secret holds a character"),
        (CLIENT_SECRET, "\n", "CG_AUTH_CLIENT_SECRET: the client secret is empty"),
        (CLIENT_SECRET_FILE, "-", "CG_AUTH_CLIENT_SECRET_FILE: a program cannot read"),
        (TIMEOUT, "0s", "CG_AUTH_TIMEOUT: must be greater than zero"),
        (TIMEOUT, "canary", "CG_AUTH_TIMEOUT: expected a duration such as 5s or 250ms"),
        (TIMEOUT, "30", "CG_AUTH_TIMEOUT: expected a duration"),
        (RETRIES, "11", "CG_AUTH_RETRIES: expected a whole number from 0 to 10"),
        (RETRIES, "-1", "CG_AUTH_RETRIES: expected a whole number from 0 to 10"),
        (PROXY, "socks5://user:canary@proxy.example", "CG_AUTH_PROXY: the proxy has a scheme other than"),
    ] {
        let told = problem(variable, value);
        assert!(told.starts_with(expected), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_text_is_named_and_not_quoted() {
    use std::os::unix::ffi::OsStringExt as _;
    for variable in [BASE_URL, USER_PRINCIPAL_NAME, CLIENT_SECRET, TIMEOUT, RETRIES, PROXY] {
        let value = OsString::from_vec(b"canary\xff".to_vec());
        let error =
            ServiceSettings::from_variables(|name| (name == variable).then(|| value.clone())).unwrap_err();
        assert_eq!(error.to_string(), format!("{variable} is not UTF-8 text"));
        assert!(!format!("{error:?}").contains("canary"));
    }
}

#[test]
fn a_secret_in_the_environment_wins_over_a_file_and_no_file_is_looked_for() {
    let settings = settings(&[(CLIENT_SECRET, "canary"), (CLIENT_SECRET_FILE, "/does/not/exist")]).unwrap();
    assert_eq!(format!("{:?}", settings.secret().unwrap()), "ClientSecret(redacted)");
}

#[test]
fn a_secret_file_that_is_missing_is_named_with_its_variable_when_it_is_read() {
    let settings = settings(&[(CLIENT_SECRET_FILE, "/does/not/exist")]).unwrap();
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    let secret = settings.secret().unwrap();
    let mut reading = secret.read(&user);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = reading.as_mut().poll(&mut context) else { panic!() };
    assert_eq!(
        error.to_string(),
        "cannot read the client secret from /does/not/exist (CG_AUTH_CLIENT_SECRET_FILE)"
    );
    let source = error.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(source.kind(), std::io::ErrorKind::NotFound, "the recovery follows from it");
}

#[test]
fn on_another_runtime_each_thing_requires_the_same() {
    use cg_auth_core::{
        ClientSecret,
        testing::{ManualClock, ScriptedTransport},
    };

    let nothing = settings(&[]).unwrap();
    let (transport, clock) = (ScriptedTransport::new, ManualClock::new);
    let provider = nothing.provider_with_runtime(transport(), clock()).unwrap_err();
    assert_eq!(provider.variables(), [BASE_URL, USER_PRINCIPAL_NAME, CLIENT_SECRET]);
    let pool = nothing.pool_with_runtime(transport(), clock()).unwrap_err();
    assert_eq!(pool.variables(), [BASE_URL, CLIENT_SECRET]);

    let base_url = BaseUrl::parse("https://example.com").unwrap();
    let user = UserPrincipalName::new("someone@example.com").unwrap();
    let most = nothing.with_base_url(base_url).with_secret(ClientSecret::new("s3cret").unwrap());
    assert!(most.pool_with_runtime(transport(), clock()).is_ok());
    assert!(most.clone().provider_with_runtime(transport(), clock()).is_err());
    let provider = most.with_user(user.clone()).provider_with_runtime(transport(), clock()).unwrap();
    assert_eq!(provider.user_principal_name(), user);
}

#[cfg(feature = "tokio")]
#[test]
fn each_thing_requires_what_it_needs_and_all_that_is_missing_is_named_at_once() {
    use cg_auth_core::{ClientSecret, testing::ScriptedTransport};

    let nothing = settings(&[]).unwrap();
    let transport = ScriptedTransport::new;
    let missing = |error: EnvironmentError| (error.variables().to_vec(), error.to_string());
    assert_eq!(missing(nothing.client(transport()).unwrap_err()).0, [BASE_URL]);
    assert_eq!(missing(nothing.pool(transport()).unwrap_err()).0, [BASE_URL, CLIENT_SECRET]);
    let (variables, text) = missing(nothing.provider(transport()).unwrap_err());
    assert_eq!(variables, [BASE_URL, USER_PRINCIPAL_NAME, CLIENT_SECRET]);
    assert!(text.starts_with(
        "CG_AUTH_BASE_URL, CG_AUTH_USER_PRINCIPAL_NAME, CG_AUTH_CLIENT_SECRET are not set: set CG_AUTH_BASE_URL to a URL"
    ));
    assert!(text.contains("or CG_AUTH_CLIENT_SECRET_FILE to the file"), "{text}");

    let plain = BaseUrl::parse_allowing_http("http://example.com").unwrap();
    let pool = nothing.with_base_url(plain.clone()).with_secret(ClientSecret::new("s3cret").unwrap());
    assert!(pool.pool(transport()).is_ok());
    let whole = pool.with_user(UserPrincipalName::new("someone@example.com").unwrap());
    assert_eq!(*whole.client(transport()).unwrap().base_url(), plain);
    assert!(whole.provider(transport()).is_ok());
}

#[cfg(feature = "rustls")]
#[test]
fn the_ca_file_is_read_and_must_hold_certificates() {
    let folder = env::temp_dir().join(format!("cg-auth-environment-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("ca.pem");
    let told = |content: &[u8]| {
        fs::write(&file, content).unwrap();
        settings(&[(CA_FILE, file.to_str().unwrap())])
            .map(|settings| settings.ca_file().map(Path::to_path_buf))
            .map_err(|error| cause_chain(&error))
    };
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
    assert_eq!(told(pem.as_bytes()), Ok(Some(file.clone())));
    assert_eq!(told(format!("\u{feff}{pem}").as_bytes()), Ok(Some(file.clone())), "a byte order mark");
    let name = file.display();
    for content in ["", "canary"] {
        assert_eq!(told(content.as_bytes()), Err(format!("no certificate in {name} (CG_AUTH_CA_FILE)")));
    }
    let damaged = told(pem.replace("END", "canary").as_bytes()).unwrap_err();
    assert!(
        damaged.starts_with(&format!("cannot parse a certificate in {name} (CG_AUTH_CA_FILE): ")),
        "{damaged}"
    );
    assert!(!damaged.contains("canary"));
    let too_long = told(&vec![b'x'; 5 * 1024 * 1024]).unwrap_err();
    assert!(too_long.contains("longer than 4194304 bytes"), "{too_long}");
    fs::remove_dir_all(&folder).unwrap();
    let missing = settings(&[(CA_FILE, file.to_str().unwrap())]).unwrap_err();
    assert_eq!(
        missing.to_string(),
        format!("cannot read the root certificates from {name} (CG_AUTH_CA_FILE)")
    );
    assert!(missing.source().is_some());
}
