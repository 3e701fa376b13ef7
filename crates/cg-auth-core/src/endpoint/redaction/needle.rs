//! [`Needle`]: one form of a secret, and the search for it.

use std::ops::Range;

use zeroize::Zeroizing;

/// One form of a secret, with the table of the Knuth-Morris-Pratt search.
///
/// The search reads each byte of a text once, whatever the secret and the text are.
pub(super) struct Needle {
    form: Zeroizing<Vec<u8>>,
    /// For each prefix of `form` the length of its longest proper prefix that is also its suffix.
    borders: Vec<usize>,
}

impl Needle {
    /// `None` for an empty form, which would match everywhere.
    pub(super) fn new(form: Zeroizing<Vec<u8>>) -> Option<Self> {
        if form.is_empty() {
            return None;
        }
        let mut needle = Self { borders: Vec::with_capacity(form.len()), form };
        let mut length = 0;
        needle.borders.push(0);
        for at in 1..needle.form.len() {
            length = needle.longer(length, needle.form[at]);
            needle.borders.push(length);
        }
        Some(needle)
    }

    /// The ranges of the form in `text`, and the end of `text` if at least `shortest_part` bytes of the form
    /// stand there. A form that ends the text may be found twice.
    pub(super) fn find(&self, text: &[u8], shortest_part: usize, mut found: impl FnMut(Range<usize>)) {
        let mut length = 0;
        for (at, byte) in text.iter().enumerate() {
            length = self.longer(length, *byte);
            if length == self.form.len() {
                found(at + 1 - length..at + 1);
            }
        }
        if length >= shortest_part {
            found(text.len() - length..text.len());
        }
    }

    /// The length of the prefix that is matched after `byte`, if `length` bytes were matched before it.
    fn longer(&self, mut length: usize, byte: u8) -> usize {
        while length > 0 && (length == self.form.len() || self.form[length] != byte) {
            length = self.borders[length - 1];
        }
        if self.form[length] == byte { length + 1 } else { 0 }
    }
}
