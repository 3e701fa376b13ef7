//! The topics of `cg-auth help`. The manual page holds them too.

use crate::variable;

/// The end of `cg-auth --help`, which names the topics.
pub(crate) const POINTER: &str = "\
More:
  cg-auth help exit-codes   the meaning of each exit code
  cg-auth help environment  the variables, the configuration file, and their precedence";

/// The names of the topics, and what they are about.
pub(crate) const ALL: &[(&str, &str)] = &[
    ("exit-codes", "The meaning of each exit code"),
    ("environment", "The variables, the configuration file, and their precedence"),
];

/// `cg-auth help exit-codes`.
pub(crate) const fn exit_codes() -> &'static str {
    "\
The exit code shows how far the command got:

  0    success
  1    internal error, too few file descriptors, the output cannot be written (found
       before a request where possible), or you declined the confirmation
  2    wrong usage or settings: nothing was sent
  3    the service answered with an error or a refusal
  4    the answer does not have the service's format
  5    no complete answer: the network or TLS failed; or the server of the store
       of `cg-auth store` cannot be used
  6    no complete answer within --timeout, or another process kept the file of
       the refresh token locked for that time
  7    the token has expired or does not live as long as --min-lifetime or
       --require-valid asks for
  130  interrupted (Ctrl-C); 143 terminated, 129 hung up

`cg-auth doctor` returns the code of the first check that fails, and 2 for a clock
or permissions that are wrong. `cg-auth config show` returns 2 if a setting has a
value that cannot be used.

A signal ends an emulator, a proxy or `cg-auth token --watch` with 0.

With COMMAND, 127 means that the command was not found, 126 that it could not be
run. On Unix, `cg-auth exec -- COMMAND` becomes the command once it has a token,
so the exit code, or the signal that ended it, is the command's own.

`cg-auth proxy -- COMMAND` and `cg-auth emulator -- COMMAND` return the exit code of
the command. If a signal ended the command, the exit code is 128 plus the number
of the signal. Signals go to the command and not to its children. The third signal
kills the command, and the exit code is 128 plus the number of that signal."
}

/// `cg-auth help environment`.
pub(crate) fn environment() -> String {
    let variables: String = variable::ALL
        .iter()
        .map(|variable| format!("  {:<27}  {}\n", variable.name, variable.meaning))
        .collect();
    format!("A flag wins over its variable, and a variable over the profile.\n\n{variables}\n{CONFIGURATION}")
}

const CONFIGURATION: &str = "\
`cg-auth exec` sets CG_AUTH_ACCESS_TOKEN and CG_AUTH_ACCESS_TOKEN_EXPIRES_AT for its
command, and `cg-auth proxy` sets CG_AUTH_UPSTREAM_URL, NO_PROXY and no_proxy. Both
remove CG_AUTH_CLIENT_SECRET, CG_AUTH_CLIENT_SECRET_FILE, CG_AUTH_REFRESH_TOKEN,
CG_AUTH_CONTROL_TOKEN, CG_AUTH_ADMINISTRATOR_SECRET, CG_AUTH_PLAIN_USER_SECRET and
CG_AUTH_PROXY, CG_AUTH_STORE if it holds a login, and the user:password@ in every
variable that names a proxy.
`cg-auth emulator` sets CG_AUTH_PROTECTED_URL and CG_AUTH_CONTROL_URL, and for two
users CG_AUTH_ADMINISTRATOR_NAME, CG_AUTH_ADMINISTRATOR_SECRET,
CG_AUTH_PLAIN_USER_NAME and CG_AUTH_PLAIN_USER_SECRET.

The configuration file is --config, else CG_AUTH_CONFIG, else cg-auth/config.toml
in $XDG_CONFIG_HOME or ~/.config; on Windows in %APPDATA%. It holds profiles:

  default_profile = \"work\"

  [profiles.work]
  base_url = \"commercial\"
  user_principal_name = \"someone@example.com\"
  client_secret_command = [\"pass\", \"show\", \"cloud-governance\"]

A profile may also set client_secret_file, ca_file, proxy, transport, timeout,
retries, allow_http and store. Paths are relative to the file. So is the program of
client_secret_command, unless PATH finds its name. A leading ~ is the home folder,
here, in variables and in flags. A secret or token in the file itself is refused.
The command runs without a shell.

A store is none, file, file:FOLDER, or the URL of a Redis server such as
rediss://HOST. Put its password into CG_AUTH_STORE only. A redis: URL may name
this machine only, unless --allow-http is given.

cg-auth config show prints each setting and where it comes from. cg-auth doctor
checks them, and everything between here and the service.

For https, the variables HTTPS_PROXY, ALL_PROXY and NO_PROXY apply, also in lower case.
NO_COLOR turns off the colours of errors at a terminal.";
