//! Sources of the client secret, and their errors.

use std::{
    env,
    error::Error,
    fs,
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::channel,
    },
    thread,
    time::Duration,
};

use cg_auth_core::{
    AuthClient, ClientSecret, Recovery, TokenErrorKind, TokenPool, TokenProvider,
    testing::{ManualClock, ScriptedTransport},
    token::{EnvironmentSecret, FileSecret, SecretFn, SecretResult, SecretSource},
};
use tempfile::NamedTempFile;

use super::{
    BACK_OFF, LIFETIME, Tasks, asked, client, everywhere, issue, poll, poll_once, provider_with, secrets,
    until, user,
};
use crate::support::{response, shown};

const CANARY: &str = "canary-s3cret";

/// Reads the secret of a source that does not wait.
fn read(source: &dyn SecretSource) -> SecretResult {
    let user = user();
    let std::task::Poll::Ready(result) = poll(source.read(&user).as_mut()) else { panic!("it waits") };
    result
}

fn file_with(bytes: &[u8]) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    fs::write(&file, bytes).unwrap();
    file
}

#[test]
fn a_file_is_read_without_a_byte_order_mark_and_one_newline() {
    for (bytes, secret) in [
        (&b"s3cret"[..], Some("s3cret")),
        (b"s3cret\n", Some("s3cret")),
        (b"s3cret\r\n", Some("s3cret")),
        (b"s3cret\n\n", None),
        (b"s3cret\r", None),
        (b"\ns3cret", None),
        (b"\n", None),
        (b"", None),
        (b"s3cr\xffet", None),
        (b"\xef\xbb\xbfs3cret\r\n", Some("s3cret")),
        (b"\xef\xbb\xbf\xef\xbb\xbfs3cret", None),
    ] {
        let file = file_with(bytes);
        let read = read(&FileSecret::new(file.path()));
        assert_eq!(read.ok(), secret.map(|secret| ClientSecret::new(secret).unwrap()), "{bytes:?}");
    }
}

#[test]
fn a_file_longer_than_64_kib_is_refused_and_not_read_to_its_end() {
    const LIMIT: usize = 64 * 1024;
    let longest = read(&FileSecret::new(file_with(&[b's'; LIMIT]).path())).unwrap();
    assert_eq!(longest.expose_secret().len(), LIMIT);
    let error = read(&FileSecret::new(file_with(&[b's'; LIMIT + 1]).path())).unwrap_err();
    assert!(error.to_string().ends_with("longer than 64 KiB, too long for a client secret"), "{error}");
    #[cfg(unix)]
    assert!(read(&FileSecret::new("/dev/zero")).is_err());
}

#[test]
fn an_error_names_the_file_and_does_not_quote_it() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let error = read(&FileSecret::new(&missing)).unwrap_err();
    assert_eq!(error.downcast_ref::<std::io::Error>().unwrap().kind(), std::io::ErrorKind::NotFound);
    assert!(error.to_string().contains(missing.to_str().unwrap()), "{error}");
    assert!(read(&FileSecret::new(directory.path())).is_err());
    for bytes in [format!("{CANARY}\n{CANARY}").into_bytes(), [CANARY.as_bytes(), b"\xff"].concat()] {
        let file = file_with(&bytes);
        let source = FileSecret::new(file.path());
        let error = read(&source).unwrap_err();
        let shown = format!("{source:?} {}", shown(&*error as &(dyn Error + 'static)));
        assert!(shown.contains(file.path().to_str().unwrap()) && !shown.contains(CANARY), "{shown}");
    }
}

#[test]
fn an_environment_variable_is_read_before_each_acquisition() {
    let (name, secret) = env::vars()
        .find_map(|(name, value)| Some((name, ClientSecret::new(value).ok()?)))
        .expect("a variable that could be a secret, such as HOME");
    assert_eq!(read(&EnvironmentSecret::new(name)).unwrap(), secret);
    let error = read(&EnvironmentSecret::new("CG_AUTH_NO_SUCH_VARIABLE")).unwrap_err();
    assert_eq!(error.to_string(), "the environment variable CG_AUTH_NO_SUCH_VARIABLE is not set");
}

#[test]
fn a_secret_is_read_before_each_acquisition_and_not_for_a_hit() {
    everywhere(async |tasks| {
        let file = file_with(b"first");
        let reads = Arc::new(AtomicUsize::new(0));
        let (path, count) = (file.path().to_owned(), Arc::clone(&reads));
        let secret = SecretFn::new(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            let source = FileSecret::new(&path);
            async move {
                tokio::task::yield_now().await;
                source.read(&user()).await
            }
        });
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, clock) = provider_with(script.clone(), tasks, secret);
        provider.token().await.unwrap();
        provider.token().await.unwrap();
        assert_eq!(reads.load(Ordering::SeqCst), 1);
        fs::write(&file, "second\n").unwrap();
        clock.advance(LIFETIME);
        provider.token().await.unwrap();
        assert_eq!(reads.load(Ordering::SeqCst), 2);
        assert_eq!(secrets(&script), ["first", "second"]);
    });
}

#[test]
fn a_secret_that_cannot_be_read_is_an_error_of_its_own_kind() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1));
        let secret = EnvironmentSecret::new("CG_AUTH_NO_SUCH_VARIABLE");
        let (provider, _clock) = provider_with(script.clone(), tasks, secret);
        let error = provider.token().await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::Secret);
        assert_eq!(error.to_string(), "cannot read the client secret");
        assert!(error.source().unwrap().to_string().contains("CG_AUTH_NO_SUCH_VARIABLE"));
        assert_eq!(provider.delete_token_cache().await.unwrap_err().kind(), TokenErrorKind::Secret);
        assert!(script.requests().is_empty());
    });
}

