//! Providers of several processes over one folder, against the emulator.

use std::{
    error::Error,
    fs::{self, Permissions},
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use cg_auth_core::{BaseUrl, ClientSecret, UserPrincipalName, token::session::StoreState};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::{AuthClient, HyperTransport};
use cg_auth_store::{TokenProvider, file_store};

use super::private_folder;

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_at_once_make_one_request_and_one_that_was_killed_starts_with_its_token() {
    let (emulator, folder) = (Emulator::start().await.unwrap(), private_folder());
    let mut processes: Vec<_> = (0..8).map(|_| Process::start(&emulator, folder.path())).collect();
    let tokens: Vec<_> = processes.iter_mut().map(Process::token).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0] && token.len() > 20), "{} tokens", tokens.len());
    drop(processes);

    let mut restarted = Process::start(&emulator, folder.path());
    assert!(restarted.token() == tokens[0], "another token after a crash");
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_used_fails_no_call() {
    let (emulator, folder) = (Emulator::start().await.unwrap(), private_folder());
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let credential = emulator.credential();
    let (user, secret) = (credential.user_principal_name(), credential.client_secret());
    for requests in 1..=2 {
        let provider = provider(emulator.base_url().clone(), user.clone(), secret.clone(), folder.path());
        provider.token().await.unwrap();
        assert_eq!(provider.state().store, Some(StoreState::Unavailable));
        assert_eq!(emulator.count(Operation::GetDelegateAccessToken), requests);
    }
}

fn provider(
    base_url: BaseUrl,
    user: UserPrincipalName,
    secret: ClientSecret,
    folder: &Path,
) -> TokenProvider {
    let client = AuthClient::new(base_url, HyperTransport::new().unwrap());
    TokenProvider::new(client, user, secret).with_store(file_store(folder))
}

/// A process that gets a token, shows it and waits to be killed.
struct Process {
    child: Child,
}

impl Process {
    fn start(emulator: &Emulator, folder: &Path) -> Self {
        let credential = emulator.credential();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "providers::process", "--nocapture"])
            .env("CG_AUTH_TEST_PROVIDER_FOLDER", folder)
            .env("CG_AUTH_TEST_PROVIDER_URL", emulator.base_url().to_string())
            .env("CG_AUTH_TEST_PROVIDER_USER", credential.user_principal_name().as_str())
            .env("CG_AUTH_TEST_PROVIDER_SECRET", credential.client_secret().expose_secret())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child }
    }

    fn token(&mut self) -> String {
        let lines = BufReader::new(self.child.stdout.as_mut().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        lines.find_map(|line| Some(line.split_once("token: ")?.1.to_owned())).unwrap_or_default()
    }
}

/// Kills it, also where a test fails.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// The program of [`Process`]. Without its variables it does nothing.
#[tokio::test(flavor = "current_thread")]
async fn process() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::var_os("CG_AUTH_TEST_PROVIDER_FOLDER") else { return Ok(()) };
    let variable = |name: &str| std::env::var(format!("CG_AUTH_TEST_PROVIDER_{name}"));
    let base_url = BaseUrl::parse(&variable("URL")?)?;
    let (user, secret) =
        (UserPrincipalName::new(variable("USER")?)?, ClientSecret::new(variable("SECRET")?)?);
    let provider = provider(base_url, user, secret, &PathBuf::from(folder));
    println!("\ntoken: {}", provider.token().await?.expose_secret());
    std::future::pending().await
}
