//! `/_emulator/reset/{part}`: resets one part.

use super::error::ControlError;
use crate::state::{Part, State};

pub(super) fn part(state: &State, name: &str) -> Result<(), ControlError> {
    let text = "There is no such part; reset requests, scripts, tokens, clock, users or settings.";
    let part = Part::from_name(name).ok_or_else(|| ControlError::not_found(text))?;
    state.reset_part(part);
    Ok(())
}
