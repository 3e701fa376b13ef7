//! Inside of a tokio runtime a call blocks its thread, and ends all the same.

use tokio::runtime::Builder;

use super::{bounded, call, provider, service};

#[test]
fn the_only_thread_of_a_runtime_may_wait() {
    let service = service();
    let provider = provider(&service);
    let token = bounded(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { provider.token() })
    });
    assert!(token.is_ok());
}

#[test]
fn a_task_of_the_only_thread_may_make_a_request_with_a_refused_token() {
    let service = service();
    let provider = provider(&service);
    provider.token().unwrap();
    service.revoke_all();
    let refused = |response: &http::Response<_>| response.status() == 401;
    let status = bounded(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let task =
            async move { provider.authorized(refused, |header| call(&service, header)).unwrap().status() };
        runtime.block_on(async { tokio::task::LocalSet::new().run_until(task).await })
    });
    assert_eq!(status, 200);
}

#[test]
fn all_threads_of_a_runtime_may_wait_at_once() {
    let service = service();
    let provider = provider(&service);
    bounded(move || {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let tasks = [(); 8].map(|()| {
            let provider = provider.clone();
            runtime.spawn(async move { provider.token().is_ok() })
        });
        for task in tasks {
            assert!(runtime.block_on(task).unwrap());
        }
    });
}

#[test]
fn async_code_awaits_the_same_tokens() {
    let service = service();
    let provider = provider(&service);
    let runtime = Builder::new_current_thread().build().unwrap();
    let token = runtime.block_on(provider.as_async().token()).unwrap();
    assert!(provider.token().unwrap().is_same_issue(&token));
}
