//! Requests and answers as values: building, reading, both, and a call over a transport that answers at once.

use bytes::Bytes;
use http::Response;
use tokio::runtime::Runtime;

use crate::{
    effort::Effort,
    endpoint_floor::{Credential, delegate_request, read_token},
    hits::{count, ready, repeat, sink},
    interleaved::Contest,
    peers::{azure::Azure, cg_auth, huskarl, oauth2, oauth2::OAuth2, tame},
    service::{HOUR, Service, Shape},
    subject::Subject,
    table::Row,
};

type Operation<'a> = (Subject, Box<dyn Fn() + 'a>);

pub fn measure(runtime: &Runtime, effort: Effort) -> Vec<Row> {
    let envelope: Bytes = Shape::Envelope.body(HOUR).into();
    let flat: Bytes = Shape::OAuth.body(HOUR).into();
    let floor =
        Credential { client_secret: "dGVzdC1vbmx5LXNlY3JldA==", user_principal_name: "someone@example.com" };
    let build_floor = || delegate_request("https://example.com/governance", &floor).unwrap();
    let read_floor = || read_token(&Response::new(envelope.clone())).unwrap();
    let (cg_auth, tame, oauth2) = (cg_auth::Wire::new(), tame::Wire::new(), OAuth2::new());
    let size = envelope.len() as f64 / 1000.0;

    let mut rows = rows(
        ["build", "build, allocations"],
        "sans-io",
        "build the request",
        effort,
        vec![
            (Subject::Floor, Box::new(|| sink(build_floor()))),
            (Subject::CgAuth, Box::new(|| sink(cg_auth.build()))),
            (Subject::Tame, Box::new(|| sink(tame.build()))),
            (Subject::OAuth2, Box::new(|| sink(oauth2.build()))),
        ],
    );
    rows.extend(self::rows(
        ["read", "read, allocations"],
        "sans-io",
        &format!("read an answer of {size:.1} KB"),
        effort,
        vec![
            (Subject::Floor, Box::new(|| sink(read_floor()))),
            (Subject::CgAuth, Box::new(|| sink(cg_auth.read(envelope.clone())))),
            (Subject::Tame, Box::new(|| sink(tame.read(flat.clone())))),
            (Subject::OAuth2, Box::new(|| sink(OAuth2::read(&flat)))),
        ],
    ));
    rows.extend(self::rows(
        ["exchange", "exchange, allocations"],
        "sans-io",
        "build and read",
        effort,
        vec![
            (Subject::Floor, Box::new(|| sink((build_floor(), read_floor())))),
            (Subject::CgAuth, Box::new(|| sink((cg_auth.build(), cg_auth.read(envelope.clone()))))),
            (Subject::Tame, Box::new(|| sink((tame.build(), tame.read(flat.clone()))))),
            (Subject::OAuth2, Box::new(|| sink(oauth2.exchange(&flat)))),
        ],
    ));

    let _entered = runtime.enter();
    let (client, credential) = (cg_auth::client(Service::new()), cg_auth::credential());
    let huskarl = huskarl::Grant::in_memory(Service::new());
    let short_lived = Service::new();
    short_lived.set_lifetime(1);
    let azure = Azure::in_memory(short_lived);
    let body = &flat;
    let send = move |_| {
        let answer = oauth2::json(body.to_vec());
        async move { Ok(answer) }
    };
    rows.extend(self::rows(
        ["call", "call, allocations"],
        "call",
        "a call over a transport that answers at once",
        effort,
        vec![
            (Subject::Floor, Box::new(|| sink((build_floor(), read_floor())))),
            (
                Subject::CgAuth,
                Box::new(|| sink(ready(client.get_delegate_access_token(&credential)).unwrap())),
            ),
            (Subject::Huskarl, Box::new(|| sink(ready(huskarl.call())))),
            (Subject::Azure, Box::new(|| sink(ready(azure.call())))),
            (Subject::OAuth2, Box::new(|| sink(ready(oauth2.call(send))))),
        ],
    ));
    rows
}

fn rows(
    [key, allocations_key]: [&'static str; 2],
    group: &'static str,
    what: &str,
    effort: Effort,
    operations: Vec<Operation<'_>>,
) -> Vec<Row> {
    let mut allocations = Row::new(allocations_key, group, format!("{what}, allocations"));
    let mut contest = Contest::new();
    for (subject, operation) in &operations {
        let count = count(operation);
        allocations.set(*subject, count, format!("{count:.0}"));
        contest.add(subject.name(), move || repeat(OPERATIONS, operation));
    }
    vec![Row::of_shares(key, group, what, contest.shares(effort.rounds(51))), allocations]
}

const OPERATIONS: usize = 2_000;
