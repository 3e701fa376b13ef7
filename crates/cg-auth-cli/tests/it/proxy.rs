//! `cg-auth proxy`: requests, answers and tokens.

#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::channel,
    time::Duration,
};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_tests::{
    http2::{Http2, RST_STREAM},
    listener::Listener,
    tls::TlsServer,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    harness::{block_on, cg_auth_process, emulator, file, stderr, stdout, with_emulator},
    upstream::{Upstream, answer, read},
};

/// A proxy without a command, which has printed its URL.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// Without a slash at the end.
    pub(crate) url: String,
    pub(crate) errors: BufReader<std::process::ChildStderr>,
    output: BufReader<std::process::ChildStdout>,
}

impl Running {
    pub(crate) fn start(emulator: &Emulator, upstream: &str, options: &[&str]) -> Self {
        let mut command = cg_auth_process();
        command.args(["proxy", "--upstream", upstream]).args(options).envs(emulator.env());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let errors = BufReader::new(child.stderr.take().unwrap());
        let mut url = String::new();
        output.read_line(&mut url).unwrap();
        assert!(url.ends_with('\n'), "{url:?}");
        Self { child, url: url.trim_end().to_owned(), errors, output }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap().split('/').next().unwrap()
    }

    /// The path below which the proxy answers.
    pub(crate) fn prefix(&self) -> &str {
        self.url.strip_prefix("http://").unwrap().split_once('/').unwrap().1
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends the bytes, and returns what comes back until the proxy closes the connection.
    pub(crate) fn exchange(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        // The proxy may answer and close before it has read everything.
        let _ = stream.write_all(request.as_ref());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A whole request with these lines after the first, and `Connection: close`.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let (prefix, host) = (self.prefix(), self.address());
        self.exchange(format!(
            "{method} /{prefix}{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n{body}"
        ))
    }

    pub(crate) fn stop(mut self, signal: Signal) -> (Option<i32>, String, String) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let (mut more, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut more).unwrap();
        self.errors.read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), more, errors)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status_of(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

/// `curl` with `arguments`.
fn curl(arguments: &[&str]) -> Output {
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "60"]).args(arguments).env_remove("http_proxy");
    command.output().unwrap()
}

#[test]
fn a_python_program_makes_calls_across_three_expiries_without_a_failed_one() {
    let program = "import http.client, json, os, time, urllib.parse, urllib.request\n\
        base = os.environ['CG_AUTH_UPSTREAM_URL']\n\
        parts = urllib.parse.urlsplit(base)\n\
        kept = http.client.HTTPConnection(parts.netloc)\n\
        tokens, calls, ends = [], 0, time.monotonic() + 60\n\
        while len(tokens) < 4 and time.monotonic() < ends:\n\
        \x20   kept.request('GET', parts.path + '/me')\n\
        \x20   answer = kept.getresponse()\n\
        \x20   assert answer.status == 200, (answer.status, answer.read())\n\
        \x20   first = json.load(answer)['tokenId']\n\
        \x20   with urllib.request.urlopen(base + '/me') as answer:\n\
        \x20       second = json.load(answer)['tokenId']\n\
        \x20   tokens += [one for one in dict.fromkeys((first, second)) if one not in tokens]\n\
        \x20   calls += 2\n\
        \x20   time.sleep(0.02)\n\
        print(len(tokens), calls > 20)\n";
    let builder = Emulator::builder().token_lifetime(Duration::from_secs(4));
    let emulator = block_on(builder.start()).unwrap();
    let run = |transport: &str| {
        let upstream = emulator.base_url().as_str();
        let command =
            ["proxy", "--transport", transport, "--upstream", upstream, "--", "python3", "-c", program];
        let output = with_emulator(&emulator, &command).output().unwrap();
        assert_eq!(
            (stdout(&output).as_str(), output.status.code()),
            ("4 True\n", Some(0)),
            "{}",
            stderr(&output)
        );
    };
    let run = &run;
    std::thread::scope(|scope| {
        for transport in ["reqwest", "hyper"] {
            scope.spawn(move || run(transport));
        }
    });
}

