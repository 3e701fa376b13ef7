//! `cg-auth proxy` as a process: its output, its command, its signals and its exit codes.

#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::Stdio,
    sync::mpsc::channel,
    time::Duration,
};

use cg_auth_emulator::Emulator;
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    harness::{
        answering, cg_auth, cg_auth_process, emulator, http, json_error, stderr, stdout, with_emulator,
    },
    proxy::Running,
    upstream::{Upstream, answer},
};

/// Runs `script` under a proxy for `upstream`.
fn proxy(emulator: &Emulator, upstream: &str, script: &str) -> assert_cmd::Command {
    with_emulator(emulator, &["proxy", "--upstream", upstream, "--", "sh", "-c", script])
}

#[test]
fn the_url_is_the_only_line_on_standard_output_and_is_never_logged() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let mut prefixes = Vec::new();
    for transport in ["reqwest", "hyper"] {
        let running = Running::start(&emulator, &upstream.url, &["-v", "--transport", transport]);
        let (url, prefix) = (running.url.clone(), running.prefix().to_owned());
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        assert!(prefix.len() >= 32 && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{url}");
        let secret = "authorization: Basic canary\r\ncookie: canary\r\n";
        assert!(running.ask("GET", "/canary?canary", secret, "").starts_with("HTTP/1.1 200"));
        let (code, output, errors) = running.stop(Signal::TERM);
        assert_eq!((code, output.as_str()), (Some(0), ""));
        assert!(errors.contains("GET: 200"), "{errors}");
        let client_secret = emulator.credential().client_secret().expose_secret();
        for secret in [&prefix, "canary", "eyJ", client_secret] {
            assert!(!errors.contains(secret), "{errors}");
        }
        prefixes.push(prefix);
    }
    assert_ne!(prefixes[0], prefixes[1], "each run has another prefix");
}

#[test]
fn the_command_gets_the_url_and_this_machine_in_no_proxy_and_no_secret() {
    const CANARY: &str = "canary-4f1d";
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "ok")));
    let script = "tr '\\0' '\\n' </proc/$$/environ; tr '\\0' ' ' </proc/$PPID/cmdline; echo; curl -sS $CG_AUTH_UPSTREAM_URL";
    let mut command = proxy(&emulator, &upstream.url, script);
    // A proxy of the environment that does not exist: the command does not go through it.
    for name in ["http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, format!("http://user:{CANARY}@127.0.0.1:1"));
    }
    command.env("CG_AUTH_REFRESH_TOKEN", CANARY).env("CG_AUTH_ACCESS_TOKEN", CANARY);
    command.env("NO_PROXY", "internal.example").env_remove("no_proxy");
    let output = command.output().unwrap();
    let printed = stdout(&output);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{printed}");
    assert!(printed.ends_with("\nok"), "{printed}");
    let lines: Vec<_> = printed.lines().collect();
    for name in ["NO_PROXY", "no_proxy"] {
        let expected = format!("{name}=internal.example,127.0.0.1,localhost");
        assert!(lines.contains(&expected.as_str()), "{printed}");
    }
    assert!(printed.contains("CG_AUTH_UPSTREAM_URL=http://127.0.0.1:"), "{printed}");
    for secret in
        [CANARY, "eyJ", emulator.credential().client_secret().expose_secret(), "CG_AUTH_CLIENT_SECRET"]
    {
        assert!(!printed.contains(secret), "{secret}: {printed}");
    }
}

#[test]
fn the_exit_code_of_the_command_is_passed_on() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("exit 200", 200), ("kill -KILL $$", 137)] {
        let output = proxy(&emulator, &upstream.url, script).output().unwrap();
        assert_eq!(
            (output.status.code(), stdout(&output), stderr(&output)),
            (Some(code), String::new(), String::new())
        );
    }
    for (program, code) in [("/does/not/exist", 127), ("/", 126)] {
        let output =
            with_emulator(&emulator, &["proxy", "--upstream", &upstream.url, "--", program]).output();
        let output = output.unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(code), String::new()));
        assert!(stderr(&output).starts_with("error: cannot run the command "), "{}", stderr(&output));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_command_inherits_no_socket_and_no_ignored_signal_of_the_proxy() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    let seen = |prefix: &str| {
        let inner = "ls /proc/self/fd; grep ^SigIgn /proc/self/status | cut -c 17-";
        let script = format!("exec {prefix} sh -c '{inner}'");
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script]).envs(emulator.env()).stdin(Stdio::null());
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let of_command = seen(&format!("{} proxy --upstream {} --", itself.display(), upstream.url));
    assert_eq!(of_command, seen("env"));
}

