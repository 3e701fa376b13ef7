//! `/_emulator/`: the index of the control API.

use serde::Serialize;

use super::route::Route;

#[derive(Serialize)]
pub(super) struct Index {
    version: &'static str,
    routes: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    method: &'static str,
    path: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    query: &'static [&'static str],
    summary: &'static str,
}

pub(super) fn list(routes: &'static [Route]) -> Index {
    let row = |route: &'static Route| {
        let Route { method, path, query, summary, .. } = *route;
        Row { method, path, query, summary }
    };
    Index { version: env!("CARGO_PKG_VERSION"), routes: routes.iter().map(row).collect() }
}
