//! [`Slots`]: two places in a file for a record. The next record is written beside the newest one, never over it.

use std::{
    cmp::Reverse,
    io::{self, Read, Seek, SeekFrom, Write},
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The slots of an open file. One process at a time writes. Others may read at the same time, and find the newest record
/// that was written as a whole, also if the writer is killed.
pub(super) struct Slots<F> {
    file: F,
}

/// A record with its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Newest {
    slot: usize,
    number: u64,
    pub(super) bytes: Vec<u8>,
}

impl Newest {
    /// Where the record ends that follows this one.
    pub(super) const fn end_of_next(&self, bytes: &[u8]) -> u64 {
        end_of(self.next_slot(), bytes)
    }

    const fn next_slot(&self) -> usize {
        (self.slot + 1) % COUNT
    }
}

/// Where the first record of a new file ends.
pub(super) const fn end_of_first(bytes: &[u8]) -> u64 {
    end_of(0, bytes)
}

impl<F> Slots<F> {
    pub(super) const fn new(file: F) -> Self {
        Self { file }
    }
}

impl<F: Read + Seek> Slots<F> {
    /// The newest record. `None` if there is none, and in the rare case that both slots were written during the read.
    pub(super) fn read(&mut self) -> io::Result<Option<Newest>> {
        let mut heads = Vec::new();
        for slot in 0..COUNT {
            let head = self.read_at(start_of(slot), HEAD_LENGTH)?;
            heads.extend(Head::read(&head).map(|head| (slot, head)));
        }
        heads.sort_by_key(|(_, head)| Reverse(head.number));
        for (slot, head) in heads {
            let bytes = self.read_at(start_of(slot) + HEAD_LENGTH as u64, head.length)?;
            if Head::of(head.number, &bytes) == head {
                return Ok(Some(Newest { slot, number: head.number, bytes }));
            }
        }
        Ok(None)
    }

    /// At most `length` bytes.
    fn read_at(&mut self, start: u64, length: usize) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::with_capacity(length);
        self.file.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl<F: Write + Seek> Slots<F> {
    /// Writes the first record of a new file.
    pub(super) fn write_first(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(0, 0, bytes)
    }

    /// Writes the record that follows `newest`, into the other slot.
    pub(super) fn write_after(&mut self, newest: &Newest, bytes: &[u8]) -> io::Result<()> {
        self.write(newest.next_slot(), newest.number.saturating_add(1), bytes)
    }

    fn write(&mut self, slot: usize, number: u64, bytes: &[u8]) -> io::Result<()> {
        let whole = [Head::of(number, bytes).to_text().as_bytes(), bytes].concat();
        self.file.seek(SeekFrom::Start(start_of(slot)))?;
        self.file.write_all(&whole)
    }
}

/// What stands before a record, as a line of text.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    number: u64,
    length: usize,
    /// Of the number and the record. It shows whether the record was written as a whole.
    hash: String,
}

impl Head {
    fn of(number: u64, bytes: &[u8]) -> Self {
        let hash = digest(&SHA256, &[&number.to_be_bytes(), bytes].concat());
        Self { number, length: bytes.len(), hash: STANDARD.encode(hash) }
    }

    fn to_text(&self) -> String {
        let Self { number, length, hash } = self;
        format!("{MARK} {number:020} {length:010} {hash}\n")
    }

    fn read(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok().filter(|text| text.len() == HEAD_LENGTH)?;
        let [mark, number, length, hash] = text.split_whitespace().collect::<Vec<_>>()[..] else {
            return None;
        };
        let length = length.parse().ok().filter(|length| *length <= LONGEST)?;
        let head = Self { number: number.parse().ok()?, length, hash: hash.to_owned() };
        (mark == MARK).then_some(head)
    }
}

const fn end_of(slot: usize, bytes: &[u8]) -> u64 {
    start_of(slot) + (HEAD_LENGTH + bytes.len()) as u64
}

const fn start_of(slot: usize) -> u64 {
    (slot * DISTANCE) as u64
}

/// How long a record may be. A token has a few thousand bytes.
pub(super) const LONGEST: usize = 256 * 1024;
const MARK: &str = "cg-auth-entry";
/// The mark, three blanks, 20 and 10 digits, a SHA-256 in base64, and the end of the line.
const HEAD_LENGTH: usize = MARK.len() + 3 + 20 + 10 + 44 + 1;
const COUNT: usize = 2;
/// The longest record fits between the starts of two slots. What lies between takes no room on the disk.
const DISTANCE: usize = LONGEST + 4096;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    type Memory = Slots<Cursor<Vec<u8>>>;

    fn holding(records: &[&[u8]]) -> Memory {
        let mut slots = Slots::new(Cursor::new(Vec::new()));
        slots.write_first(records[0]).unwrap();
        for record in &records[1..] {
            let newest = slots.read().unwrap().unwrap();
            slots.write_after(&newest, record).unwrap();
        }
        slots
    }

    fn newest(slots: &mut Memory) -> Option<Vec<u8>> {
        slots.read().unwrap().map(|newest| newest.bytes)
    }

    #[test]
    fn the_newest_of_many_records_is_read_whatever_their_lengths() {
        let long = vec![b'x'; LONGEST];
        let records: [&[u8]; 6] = [b"one", &long, b"", b"two", &long, b"three"];
        for count in 1..=records.len() {
            let mut slots = holding(&records[..count]);
            assert_eq!(newest(&mut slots).unwrap(), records[count - 1], "after {count}");
        }
    }

    /// A writer may be killed after any byte.
    #[test]
    fn a_record_that_was_written_by_half_leaves_the_one_before() {
        for (written, before) in [(2, "the first"), (3, "the second"), (4, "the third")] {
            let records = [&b"the first"[..], b"the second", b"the third", b"the last one"];
            let (whole, old) = (holding(&records[..written]), holding(&records[..written - 1]));
            let (whole, mut old) = (whole.file.into_inner(), old.file.into_inner());
            old.resize(whole.len().max(old.len()), 0);
            let start = start_of((written - 1) % COUNT) as usize;
            for length in 0..whole.len() - start {
                let mut torn = old.clone();
                torn[start..start + length].copy_from_slice(&whole[start..start + length]);
                let is_whole = torn[start..] == whole[start..];
                let mut slots = Slots::new(Cursor::new(torn));
                let expected = if is_whole { str::from_utf8(records[written - 1]).unwrap() } else { before };
                let found = newest(&mut slots);
                assert_eq!(found.as_deref(), Some(expected.as_bytes()), "{length} bytes of record {written}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_record_are_read_as_none() {
        let head = |length: &str| format!("{MARK} {:020} {length} {}\n", 1, "A".repeat(44)).into_bytes();
        for bytes in [
            Vec::new(),
            b"{}".to_vec(),
            vec![0xff; 1000],
            vec![b' '; 3 * DISTANCE],
            head("0000000000"),
            head("4294967295"),
            head("-000000001"),
            head("9999999999"),
        ] {
            assert_eq!(newest(&mut Slots::new(Cursor::new(bytes.clone()))), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_bit_that_flips_is_noticed() {
        let whole = holding(&[b"a record"]).file.into_inner();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            let found = newest(&mut Slots::new(Cursor::new(damaged)));
            // A blank or a leading zero may be another one that means the same.
            assert!(found.is_none() || found.as_deref() == Some(b"a record"), "byte {at}: {found:?}");
        }
    }
}
