//! The program `cg-auth`. Its code is the library of this package.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    cg_auth_cli::main()
}
