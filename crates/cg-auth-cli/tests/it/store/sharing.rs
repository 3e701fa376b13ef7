//! What processes share: one request for all of them.

use std::{
    io::{BufRead as _, BufReader},
    panic::resume_unwind,
    process::Stdio,
    thread,
};

use cg_auth_emulator::Operation;
use serde_json::Value;

use super::{issued, over_each_store};
use crate::{
    harness::{cg_auth_process, emulator, stderr, stdout},
    proxy::Running,
    upstream::{Upstream, answer},
};

#[test]
fn five_runs_at_once_and_each_later_one_make_one_request_over_each_transport() {
    over_each_store(|place| {
        let emulator = emulator();
        let tokens: Vec<_> = thread::scope(|scope| {
            let run = |number: usize| {
                let transport = ["reqwest", "hyper"][number % 2];
                place.token(&emulator, &["--transport", transport])
            };
            let runs: Vec<_> = (0..5).map(|number| scope.spawn(move || run(number))).collect();
            runs.into_iter().map(|run| run.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        assert!(tokens.iter().all(|token| *token == tokens[0] && token.starts_with("eyJ")), "{tokens:?}");
        assert_eq!(place.token(&emulator, &[]), tokens[0]);
        assert_eq!(issued(&emulator), 1);
    });
}

#[test]
fn exec_gives_the_shared_token_and_its_expiry_to_the_command() {
    over_each_store(|place| {
        let emulator = emulator();
        let token = place.token(&emulator, &[]);
        let script = "echo $CG_AUTH_ACCESS_TOKEN $CG_AUTH_ACCESS_TOKEN_EXPIRES_AT $CG_AUTH_STORE";
        let output = place.command(&emulator, &["exec", "--", "sh", "-c", script]).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        let printed = stdout(&output);
        let words: Vec<_> = printed.split_whitespace().collect();
        assert_eq!((words[0], words[2]), (token.as_str(), place.setting().as_str()));
        assert!(humantime::parse_rfc3339(words[1]).is_ok(), "{printed}");
        assert_eq!(issued(&emulator), 1);
    });
}

#[test]
fn a_watch_and_a_proxy_use_the_token_that_a_run_has_left() {
    over_each_store(|place| {
        let emulator = emulator();
        let token = place.token(&emulator, &[]);
        let mut command = cg_auth_process();
        command.args(["token", "--watch", "--store", &place.setting()]).envs(emulator.env());
        let mut watch = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(watch.stdout.take().unwrap()).read_line(&mut line).unwrap();
        watch.kill().unwrap();
        watch.wait().unwrap();
        let printed: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&printed["access_token"], &printed["expiry_source"]), (&token.into(), &"store".into()));

        let upstream = Upstream::always(&answer("200 OK", "", "ok"));
        let running = Running::start(&emulator, &upstream.url, &["--store", &place.setting()]);
        assert!(running.ask("GET", "/x", "", "").starts_with("HTTP/1.1 200"));
        running.stop(rustix::process::Signal::TERM);
        assert_eq!(issued(&emulator), 1);
    });
}

#[test]
fn json_holds_the_shared_token_with_its_expiry() {
    over_each_store(|place| {
        let emulator = emulator();
        let first: Value = serde_json::from_str(&place.token(&emulator, &["-o", "json"])).unwrap();
        let second: Value = serde_json::from_str(&place.token(&emulator, &["-o", "json"])).unwrap();
        assert_eq!(first["access_token"], second["access_token"]);
        assert_eq!(
            (&first["expiry_source"], &second["expiry_source"]),
            (&"jwt_claims".into(), &"store".into())
        );
        let left = |printed: &Value| printed["expires_in"].as_u64().unwrap();
        assert!(left(&second) <= left(&first) && left(&second) + 60 > left(&first), "{first} {second}");
        assert_eq!(second["duration"], Value::Null);
    });
}

#[test]
fn a_token_that_lives_too_short_is_left_there_and_another_is_acquired_for_all() {
    over_each_store(|place| {
        let emulator = emulator();
        place.seed(&emulator, "seeded", 3600, 900);
        assert_eq!(place.token(&emulator, &[]), "seeded");
        assert_eq!(place.token(&emulator, &["--min-lifetime", "10m"]), "seeded");
        assert_eq!(issued(&emulator), 0);

        let longer = place.token(&emulator, &["--min-lifetime", "30m"]);
        assert!(longer.starts_with("eyJ"), "{longer}");
        assert_eq!(place.token(&emulator, &[]), longer, "the others get it too");
        assert_eq!(issued(&emulator), 1);

        let output = place.command(&emulator, &["token", "--min-lifetime", "2h"]).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(7), String::new()), "{}", stderr(&output));
        assert!(stderr(&output).contains("--min-lifetime 2h asks for more"), "{}", stderr(&output));
        assert_eq!(issued(&emulator), 2, "the service was asked once");
    });
}