#[test]
fn a_token_that_the_upstream_refuses_is_replaced_at_once() {
    // For the service the token has expired, for the proxy's own clock it has not.
    let emulator = emulator();
    let running = Running::start(&emulator, emulator.base_url().as_str(), &[]);
    assert_eq!(status_of(&running.ask("GET", "/me", "", "")), "200");
    emulator.clock().advance(Duration::from_secs(2 * 3600));
    assert_eq!(status_of(&running.ask("GET", "/me", "", "")), "200");
}

#[test]
fn a_refused_request_is_sent_once_more_with_its_body_and_a_new_token() {
    let emulator = emulator();
    let long = "x".repeat(64 * 1024);
    for (headers, body, expected) in [
        (String::new(), String::new(), ""),
        ("content-length: 5\r\n".to_owned(), "hello".to_owned(), "hello"),
        (format!("content-length: {}\r\n", long.len()), long.clone(), long.as_str()),
        ("transfer-encoding: chunked\r\n".to_owned(), "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n".to_owned(), "hello"),
    ] {
        let upstream = Upstream::start(|stream, number, _| {
            let status = if number == 0 { "401 Unauthorized" } else { "200 OK" };
            stream.write_all(answer(status, "", "seen").as_bytes()).unwrap();
        });
        let running = Running::start(&emulator, &upstream.url, &[]);
        let method = if expected.is_empty() { "GET" } else { "POST" };
        assert_eq!(status_of(&running.ask(method, "/x?y=1", &headers, &body)), "200");
        let received = upstream.received();
        assert_eq!(received.len(), 2);
        let [first, second] = [&received[0], &received[1]];
        assert_eq!(first.line, format!("{method} /x?y=1 HTTP/1.1"));
        assert_eq!((&first.line, &first.body), (&second.line, &second.body));
        assert!(second.body == expected.as_bytes(), "{} bytes", second.body.len());
        assert_ne!(first.all("authorization"), second.all("authorization"));
    }
}

