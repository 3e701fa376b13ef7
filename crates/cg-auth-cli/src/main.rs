//! The `cg-auth` command, whose code is the library.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    cg_auth_cli::main()
}