#[test]
fn no_command_is_started_and_no_url_is_printed_without_a_token() {
    let refused = http("400 Bad Request", "", r#"{"message":["refused"]}"#);
    let rejected = http("200 OK", "", r#"{"isSuccess":false,"errorMsg":"no"}"#);
    for transport in ["reqwest", "hyper"] {
        for (url, code) in [
            (answering(refused.clone()), 3),
            (answering(rejected.clone()), 3),
            (answering(http("200 OK", "", "nonsense")), 4),
            ("http://127.0.0.1:1".to_owned(), 5),
            (answering(None), 6),
            ("ftp://127.0.0.1".to_owned(), 2),
        ] {
            let mut command = cg_auth();
            command.args(["proxy", "--upstream", "http://127.0.0.1:1", "--base-url", &url, "--upn", "a@b"]);
            command.args(["--retries", "0", "--transport", transport, "--timeout", "2s", "--", "echo", "x"]);
            let output = command.env("CG_AUTH_CLIENT_SECRET", "s3cret").output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{transport} {url}: {}", stderr(&output));
            assert_eq!(stdout(&output), "");
        }
    }
}

#[test]
fn wrong_arguments_are_refused_with_the_way_out() {
    let emulator = emulator();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, text) in [
        (&["proxy"][..], "--upstream <URL>"),
        (&["proxy", "--upstream", "http://a.example"], "--upstream must be https"),
        (&["proxy", "--upstream", "https://user:canary@a.example"], "--upstream "),
        (&["proxy", "--upstream", "a.example"], "--upstream "),
        (&["proxy", "--upstream", "https://a.example", "--port", &port], "cannot listen on 127.0.0.1:"),
        (&["proxy", "--upstream", "https://a.example", "--port", "65536"], "it is not in 0..=65535"),
        (&["proxy", "--upstream", "https://a.example", "--answer-timeout", "0s"], "greater than zero"),
    ] {
        let output = with_emulator(&emulator, arguments).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{arguments:?}");
        assert!(stderr(&output).contains(text), "{}", stderr(&output));
        assert!(!stderr(&output).contains("canary"));
    }
    let json = ["proxy", "--error-format", "json", "--upstream", "http://a.example"];
    let error = json_error(&with_emulator(&emulator, &json).output().unwrap());
    assert_eq!(
        (error["kind"].as_str(), error["recovery"].as_str()),
        (Some("config"), Some("fix_configuration"))
    );
}

#[test]
fn a_signal_ends_the_proxy_after_the_requests_in_flight() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let emulator = emulator();
        let (begin, begun) = channel();
        let (go, goes) = channel::<()>();
        let goes = std::sync::Mutex::new(goes);
        let upstream = Upstream::start(move |stream, _, _| {
            begin.send(()).unwrap();
            goes.lock().unwrap().recv().unwrap();
            stream.write_all(answer("200 OK", "", "late").as_bytes()).unwrap();
        });
        let mut running = Running::start(&emulator, &upstream.url, &[]);
        let mut client = running.connect();
        let head = format!("GET /{}/ HTTP/1.1\r\nhost: {}\r\n\r\n", running.prefix(), running.address());
        client.write_all(head.as_bytes()).unwrap();
        begun.recv().unwrap();
        kill_process(Pid::from_child(&running.child), signal).unwrap();
        // The proxy accepts no further connection, and the request in flight goes on.
        while std::net::TcpStream::connect(running.address()).is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
        go.send(()).unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert!(text.ends_with("late"), "{text}");
        assert_eq!(running.child.wait().unwrap().code(), Some(0), "{signal:?}");
    }
}

