//! The topics of `cg-auth help`, which the manual page holds too.

use crate::settings::variable;

/// Where the topics are.
pub(crate) const POINTER: &str = "\
More:
  cg-auth help exit-codes   what the exit code tells
  cg-auth help environment  the variables, the configuration file, and which of them wins";

/// `cg-auth help exit-codes`.
pub(crate) const fn exit_codes() -> &'static str {
    "\
The exit code tells how far the command got:

  0    success
  1    internal error, the output could not be written, or you said no
  2    wrong usage or settings: nothing was sent
  3    the service answered with an error or a refusal
  4    an answer, but no usable one
  5    no complete answer: the network, or TLS
  6    no complete answer in time
  130  interrupted (Ctrl-C); 143 terminated, 129 hung up

An emulator or a `cg-auth token --watch` that was stopped ends with 0. `cg-auth
emulator -- COMMAND` ends with the command's code, or with 128 and the number of
the signal that ended it; 126 or 127 say that it could not be run, or not be
found; signals go to the command and not to its children, and the third kills it:
128 and the signal's number then."
}

/// `cg-auth help environment`.
pub(crate) fn environment() -> String {
    let variables: String = variable::ALL
        .iter()
        .map(|variable| format!("  {:<27}  {}\n", variable.name, variable.meaning))
        .collect();
    format!("A flag wins over its variable, a variable over the profile.\n\n{variables}\n{CONFIGURATION}")
}

const CONFIGURATION: &str = "\
The configuration file is --config, else CG_AUTH_CONFIG, else cg-auth/config.toml
in $XDG_CONFIG_HOME or ~/.config; on Windows in %APPDATA%. It holds profiles:

  default_profile = \"work\"

  [profiles.work]
  base_url = \"commercial\"
  user_principal_name = \"someone@example.com\"
  client_secret_command = [\"pass\", \"show\", \"cloud-governance\"]

A profile may also set client_secret_file, ca_file, proxy, transport, timeout and
allow_http. Paths are relative to the file. A secret or token in the file itself
is refused; the command gets no shell.

HTTPS_PROXY, ALL_PROXY and NO_PROXY are honoured, in lower case too, for https.
NO_COLOR keeps errors at a terminal plain.";
