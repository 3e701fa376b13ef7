//! How the fields of an HTTP/2 field section are written (RFC 7541 section 6).

/// How one field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Representation {
    /// A reference to a table, which holds name and value.
    Indexed,
    /// A value that enters the dynamic table.
    Indexing,
    /// A value that does not enter the table.
    Plain,
    /// A value that no intermediary may let enter a table either: a secret.
    NeverIndexed,
}

/// The representation of each field of a `section`. `None` if it is cut off.
#[must_use]
pub fn representations(mut section: &[u8]) -> Option<Vec<Representation>> {
    let mut found = Vec::new();
    while let Some(first) = section.first() {
        let (representation, prefix) = match first {
            0x80.. => (Some(Representation::Indexed), 7),
            0x40..0x80 => (Some(Representation::Indexing), 6),
            // An update of the size of the dynamic table is not a field.
            0x20..0x40 => (None, 5),
            0x10..0x20 => (Some(Representation::NeverIndexed), 4),
            _ => (Some(Representation::Plain), 4),
        };
        let index = integer(&mut section, prefix)?;
        if !matches!(representation, None | Some(Representation::Indexed)) {
            if index == 0 {
                string(&mut section)?;
            }
            string(&mut section)?;
        }
        found.extend(representation);
    }
    Some(found)
}

/// Reads an integer with a prefix of so many bits (section 5.1).
fn integer(section: &mut &[u8], prefix: u32) -> Option<usize> {
    let mask = (1_usize << prefix) - 1;
    let mut value = usize::from(*section.split_off_first()?) & mask;
    if value < mask {
        return Some(value);
    }
    for shift in (0..28).step_by(7) {
        let byte = usize::from(*section.split_off_first()?);
        value += (byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Skips a string (section 5.2).
fn string(section: &mut &[u8]) -> Option<()> {
    let length = integer(section, 7)?;
    *section = section.get(length..)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{Representation::*, *};

    /// The examples of RFC 7541, appendix C.2, and integers of more than one byte.
    #[test]
    fn each_representation_is_told_from_the_others() {
        for (section, expected) in [
            (b"\x82".as_slice(), vec![Indexed]),
            (b"\x40\x0acustom-key\x0dcustom-header", vec![Indexing]),
            (b"\x04\x0c/sample/path", vec![Plain]),
            (b"\x10\x08password\x06secret", vec![NeverIndexed]),
            (b"\x3f\xe1\x1f\x82\x1f\x0d\x01x", vec![Indexed, NeverIndexed]),
        ] {
            assert_eq!(representations(section), Some(expected));
        }
        assert_eq!(representations(b"\x10\x08passw"), None);
        assert_eq!(representations(b"\xff\xff\xff\xff\xff\xff\xff"), None);
    }
}