#[test]
fn a_token_that_is_about_to_end_is_renewed_for_all() {
    over_each_store(|place| {
        let emulator = emulator();
        place.seed(&emulator, "seeded", 3600, 60);
        let renewed = place.token(&emulator, &[]);
        assert!(renewed.starts_with("eyJ"), "{renewed}");
        assert_eq!(place.token(&emulator, &[]), renewed);
        assert_eq!(issued(&emulator), 1);
    });
}

#[test]
fn a_valid_token_is_used_while_the_service_is_down() {
    over_each_store(|place| {
        let emulator = emulator();
        let _down = emulator.next(Operation::GetDelegateAccessToken).always().refuse(503);
        place.seed(&emulator, "seeded", 3600, 60);
        assert_eq!(place.token(&emulator, &["--retries", "0"]), "seeded");
        assert_eq!(place.token(&emulator, &["--retries", "0"]), "seeded");
        assert_eq!(issued(&emulator), 1, "the second run knows of the failure of the first");
    });
}

#[test]
fn a_failure_is_shared_until_the_cool_down_ends() {
    over_each_store(|place| {
        let emulator = emulator();
        let down = emulator.next(Operation::GetDelegateAccessToken).always().refuse(400);
        let first = place.command(&emulator, &["token", "--retries", "0"]).output().unwrap();
        assert_eq!(first.status.code(), Some(3), "{}", stderr(&first));
        let second = place.command(&emulator, &["token", "--error-format", "json"]).output().unwrap();
        assert_eq!((second.status.code(), stdout(&second)), (Some(3), String::new()), "{}", stderr(&second));
        let error = crate::harness::json_error(&second);
        assert_eq!((&error["kind"], &error["status"]), (&"api".into(), &400.into()), "{error}");
        assert_eq!(error["message"], "another process failed to get the token (api, status 400)");
        assert_eq!(error["recovery"], "replace_credential");
        assert!(error["retry_after"].as_u64().is_some_and(|wait| (1..=60).contains(&wait)), "{error}");
        let human = place.command(&emulator, &["token"]).output().unwrap();
        assert!(stderr(&human).contains("hint: ") && stderr(&human).contains("cg-auth store clear"));
        assert_eq!(issued(&emulator), 1, "a refused secret is not sent again");

        drop(down);
        let cleared = place.command(&emulator, &["store", "clear", "--yes"]).output().unwrap();
        assert_eq!(cleared.status.code(), Some(0), "{}", stderr(&cleared));
        assert!(place.token(&emulator, &[]).starts_with("eyJ"));
    });
}

#[test]
fn a_refresh_token_and_a_store_exclude_each_other() {
    over_each_store(|place| {
        let emulator = emulator();
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("refresh-token");
        for arguments in
            [&["--with-refresh-token", "-o", "json"][..], &["--refresh-token-out", out.to_str().unwrap()]]
        {
            let arguments = [&["token"], arguments].concat();
            let output = place.command(&emulator, &arguments).output().unwrap();
            assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
            assert!(stderr(&output).contains("a store holds no refresh token"), "{}", stderr(&output));
            assert!(stderr(&output).contains("--no-store"), "{}", stderr(&output));
            assert_eq!(issued(&emulator), 0);
        }
        let output =
            place.command(&emulator, &["token", "--no-store", "--refresh-token-out"]).arg(&out).output();
        assert_eq!(output.unwrap().status.code(), Some(0));
        assert!(out.exists() && place.inspect(&emulator).token.is_none());
    });
}

#[test]
fn a_rotated_secret_finds_an_empty_entry() {
    over_each_store(|place| {
        let emulator = emulator();
        place.token(&emulator, &[]);
        let mut command = place.command(&emulator, &["token"]);
        let output = command.env("CG_AUTH_CLIENT_SECRET", "another").output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(3), String::new()), "{}", stderr(&output));
    });
}