#[test]
fn a_refused_secret_fails_fast_until_there_is_a_new_one() {
    everywhere(async |tasks| {
        let current = Arc::new(Mutex::new("refused"));
        let source = Arc::clone(&current);
        let secret = SecretFn::new(move |_| {
            let secret = ClientSecret::new(*source.lock().unwrap());
            async { Ok(secret?) }
        });
        let script = ScriptedTransport::new().answer(response(401, &[], "")).answer(issue(1));
        let (provider, clock) = provider_with(script.clone(), tasks, secret);
        for _ in 0..5 {
            let error = provider.token().await.unwrap_err();
            assert_eq!(error.recovery(), Recovery::ReplaceCredential);
            clock.advance(error.retry_after().unwrap());
        }
        assert_eq!(script.requests().len(), 1, "the same secret would be refused again");

        *current.lock().unwrap() = "accepted";
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
        assert_eq!(asked(&script), ["credential"; 2]);
    });
}

#[test]
fn a_refused_secret_is_tried_again_after_a_minute() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(response(401, &[], "")).answer(issue(1));
        let (provider, clock) = provider_with(script, tasks, ClientSecret::new("s3cret").unwrap());
        provider.token().await.unwrap_err();
        clock.advance(Duration::from_secs(60));
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn a_source_that_fails_for_a_moment_is_read_again() {
    everywhere(async |tasks| {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let secret = SecretFn::new(move |_| {
            let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                if is_first {
                    return Err("the vault is sealed".into());
                }
                Ok(ClientSecret::new("s3cret")?)
            }
        });
        let script = ScriptedTransport::new().answer(issue(1));
        let (provider, clock) = provider_with(script, tasks, secret);
        assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::Secret);
        assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::Secret);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "the source is not read during the back-off");
        clock.advance(BACK_OFF);
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
    });
}

/// Calls a function when it is dropped.
struct AtItsEnd<F: Fn()>(F);

impl<F: Fn()> Drop for AtItsEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A source that calls `act` with its owner when it is dropped.
fn parting<T: Send + Sync + 'static>(
    owner: &Arc<OnceLock<T>>,
    act: impl Fn(&T) + Send + Sync + 'static,
) -> impl SecretSource + 'static {
    let owner = Arc::clone(owner);
    let at_its_end = AtItsEnd(move || act(owner.get().unwrap()));
    SecretFn::new(move |_| {
        let _ = &at_its_end;
        async { Ok(ClientSecret::new("s3cret")?) }
    })
}

fn assert_returns(act: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel();
    thread::spawn(move || {
        act();
        done.send(()).unwrap();
    });
    ended.recv_timeout(Duration::from_secs(30)).expect("the test hangs");
}

#[test]
fn a_replaced_source_may_use_its_owner_while_it_is_dropped() {
    let renewed = || ClientSecret::new("another").unwrap();
    let owner = Arc::new(OnceLock::<TokenProvider>::new());
    let source = parting(&owner, move |provider| provider.replace_secret(renewed()));
    let (provider, _clock) = provider_with(ScriptedTransport::new(), Tasks::Parked, source);
    owner.set(provider.clone()).unwrap();
    assert_returns(move || provider.replace_secret(renewed()));

    let owner = Arc::new(OnceLock::<TokenPool>::new());
    let source = parting(&owner, |pool| assert!(pool.is_empty()));
    let pool = TokenPool::new(client(ScriptedTransport::new(), ManualClock::new()), source);
    owner.set(pool.clone()).unwrap();
    assert_returns(move || pool.replace_secret(renewed()));
}

#[test]
fn a_source_that_hangs_fails_the_acquisition_after_the_time_limit_of_a_call() {
    everywhere(async |tasks| {
        let hangs = Arc::new(AtomicBool::new(true));
        let asked = Arc::new(AtomicUsize::new(0));
        let (is_hanging, count) = (Arc::clone(&hangs), Arc::clone(&asked));
        let secret = SecretFn::new(move |_| {
            let (is_hanging, count) = (is_hanging.load(Ordering::SeqCst), Arc::clone(&count));
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                if is_hanging {
                    std::future::pending::<()>().await;
                }
                SecretResult::Ok(ClientSecret::new("s3cret")?)
            }
        });
        let script =
            ScriptedTransport::new().answer(issue(1)).answer(response(200, &[], r#"{"isSuccess":true}"#));
        let (provider, clock) = provider_with(script.clone(), tasks, secret);
        let mut token = pin!(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        let mut deleting = pin!(provider.delete_token_cache());
        assert!(poll_once(deleting.as_mut()).await.is_pending());
        until(|| asked.load(Ordering::SeqCst) == 2).await;
        clock.advance(AuthClient::DEFAULT_TIMEOUT);
        for error in [token.await.unwrap_err(), deleting.await.unwrap_err()] {
            assert_eq!(error.kind(), TokenErrorKind::Secret);
            assert_eq!(error.source().unwrap().to_string(), "the secret was not read within 100s");
        }
        assert!(script.requests().is_empty());

        hangs.store(false, Ordering::SeqCst);
        clock.advance(BACK_OFF);
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn a_source_can_be_chosen_at_run_time() {
    everywhere(async |tasks| {
        let file = file_with(b"in-a-file");
        let from_file: Box<dyn SecretSource> = Box::new(FileSecret::new(file.path()));
        let shared: Arc<dyn SecretSource> = Arc::new(ClientSecret::new("shared").unwrap());
        for (source, expected) in [(from_file, "in-a-file"), (Box::new(shared), "shared")] {
            let script = ScriptedTransport::new().answer(issue(1));
            let (provider, _clock) = provider_with(script.clone(), tasks, source);
            provider.token().await.unwrap();
            assert_eq!(secrets(&script), [expected]);
        }
    });
}
