#!/usr/bin/env python3
"""Whole process of `cg-auth` against `curl`: start-up, one exchange for a token, and the end.

    python3 benches/startup.py [--binary PATH] [--pairs N] [--only ROW]

Without --binary, the script builds `target/release/cg-auth`. An emulator of the service, started from the same
binary, answers both. Pairs of runs alternate, so that other load on the machine meets both. The script prints a
Markdown table with the medians and the median ratio of the pairs, and ends with code 1 if a row misses what it
has to reach. benches/README.md explains the rows.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SYSTEM_FOLDER = "/etc/ssl/certs"
SYSTEM_BUNDLES = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
]
# A row's name, and the ratio to reach.
TARGETS = {"http": 0.9, "https, one root": 0.8, "https, the system's roots": 0.6, "--version": 0.3}
LARGEST_MB = 8.5


def main():
    options = arguments()
    if shutil.which("curl") is None:
        sys.exit("curl is not installed")
    binary = options.binary or build()
    with tempfile.TemporaryDirectory() as folder, Emulator(binary, folder, "http") as plain:
        with Emulator(binary, folder, "https", "--tls") as tls:
            rows = commands(binary, pathlib.Path(folder), plain, tls)
            size = os.stat(binary).st_size / 1e6
            missed = [] if size <= LARGEST_MB else ["size"]
            print(f"{options.pairs} pairs; {curl_version()}; {size:.1f} MB, to reach {LARGEST_MB} MB\n")
            print("| exchange | cg-auth | curl | ratio | to reach |")
            print("|---|---|---|---|---|", flush=True)
            for name, (ours, theirs) in rows.items():
                if options.only in (None, name):
                    mine, curls, ratio = measured(ours, theirs, options.pairs)
                    print(f"| {name} | {mine:.1f} ms | {curls:.1f} ms | {ratio:.2f} | {TARGETS[name]} |", flush=True)
                    missed += [name] if ratio > TARGETS[name] else []
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", help="the cg-auth to measure [default: a release build of this tree]")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--only", choices=TARGETS, help="measure one row")
    return parser.parse_args()


def build():
    command = ["cargo", "build", "--release", "--locked", "--package", "cg-auth-cli"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    return str(pathlib.Path(target) / "release" / "cg-auth")


def curl_version():
    return subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split(" lib")[0]


class Emulator:
    """`cg-auth emulator` as a process."""

    def __init__(self, binary, folder, name, *flags):
        ready = pathlib.Path(folder) / f"{name}.json"
        self.roots = pathlib.Path(folder) / f"{name}.pem"
        command = [binary, "emulator", "--ready-file", str(ready), *flags]
        if "--tls" in flags:
            command += ["--ca-out", str(self.roots)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            if ready.exists():
                break
            time.sleep(0.05)
        self.settings = json.loads(ready.read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


def commands(binary, folder, plain, tls):
    """For each row the command line and environment of cg-auth and of curl."""
    bundle = folder / "bundle.pem"
    system = next((path for path in SYSTEM_BUNDLES if os.path.exists(path)), None)
    bundle.write_text((pathlib.Path(system).read_text() if system else "") + tls.roots.read_text())
    one = ["--cacert", str(tls.roots)]
    system_roots = {"SSL_CERT_FILE": str(bundle), "SSL_CERT_DIR": SYSTEM_FOLDER}
    return {
        "http": (ours(binary, plain), curl(folder, plain, [])),
        "https, one root": (ours(binary, tls, ["--ca-file", str(tls.roots)]), curl(folder, tls, one)),
        # What both read by default, and the root of the emulator.
        "https, the system's roots": (
            ours(binary, tls, environment=system_roots),
            curl(folder, tls, ["--cacert", str(bundle), "--capath", SYSTEM_FOLDER]),
        ),
        "--version": (([binary, "--version"], {}), (["curl", "--version"], {})),
    }


def ours(binary, emulator, flags=(), environment=None):
    settings = emulator.settings
    variables = {
        "CG_AUTH_BASE_URL": settings["base_url"],
        "CG_AUTH_USER_PRINCIPAL_NAME": settings["user_principal_name"],
        "CG_AUTH_CLIENT_SECRET": settings["client_secret"],
        **(environment or {}),
    }
    return [binary, "token", *flags], variables


def curl(folder, emulator, flags):
    settings = emulator.settings
    body = {"clientSecret": settings["client_secret"], "userPrincipalName": settings["user_principal_name"]}
    name = f"{settings['base_url'].split(':')[0]}-body.json"
    (folder / name).write_text(json.dumps(body))
    return [
        "curl", "--silent", "--show-error", "--fail", "--request", "POST",
        "--header", f"clientSecret: {body['clientSecret']}",
        "--header", f"userPrincipalName: {body['userPrincipalName']}",
        "--header", "content-type: application/json",
        "--header", "accept: application/json",
        "--data", f"@{folder / name}",
        *flags, settings["base_url"] + "/auth/token/delegate",
    ], {}


def measured(ours, theirs, pairs):
    """The medians in milliseconds, and the median ratio of the pairs."""
    for command in (ours, theirs):
        check(*command)
        run(*command)
    times = [(run(*ours), run(*theirs)) for _ in range(pairs)]
    mine, curls = (statistics.median(column) * 1e3 for column in zip(*times))
    return mine, curls, statistics.median(one / other for one, other in times)


def check(command, variables):
    """A run that fails would be measured as a fast one."""
    result = subprocess.run(command, env=environment(variables), capture_output=True, text=True)
    if result.returncode != 0 or not result.stdout.strip():
        sys.exit(f"{command[0]} failed: {result.stderr}")


def run(command, variables):
    """The wall time of the process in seconds. posix_spawn adds the least of its own."""
    program = shutil.which(command[0])
    started = time.perf_counter()
    process = os.posix_spawn(program, command, environment(variables), file_actions=TO_NULL)
    _, status = os.waitpid(process, 0)
    elapsed = time.perf_counter() - started
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return elapsed


def environment(variables):
    """The user's configuration, proxies and roots would change what is measured."""
    home = {"HOME": tempfile.gettempdir(), "PATH": os.environ["PATH"]}
    return {**home, **variables}


TO_NULL = [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_RDWR, 0) for descriptor in (0, 1, 2)]

if __name__ == "__main__":
    main()
