//! cg-auth beside its peers. `benches/README.md` explains the figures and how to take them.

mod adoption;
mod cache;
mod chart;
mod charts;
mod connectors;
#[path = "../../counting_allocator.rs"]
mod counting_allocator;
mod effort;
#[allow(dead_code)] // the benchmarks of `benches` use the rest
#[path = "../../endpoint_floor.rs"]
mod endpoint_floor;
mod goals;
mod herds;
mod hits;
#[allow(dead_code)] // the benchmarks of `benches` use the rest
#[path = "../../interleaved.rs"]
mod interleaved;
#[allow(dead_code)] // the benchmarks of `benches` use the rest
#[path = "../../lifecycle_floor.rs"]
mod lifecycle_floor;
mod loopback;
#[allow(dead_code)] // the benchmarks of `benches` use the rest
#[path = "../../loopback_server.rs"]
mod loopback_server;
mod machine;
mod pages;
mod peers;
#[allow(dead_code)] // the benchmarks of `benches` use the rest
#[path = "../../pool_floor.rs"]
mod pool_floor;
mod report;
mod server;
mod service;
mod subject;
mod table;
mod turnover;
mod wire;

use std::{fs, path::Path, process::ExitCode};

use tokio::runtime::{Builder, Runtime};

use crate::{effort::Effort, table::Row};

fn main() -> ExitCode {
    server::serve_if_started();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let Options { effort, is_written, only } = Options::parse(std::env::args().skip(1))?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    for (name, measure) in PARTS {
        if only.as_deref().is_none_or(|only| only == name) {
            eprintln!("measuring {name} …");
            rows.extend(measure(&runtime, effort));
        }
    }
    let machine = machine::sentence();
    let goals = report::goals(&goals::goals(&rows));
    let figures = report::figures(&rows);
    println!("{machine}\n\n{goals}\n{figures}");
    if !is_written {
        return Ok(());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("benches/peers/charts");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for (file, svg) in charts::charts(&rows) {
        fs::write(folder.join(file), svg).map_err(|error| error.to_string())?;
    }
    pages::replace(&root.join("benches/README.md"), "goals", &format!("{machine}\n\n{goals}"))?;
    pages::replace(&root.join("benches/README.md"), "peers", &figures)?;
    pages::replace(&root.join("README.md"), "peers", &machine)
}

type Measure = fn(&Runtime, Effort) -> Vec<Row>;

const PARTS: [(&str, Measure); 6] = [
    ("hits", hits::measure),
    ("wire", wire::measure),
    ("loopback", |_, effort| loopback::measure(effort)),
    ("herds", herds::measure),
    ("turnover", turnover::measure),
    ("adoption", |_, effort| adoption::measure(effort)),
];

struct Options {
    effort: Effort,
    is_written: bool,
    only: Option<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { effort: Effort { is_quick: false }, is_written: false, only: None };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => options.effort.is_quick = true,
                "--write" => options.is_written = true,
                "--only" => {
                    let part = arguments.next().filter(|part| PARTS.iter().any(|(name, _)| name == part));
                    options.only = Some(part.ok_or_else(usage)?);
                }
                _ => return Err(usage()),
            }
        }
        if options.is_written && (options.only.is_some() || options.effort.is_quick) {
            return Err("--write takes all figures of a full run: leave out --only and --quick".to_owned());
        }
        Ok(options)
    }
}

fn usage() -> String {
    let parts: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
    format!("usage: cg-auth-peers [--quick] [--only {}] [--write]", parts.join("|"))
}
