//! A secret that a person types at the terminal, which does not show it.

use zeroize::Zeroizing;

use super::label::SecretLabel;
use crate::{blocking::blocking, setting_error::SettingError};

/// Prompts for the secret. The terminal shows typed characters again once this future ends or is dropped.
pub(super) async fn ask(label: &SecretLabel) -> Result<Zeroizing<String>, SettingError> {
    #[cfg(unix)]
    let _restored = TerminalMode::now();
    let prompt = label.prompt();
    blocking(|| rpassword::prompt_password(prompt))
        .await
        .map(Zeroizing::new)
        .map_err(|source| SettingError::NotPrompted { what: label.name(), source })
}

/// The mode of the terminal, restored on drop. After a signal the thread that reads, which would restore the
/// mode itself, never returns.
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
            // If the terminal is gone, there is nothing to restore.
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, mode);
        }
    }
}