#[test]
fn the_body_of_a_get_is_not_lost() {
    let (emulator, upstream) = (emulator(), Upstream::always(&answer("200 OK", "", "")));
    let running = Running::start(&emulator, &upstream.url, &[]);
    for (headers, body) in [
        ("content-length: 5\r\n", "hello"),
        ("transfer-encoding: chunked\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
    ] {
        assert_eq!(status_of(&running.ask("GET", "/", headers, body)), "200");
        assert_eq!(upstream.received().last().unwrap().body, b"hello", "{headers}");
    }
}

#[test]
fn only_a_refused_token_and_a_short_body_make_the_proxy_repeat_a_request() {
    let emulator = emulator();
    let too_long = "x".repeat(64 * 1024 + 1);
    let scope = "www-authenticate: Bearer error=\"insufficient_scope\"\r\n";
    for (status, headers, body, requests) in [
        ("401 Unauthorized", "", "", 2),
        ("401 Unauthorized", scope, "", 1),
        ("403 Forbidden", "", "", 1),
        ("500 Internal Server Error", "", "", 1),
        ("401 Unauthorized", "", too_long.as_str(), 1),
    ] {
        let upstream = Upstream::always(&answer(status, headers, "refused"));
        let running = Running::start(&emulator, &upstream.url, &[]);
        let length = format!("content-length: {}\r\n", body.len());
        let shown = running.ask("POST", "/", &length, body);
        assert_eq!((status_of(&shown), shown.ends_with("refused")), (&status[..3], true), "{shown}");
        assert_eq!(upstream.received().len(), requests, "{status} {headers}");
    }
}

#[test]
fn a_long_body_is_not_repeated_but_the_next_request_has_a_new_token() {
    let emulator = emulator();
    let upstream = Upstream::start(|stream, number, _| {
        let status = if number == 0 { "401 Unauthorized" } else { "200 OK" };
        stream.write_all(answer(status, "", "").as_bytes()).unwrap();
    });
    let running = Running::start(&emulator, &upstream.url, &[]);
    let body = "x".repeat(100_000);
    for expected in ["401", "200"] {
        assert_eq!(status_of(&running.ask("PUT", "/", "content-length: 100000\r\n", &body)), expected);
    }
    let received = upstream.received();
    assert_ne!(received[0].all("authorization"), received[1].all("authorization"));
}

#[test]
fn an_upstream_may_refuse_a_request_before_its_body_is_there() {
    let emulator = emulator();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let running = Running::start(&emulator, &format!("http://{}", listener.local_addr().unwrap()), &[]);
    let mut client = running.connect();
    let (prefix, host) = (running.prefix(), running.address());
    let head = format!(
        "POST /{prefix}/x HTTP/1.1\r\nhost: {host}\r\ncontent-length: 10\r\nconnection: close\r\n\r\nfirst"
    );
    client.write_all(head.as_bytes()).unwrap();
    let (mut first, _) = listener.accept().unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"first") {
        let mut byte = [0];
        first.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    first.write_all(answer("401 Unauthorized", "", "").as_bytes()).unwrap();
    // The second request begins while the client still holds back the rest.
    let (second, _) = listener.accept().unwrap();
    // The first connection is of no more use, and is closed.
    let _ = first.read(&mut [0; 16]);
    client.write_all(b"other").unwrap();
    let mut reader = BufReader::new(second.try_clone().unwrap());
    assert_eq!(read(&mut reader).unwrap().body, b"firstother");
    (&second).write_all(answer("200 OK", "", "").as_bytes()).unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    assert_eq!(status_of(&text), "200");
}

#[test]
fn the_upstream_receives_the_token_and_none_of_the_clients_credentials() {
    let emulator = emulator();
    let upstream = Upstream::always(&answer(
        "302 Found",
        "location: https://elsewhere.example/x\r\nset-cookie: a=b\r\nx-own: 1\r\nkeep-alive: timeout=1\r\n",
        "",
    ));
    let running = Running::start(&emulator, &format!("{}/api/", upstream.url), &[]);
    let headers = format!(
        "authorization: Basic canary\r\nproxy-authorization: Basic canary\r\ncookie: canary\r\n\
         connection: x-named, keep-alive\r\nx-named: canary\r\nkeep-alive: canary\r\nte: trailers, gzip\r\n\
         proxy-connection: canary\r\nreferer: {}/page\r\nx-kept: yes\r\nx-kept: too\r\n",
        running.url
    );
    let shown = running.ask("DELETE", "/a%20b//c?q=%2e", &headers, "");
    let [received] = &upstream.received()[..] else { panic!("one request, no redirect followed") };
    assert_eq!(received.line, "DELETE /api/a%20b//c?q=%2e HTTP/1.1");
    let [authorization] = received.all("authorization")[..] else { panic!("{received:?}") };
    assert!(authorization.starts_with("Bearer eyJ"));
    assert!(
        !format!("{received:?}").contains("canary") && !format!("{received:?}").contains(running.prefix())
    );
    assert_eq!(received.all("x-kept"), ["yes", "too"]);
    assert_eq!(received.all("te"), ["trailers"]);
    assert_eq!(received.all("host"), [upstream.url.strip_prefix("http://").unwrap()]);
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "HTTP/1.1 302 Found");
    assert!(
        lines.contains(&"location: https://elsewhere.example/x") && lines.contains(&"x-own: 1"),
        "{shown}"
    );
    assert!(!shown.contains("set-cookie") && !shown.contains("timeout=1"), "{shown}");
}

