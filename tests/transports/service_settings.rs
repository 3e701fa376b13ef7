//! [`ServiceSettings::from_environment`], in a process with the variables of the command.

use std::{env, io::Write};

use cg_auth_core::TokenProvider;
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_transport_util::environment::ServiceSettings;
use cg_auth_ureq::{BlockingTokenProvider, ThreadRuntime, UreqTransport};
use macro_rules_attribute::apply;
use tempfile::NamedTempFile;

use super::{
    environment::{run_in_environment, run_test_in_environment},
    subject::Configurable,
};

/// The three lines of a program.
fn provider<T: Configurable>() -> Result<TokenProvider, Box<dyn std::error::Error>> {
    let settings = ServiceSettings::from_environment()?;
    let transport = T::from_settings(settings.transport())?;
    Ok(settings.provider(transport)?)
}

/// The same of a program without tokio.
fn blocking_provider() -> Result<BlockingTokenProvider, Box<dyn std::error::Error>> {
    let settings = ServiceSettings::from_environment()?;
    let transport = UreqTransport::from_settings(settings.transport())?;
    Ok(settings.provider_with_runtime(transport, ThreadRuntime::new())?.into())
}

#[apply(own_transports)]
async fn a_program_gets_a_token_with_the_variables_of_the_command<T: Configurable>() {
    if env::var_os(PROGRAM).is_some() {
        provider::<T>().unwrap().token().await.unwrap();
        return;
    }
    let service = Service::start().await;
    let test = "a_program_gets_a_token_with_the_variables_of_the_command";
    run_in_environment::<T>(module_path!(), test, &service.variables()).await;
    assert_eq!(service.emulator.count(Operation::GetDelegateAccessToken), 1);
}

#[tokio::test]
async fn a_program_without_tokio_gets_a_token_with_them_too() {
    if env::var_os(PROGRAM).is_some() {
        blocking_provider().unwrap().token().unwrap();
        return;
    }
    let service = Service::start().await;
    let test = "service_settings::a_program_without_tokio_gets_a_token_with_them_too";
    run_test_in_environment(test, &service.variables()).await;
    assert_eq!(service.emulator.count(Operation::GetDelegateAccessToken), 1);
}

#[apply(own_transports)]
async fn without_variables_a_program_names_all_that_are_missing<T: Configurable>() {
    let test = "without_variables_a_program_names_all_that_are_missing";
    if env::var_os(PROGRAM).is_none() {
        return run_in_environment::<T>(module_path!(), test, &[(PROGRAM, "1")]).await;
    }
    for error in [provider::<T>().unwrap_err(), blocking_provider().unwrap_err()] {
        let error = error.to_string();
        let missing = "CG_AUTH_BASE_URL, CG_AUTH_USER_PRINCIPAL_NAME, CG_AUTH_CLIENT_SECRET are not set: set CG_AUTH_BASE_URL to";
        assert!(error.starts_with(missing), "{error}");
    }
}

/// An emulator with TLS, and the file of its root certificate.
struct Service {
    emulator: Emulator,
    ca_file: NamedTempFile,
    environment: Vec<(&'static str, String)>,
}

impl Service {
    async fn start() -> Self {
        let emulator = Emulator::builder().tls().start().await.unwrap();
        let mut ca_file = NamedTempFile::new().unwrap();
        ca_file.write_all(emulator.ca_pem().unwrap().as_bytes()).unwrap();
        Self { environment: emulator.env(), ca_file, emulator }
    }

    fn variables(&self) -> Vec<(&str, &str)> {
        let ca_file = ("CG_AUTH_CA_FILE", self.ca_file.path().to_str().unwrap());
        let environment = self.environment.iter().map(|(name, value)| (*name, value.as_str()));
        environment.chain([ca_file, (PROGRAM, "1")]).collect()
    }
}

/// Set in the process that is the program.
const PROGRAM: &str = "CG_AUTH_TESTS_PROGRAM";
