//! Writes a generated text between the markers of a page.

use std::{fs, path::Path};

/// Replaces what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->` in `page`.
///
/// # Errors
/// The reason, for a person: the file cannot be read or written, or lacks a marker.
pub fn replace(page: &Path, name: &str, text: &str) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", page.display());
    let old = fs::read_to_string(page).map_err(failed)?;
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let lacking = |marker: &str| format!("{} lacks the line {}", page.display(), marker.trim_end());
    let (head, rest) = old.split_once(&begin).ok_or_else(|| lacking(&begin))?;
    let (_, tail) = rest.split_once(&end).ok_or_else(|| lacking(&end))?;
    fs::write(page, format!("{head}{begin}\n{}\n\n{end}{tail}", text.trim())).map_err(failed)
}