#[test]
fn an_answer_streams_event_by_event_and_a_client_that_leaves_ends_it() {
    for front in ["--http1.1", "--http2-prior-knowledge"] {
        let emulator = emulator();
        let (go, goes) = channel::<()>();
        let (end, ended) = channel();
        let goes = std::sync::Mutex::new(goes);
        let upstream = Upstream::start(move |stream, _, _| {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            for number in 0..3 {
                stream.write_all(format!("9\r\ndata: {number}\n\n\r\n").as_bytes()).unwrap();
                goes.lock().unwrap().recv().unwrap();
            }
            // The stream never ends by itself.
            let _ = stream.read(&mut [0]);
            end.send(()).unwrap();
        });
        let running = Running::start(&emulator, &upstream.url, &[]);
        let mut command = Command::new("curl");
        let mut client = command.args(["-sSN", front, &running.url]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(client.stdout.take().unwrap()).lines().map(Result::unwrap);
        for number in 0..3 {
            // Each event arrives before the upstream may write the next.
            assert_eq!(lines.next().unwrap(), format!("data: {number}"));
            assert_eq!(lines.next().unwrap(), "");
            go.send(()).unwrap();
        }
        client.kill().unwrap();
        client.wait().unwrap();
        ended.recv_timeout(Duration::from_secs(60)).expect("the request to the upstream has ended");
    }
}

#[test]
fn a_client_that_leaves_before_the_answer_ends_the_request() {
    let emulator = emulator();
    let (end, ended) = channel();
    let (begin, begun) = channel();
    let upstream = Upstream::start(move |stream, _, _| {
        begin.send(()).unwrap();
        let _ = stream.read(&mut [0]);
        end.send(()).unwrap();
    });
    let running = Running::start(&emulator, &upstream.url, &[]);
    let mut client = running.connect();
    let head = format!("GET /{}/ HTTP/1.1\r\nhost: {}\r\n\r\n", running.prefix(), running.address());
    client.write_all(head.as_bytes()).unwrap();
    begun.recv_timeout(Duration::from_secs(60)).unwrap();
    drop(client);
    ended.recv_timeout(Duration::from_secs(60)).expect("the request to the upstream has ended");
}

#[test]
fn large_bodies_pass_both_ways_over_both_versions_of_http() {
    let emulator = emulator();
    let upstream = Upstream::start(|stream, _, request| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", request.body.len());
        stream.write_all(head.as_bytes()).unwrap();
        let _ = stream.write_all(&request.body);
    });
    let running = Running::start(&emulator, &upstream.url, &[]);
    let bytes: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let sent = file("proxy-upload", &bytes);
    for front in ["--http1.1", "--http2-prior-knowledge"] {
        let got = file("proxy-download", "");
        for more in [&[][..], &["-H", "Expect: 100-continue"], &["-H", "Transfer-Encoding: chunked"]] {
            if front != "--http1.1" && !more.is_empty() {
                continue;
            }
            let data = format!("@{}", sent.display());
            let arguments = [front, "-f", "--data-binary", &data, "-o", got.to_str().unwrap(), &running.url];
            let output = curl(&[more, &arguments].concat());
            assert!(output.status.success(), "{front} {more:?}: {}", stderr(&output));
            assert!(std::fs::read(&got).unwrap() == bytes, "{front} {more:?}");
        }
    }
}

#[test]
fn answers_without_a_body_keep_their_headers() {
    let emulator = emulator();
    let upstream = Upstream::start(|stream, _, request| {
        let text = match request.line.as_bytes()[0] {
            b'H' => "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\nx-own: 1\r\n\r\n",
            b'D' => "HTTP/1.1 204 No Content\r\nx-own: 1\r\n\r\n",
            _ => "HTTP/1.1 304 Not Modified\r\netag: \"e\"\r\nx-own: 1\r\n\r\n",
        };
        stream.write_all(text.as_bytes()).unwrap();
    });
    let running = Running::start(&emulator, &upstream.url, &[]);
    for front in ["--http1.1", "--http2-prior-knowledge"] {
        for (method, status) in [("-I", "200"), ("-XDELETE", "204"), ("-XGET", "304")] {
            let output = curl(&[front, "-i", method, &running.url]);
            let text = stdout(&output);
            assert!(output.status.success() && text.contains("x-own: 1"), "{method}: {text}");
            assert_eq!(status_of(&text), status, "{front}");
            assert_eq!(text.contains("content-length: 1234"), method == "-I", "{text}");
        }
    }
}

