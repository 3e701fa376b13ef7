//! Prompts for a secret at the terminal, without showing what the user types.

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

/// Restores the mode of the terminal on drop. The thread that prompts restores it too, but never returns
/// after a signal.
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
