#!/usr/bin/env python3
"""What it costs a program to adopt `cg-auth-core`: a cold release build of it, beside the crates of any JSON client.

    python3 benches/adoption.py [--pairs N] [--timings]

Two packages in a temporary folder depend on nothing but the core, and on nothing but the crates of the floor, in
the versions of this workspace. Pairs of cold builds alternate, so that other load on the machine meets both. The
script prints a Markdown table with the medians of the processor time, user and system together, the median ratio
of the pairs and the crates of both, and ends with code 1 if a row misses what it has to reach. --timings builds
the core once and prints the time of each crate in its place. It needs Linux or macOS, and the crates must have
been downloaded: `cargo fetch` does that.
"""

import argparse
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What any client of a JSON API has, with the features that it needs.
FLOOR = """
async-trait = "0.1"
bytes = "1"
http = "1"
serde = { version = "1", features = ["derive"] }
serde_json = "1"
thiserror = "2"
"""
CORE = f'cg-auth-core = {{ path = "{ROOT / "crates/cg-auth-core"}" }}'
LARGEST_RATIO = 1.4
MOST_CRATES = 24


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        floor, core = package(folder, "floor", FLOOR), package(folder, "core", CORE)
        if options.timings:
            return print_timings(core)
        pairs = [(build(core), build(floor)) for _ in range(options.pairs)]
        crates, fewest = len(tree(core)), len(tree(floor))
    ours, floors = (statistics.median(column) for column in zip(*pairs))
    ratio = statistics.median(own / other for own, other in pairs)
    print(f"{options.pairs} pairs; {version()}\n")
    print("| cold release build | core | floor | ratio | to reach |")
    print("|---|---|---|---|---|")
    print(f"| processor time | {ours:.1f} s | {floors:.1f} s | {ratio:.2f} | {LARGEST_RATIO} |")
    print(f"| crates | {crates} | {fewest} | | {MOST_CRATES} |")
    missed = [name for name, is_missed in
              [("processor time", ratio > LARGEST_RATIO), ("crates", crates > MOST_CRATES)] if is_missed]
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--timings", action="store_true", help="print the time of each crate of the core")
    return parser.parse_args()


def package(folder, name, dependencies):
    """An empty library with `dependencies`, in the versions of this workspace's lock."""
    package = pathlib.Path(folder) / name
    (package / "src").mkdir(parents=True)
    (package / "src/lib.rs").touch()
    shutil.copy(ROOT / "Cargo.lock", package)
    (package / "Cargo.toml").write_text(
        f'[workspace]\n[package]\nname = "{name}"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n{dependencies}\n'
    )
    # cargo takes what this package needs out of the copied lock.
    cargo(package, "metadata", "--format-version", "1")
    return package


def build(package, *flags):
    """The processor time of a cold build in seconds."""
    shutil.rmtree(package / "target", ignore_errors=True)
    before = processor_time()
    cargo(package, "build", "--release", *flags)
    return processor_time() - before


def processor_time():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def tree(package):
    lines = cargo(package, "tree", "--edges", "normal", "--prefix", "none").splitlines()
    return {" ".join(line.split()[:2]) for line in lines[1:] if line}


def print_timings(core):
    """One job at a time, so that no crate waits for a processor."""
    build(core, "--timings", "--jobs", "1")
    [report] = (core / "target/cargo-timings").glob("cargo-timing-2*.html")
    units = re.findall(r'"name": "([^"]+)",.*?"target": "([^"]*)",.*?"duration": ([0-9.]+)', report.read_text(), re.S)
    for name, target, seconds in sorted(units, key=lambda unit: -float(unit[2])):
        print(f"{float(seconds):6.2f} s  {name}{target}")


def cargo(package, *arguments):
    """Without the caller's wrapper of the compiler, whose cache would make the build a warm one."""
    environment = {name: value for name, value in os.environ.items() if name not in OF_THE_CALLER}
    result = subprocess.run(
        ["cargo", arguments[0], "--offline", *arguments[1:]],
        cwd=package, env=environment, capture_output=True, text=True,
    )
    if result.returncode != 0:
        sys.exit(f"cargo {arguments[0]} failed:\n{result.stderr}")
    return result.stdout


def version():
    return subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()


OF_THE_CALLER = {"CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTFLAGS"}

if __name__ == "__main__":
    main()