#[test]
fn trailers_pass_both_ways() {
    let emulator = emulator();
    let upstream = Upstream::start(|stream, number, _| {
        let text = if number == 0 {
            answer("401 Unauthorized", "", "")
        } else {
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n"
                .to_owned()
        };
        stream.write_all(text.as_bytes()).unwrap();
    });
    let running = Running::start(&emulator, &upstream.url, &[]);
    let headers = "te: trailers\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n";
    let shown = running.ask("POST", "/", headers, "2\r\nhi\r\n0\r\nx-sum: 5\r\n\r\n");
    assert!(shown.contains("x-sum: 7"), "{shown}");
    for request in upstream.received() {
        assert_eq!(request.trailers, [("x-sum".to_owned(), "5".to_owned())], "{request:?}");
    }
}

#[test]
fn an_upstream_over_tls_is_called_by_http2_and_must_be_trusted() {
    let emulator = block_on(Emulator::builder().tls().start()).unwrap();
    let ca_file = file("proxy-ca.pem", emulator.ca_pem().unwrap());
    let running =
        Running::start(&emulator, emulator.base_url().as_str(), &["--ca-file", ca_file.to_str().unwrap()]);
    for front in ["--http1.1", "--http2-prior-knowledge"] {
        let output = curl(&["-f", front, &format!("{}/me", running.url)]);
        assert!(stdout(&output).contains("someone@example.com"), "{}", stderr(&output));
    }
    let versions: Vec<_> =
        emulator.requests().iter().map(cg_auth_emulator::RecordedRequest::http_version).collect();
    assert!(versions.iter().all(|version| *version == http::Version::HTTP_2), "{versions:?}");

    // Another authority: neither this one nor the platform's.
    let other = block_on(Emulator::builder().tls().start()).unwrap();
    let running =
        Running::start(&emulator, other.base_url().as_str(), &["--ca-file", ca_file.to_str().unwrap()]);
    let shown = running.ask("GET", "/me", "", "");
    assert_eq!(status_of(&shown), "502");
    assert!(shown.contains("the certificate of 127.0.0.1:") && shown.contains("is not trusted"), "{shown}");
}

/// A server that drains its connections from time to time does not take the requests that arrive then.
#[test]
fn a_request_that_the_upstream_certainly_did_not_take_is_sent_again() {
    let emulator = emulator();
    let shown = block_on(async {
        let listener = Listener::bind_tls_with(TlsServer::new().alpn(&[b"h2"])).await;
        let ca_file = file("refused-stream-ca.pem", listener.ca_pem().unwrap());
        let options = ["--ca-file", ca_file.to_str().unwrap()];
        let running = Running::start(&emulator, listener.base_url().as_str(), &options);
        let asking =
            tokio::task::spawn_blocking(move || running.ask("POST", "/x", "content-length: 2\r\n", "ok"));
        let mut http2 = Http2::accept(&listener).await;
        let first = http2.request().await;
        http2.write(RST_STREAM, 0, first, &REFUSED_STREAM.to_be_bytes()).await;
        let second = http2.request().await;
        http2.answer(second, "taken").await;
        let shown = asking.await.unwrap();
        drop(http2);
        shown
    });
    assert!(shown.starts_with("HTTP/1.1 200 ") && shown.contains("taken"), "{shown}");
}

