//! `/_emulator/reset/{part}`: resets one part.

use super::error::ControlError;
use crate::state::{Part, State};

pub(super) fn part(state: &State, name: &str) -> Result<(), ControlError> {
    let part: Result<Part, _> = name.parse();
    let part = part.map_err(|error| ControlError::not_found(format!("there is no such part; {error}")))?;
    state.reset_part(part);
    Ok(())
}