#[test]
fn a_second_signal_ends_the_proxy_at_once() {
    let emulator = emulator();
    let (begin, begun) = channel();
    let upstream = Upstream::start(move |stream, _, _| {
        begin.send(()).unwrap();
        let _ = stream.read(&mut [0]);
    });
    let mut running = Running::start(&emulator, &upstream.url, &[]);
    let mut client = running.connect();
    let head = format!("GET /{}/ HTTP/1.1\r\nhost: {}\r\n\r\n", running.prefix(), running.address());
    client.write_all(head.as_bytes()).unwrap();
    begun.recv().unwrap();
    for _ in 0..2 {
        kill_process(Pid::from_child(&running.child), Signal::TERM).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    let mut text = String::new();
    let _ = client.read_to_string(&mut text);
    assert_eq!(text, "");
}

#[test]
fn a_signal_goes_to_the_command_and_the_third_kills_it() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    for (name, signal, killed) in
        [("INT", Signal::INT, 130), ("TERM", Signal::TERM, 143), ("HUP", Signal::HUP, 129)]
    {
        let start = |script: &str| {
            let mut command = cg_auth_process();
            command.args(["proxy", "--upstream", &upstream.url, "--", "sh", "-c", script]);
            command.envs(emulator.env()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            assert_eq!(lines.next().unwrap(), "ready");
            (child, lines)
        };
        let (mut child, mut lines) =
            start(&format!("trap 'echo caught; exit 5' {name}; echo ready; while :; do sleep 0.05; done"));
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(lines.next().unwrap(), "caught");
        assert_eq!(child.wait().unwrap().code(), Some(5));

        let script = format!("trap 'echo again' {name}; echo ready; while :; do sleep 0.05; done");
        let (mut child, mut lines) = start(&script);
        for number in 0..3 {
            kill_process(Pid::from_child(&child), signal).unwrap();
            if number < 2 {
                assert_eq!(lines.next().unwrap(), "again");
            }
        }
        assert_eq!(child.wait().unwrap().code(), Some(killed));
    }
}

#[test]
fn a_signal_before_the_first_token_ends_the_proxy_with_its_code() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut command = cg_auth_process();
        command.args(["proxy", "--upstream", "https://a.example", "--base-url", &url, "--upn", "a@b"]);
        command.env("CG_AUTH_CLIENT_SECRET", "s3cret").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let _connection = listener.accept().unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        let mut printed = String::new();
        child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        assert_eq!((child.wait().unwrap().code(), printed.as_str()), (Some(code), ""));
    }
}

#[test]
fn a_port_may_be_chosen() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let running = Running::start(&emulator, &upstream.url, &["--port", &free]);
    assert!(running.url.starts_with(&format!("http://127.0.0.1:{free}/")), "{}", running.url);
}

#[test]
fn the_example_of_the_readme_works() {
    let readme = include_str!("../../README.md");
    let block = |opening: &str| readme.split(opening).nth(1).unwrap().split("```").next().unwrap();
    let recipe = format!("cg-auth proxy {}", block("```sh\ncg-auth proxy "));
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme-proxy");
    std::fs::create_dir_all(&folder).unwrap();
    let program = format!("{}print(reports.decode())\n", block("```python\n"));
    std::fs::write(folder.join("report.py"), program).unwrap();

    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "three reports")));
    let recipe = recipe.replace("https://api.example.com", &upstream.url);
    let bin = std::path::Path::new(assert_cmd::cargo::cargo_bin!("cg-auth")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-ec", &recipe]).current_dir(&folder).envs(emulator.env()).env("PATH", path);
    let output = shell.output().unwrap();
    assert_eq!(
        (stdout(&output).as_str(), output.status.code()),
        ("three reports\n", Some(0)),
        "{}",
        stderr(&output)
    );
    assert_eq!(upstream.received()[0].line, "GET /v1/reports HTTP/1.1");
}