#[test]
fn an_upstream_that_fails_is_named_in_a_502_and_a_silent_one_in_a_504() {
    let emulator = emulator();
    let closing = Upstream::start(|stream, _, _| stream.shutdown(Shutdown::Both).unwrap());
    let garbage = Upstream::always("nonsense\r\n\r\n");
    let switching = Upstream::always("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\r\n");
    let silent = Upstream::start(|stream, _, _| drop(stream.read(&mut [0])));
    for (upstream, status, text) in [
        ("http://127.0.0.1:1", "502", "cannot reach 127.0.0.1:1: connection refused"),
        (&closing.url, "502", "no answer from the upstream"),
        (&garbage.url, "502", "no answer from the upstream"),
        (&switching.url, "502", "upstream"),
        (&silent.url, "504", "did not begin to answer within 300ms"),
    ] {
        let running = Running::start(&emulator, upstream, &["--answer-timeout", "300ms"]);
        let shown = running.ask("GET", "/secret-path?secret-query", "", "");
        assert_eq!(status_of(&shown), status, "{shown}");
        assert!(shown.contains("content-type: text/plain") && shown.contains(text), "{shown}");
        for secret in ["eyJ", "secret-", running.prefix()] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[test]
fn a_client_that_sends_half_a_body_gets_a_408() {
    let emulator = emulator();
    let upstream = Upstream::always(&answer("200 OK", "", ""));
    let running = Running::start(&emulator, &upstream.url, &["--answer-timeout", "300ms"]);
    let shown = running.ask("POST", "/", "content-length: 10\r\n", "half");
    assert_eq!(status_of(&shown), "408", "{shown}");
}

#[test]
fn an_answer_that_breaks_off_is_not_complete_for_the_client() {
    let emulator = emulator();
    let upstream = Upstream::start(|stream, _, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    });
    let running = Running::start(&emulator, &upstream.url, &[]);
    for front in ["--http1.1", "--http2-prior-knowledge"] {
        let output = curl(&[front, &running.url]);
        assert!(!output.status.success(), "{front}: {}", stdout(&output));
    }
}

#[test]
fn an_answer_in_chunks_is_as_long_as_its_chunks_whatever_length_it_announces() {
    let emulator = emulator();
    let upstream = Upstream::start(|stream, _, _| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(format!("{head}2\r\nok\r\n0\r\n\r\n").as_bytes()).unwrap();
    });
    let running = Running::start(&emulator, &upstream.url, &[]);
    for front in ["--http1.1", "--http2-prior-knowledge"] {
        let output = curl(&[front, &running.url]);
        assert!(output.status.success(), "{front}: {}", stderr(&output));
        assert_eq!(stdout(&output), "ok", "{front}");
    }
}

#[test]
fn readiness_tells_whether_there_is_a_valid_token_and_sends_no_request() {
    let builder = Emulator::builder().token_lifetime(Duration::from_secs(4)).token_cache(false);
    let emulator = block_on(builder.start()).unwrap();
    let upstream = Upstream::always(&answer("200 OK", "", ""));
    for transport in ["reqwest", "hyper"] {
        let running = Running::start(&emulator, &upstream.url, &["--transport", transport, "--retries", "0"]);
        let ready = || running.ask("GET", "/_cg-auth/ready", "", "");
        assert!(ready().contains("200 OK") && ready().contains("ready: the token is valid until 2"));
        assert_eq!(status_of(&running.ask("HEAD", "/_cg-auth/ready", "", "")), "200");
        assert_eq!(status_of(&running.ask("POST", "/_cg-auth/ready", "", "")), "405");

        let _outage = emulator.next(Operation::GetDelegateAccessToken).times(1000).refuse(503);
        let _too = emulator.next(Operation::RefreshUserAccessToken).times(1000).refuse(503);
        let mut shown = ready();
        while status_of(&shown) == "200" {
            std::thread::sleep(Duration::from_millis(20));
            shown = ready();
        }
        assert_eq!(status_of(&shown), "503", "{shown}");
        assert!(shown.contains("no valid token: ") && shown.contains("503"), "{shown}");
        assert!(upstream.received().is_empty());

        let shown = running.ask("GET", "/", "", "");
        assert_eq!(status_of(&shown), "502", "{shown}");
        assert!(shown.contains("no token: ") && upstream.received().is_empty(), "{shown}");
        let (_, _, errors) = running.stop(Signal::TERM);
        assert!(errors.contains("warning: no new token: "), "{errors}");
    }
}

#[test]
fn concurrent_requests_with_a_refused_token_share_one_new_token() {
    let emulator = emulator();
    let upstream = Upstream::start(|stream, number, _| {
        let status = if number < 8 { "401 Unauthorized" } else { "200 OK" };
        stream.write_all(answer(status, "", "").as_bytes()).unwrap();
    });
    let running = Running::start(&emulator, &upstream.url, &[]);
    let asked = emulator.requests().len();
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| running.ask("GET", "/", "", ""))).collect();
        for one in asking {
            let shown = one.join().unwrap();
            assert!(["200", "401"].contains(&status_of(&shown)), "{shown}");
        }
    });
    assert!(emulator.requests().len() <= asked + 2, "{}", emulator.requests().len());
}

/// RFC 9113 section 7
const REFUSED_STREAM: u32 = 7;
