//! A secret that a person types, unseen.

use zeroize::Zeroizing;

use crate::{runtime::blocking, settings::SettingError};

/// Asks for `what` at the terminal, which shows again what is typed when this ends or is dropped.
pub(super) async fn ask(what: &'static str) -> Result<Zeroizing<String>, SettingError> {
    #[cfg(unix)]
    let _as_before = TerminalMode::now();
    let name = what.strip_prefix("the ").unwrap_or(what);
    let prompt = format!("{name} (is not shown): ");
    blocking(|| rpassword::prompt_password(prompt))
        .await
        .map(Zeroizing::new)
        .map_err(|source| SettingError::NotAsked { what, source })
}

/// How the terminal was, and will be again when this is dropped: a signal leaves the thread that reads, and
/// with it what would restore the terminal, where it stands.
#[cfg(unix)]
struct TerminalMode(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl TerminalMode {
    fn now() -> Self {
        Self(rustix::termios::tcgetattr(std::io::stdin()).ok())
    }
}

#[cfg(unix)]
impl Drop for TerminalMode {
    fn drop(&mut self) {
        if let Some(mode) = &self.0 {
            // Without a terminal any more there is nothing to restore.
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, mode);
        }
    }
}
