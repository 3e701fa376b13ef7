//! A thread of tokio that blocks: the acquisition runs on threads of its own, so it goes on.

use cg_auth_core::{testing::ScriptedTransport, time::ThreadRuntime};
use tokio::runtime::Builder;

use super::{bounded, issue, provider};

#[test]
fn a_task_of_a_current_thread_runtime_may_block_for_a_token() {
    let token = bounded(|| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let provider = provider(ScriptedTransport::new().answer(issue(1)));
            ThreadRuntime::block_on(provider.token())
        })
    });
    assert_eq!(token.unwrap().expose_secret(), "token-1");
}

#[test]
fn tasks_of_a_multi_thread_runtime_may_block_for_a_token_all_at_once() {
    let script = ScriptedTransport::new().answer(issue(1));
    let provider = provider(script.clone());
    bounded(move || {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let tasks = [(); 8].map(|()| {
                let provider = provider.clone();
                tokio::spawn(async move { ThreadRuntime::block_on(provider.token()).is_ok() })
            });
            for task in tasks {
                assert!(task.await.unwrap());
            }
        });
    });
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_provider_on_threads_can_be_awaited_on_tokio_too() {
    let token = bounded(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let provider = provider(ScriptedTransport::new().answer(issue(1)));
            provider.token().await
        })
    });
    assert!(token.is_ok());
}
