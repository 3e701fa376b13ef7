//! [`Syntax`]: follows replies or commands byte by byte and keeps nothing of them.

/// The version of the protocol that Redis 2 introduced (RESP2), as far as the scripts use it: strings, errors,
/// integers, and an array of these.
#[derive(Debug)]
pub(super) struct Syntax {
    state: State,
    /// The bytes of the message so far.
    size: usize,
    longest: usize,
    /// The elements of the open array that are still to come.
    elements: Option<u32>,
    most_elements: usize,
    begun: u64,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    /// The next byte is the type of an element.
    #[default]
    Type,
    /// A line of text.
    Text { has_return: bool },
    /// A line with a number.
    Number { kind: Kind, is_negative: bool, digits: u32, value: usize, has_return: bool },
    /// The bytes of a string and the end of its line.
    Bytes { left: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    /// Counts the bytes of a string.
    String,
    /// Counts the elements of an array.
    Array,
}

impl Syntax {
    /// Of what a server sends.
    pub(super) const fn of_replies() -> Self {
        Self::new(LONGEST_REPLY, MOST_ELEMENTS)
    }

    /// Of what the client library sends, which is in order.
    pub(super) const fn of_commands() -> Self {
        Self::new(usize::MAX, u32::MAX as usize)
    }

    const fn new(longest: usize, most_elements: usize) -> Self {
        Self { state: State::Type, size: 0, longest, elements: None, most_elements, begun: 0 }
    }

    /// How many messages have begun.
    pub(super) const fn begun(&self) -> u64 {
        self.begun
    }

    /// Whether the replies so far are in order, with `bytes` as the next part. After a `false` it is used no more.
    pub(super) fn accept(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((&byte, rest)) = bytes.split_first() {
            let mut taken = 1;
            let is_in_order = match &mut self.state {
                State::Type => self.begin(byte),
                State::Text { has_return } => match (*has_return, byte) {
                    (true, b'\n') => self.end_element(),
                    (true, _) => false,
                    (false, byte) => {
                        *has_return = byte == b'\r';
                        true
                    }
                },
                State::Number { .. } => self.digit(byte),
                State::Bytes { left } => {
                    taken = bytes.len().min(*left);
                    *left -= taken;
                    *left > 0 || self.end_element()
                }
            };
            self.size = self.size.saturating_add(taken);
            if !is_in_order || self.size > self.longest {
                return false;
            }
            if matches!((self.state, self.elements), (State::Type, None)) {
                self.size = 0;
            }
            bytes = if taken == 1 { rest } else { &bytes[taken..] };
        }
        true
    }

    fn begin(&mut self, byte: u8) -> bool {
        let number =
            |kind| State::Number { kind, is_negative: false, digits: 0, value: 0, has_return: false };
        if self.elements.is_none() {
            self.begun += 1;
        }
        self.state = match byte {
            b'+' | b'-' => State::Text { has_return: false },
            b':' => number(Kind::Integer),
            b'$' => number(Kind::String),
            // No script returns an array within an array.
            b'*' if self.elements.is_none() => number(Kind::Array),
            _ => return false,
        };
        true
    }

    fn digit(&mut self, byte: u8) -> bool {
        let State::Number { kind, is_negative, digits, value, has_return } = &mut self.state else {
            return false;
        };
        match (*has_return, byte) {
            (true, b'\n') if *is_negative && *kind != Kind::Integer => {
                // Minus one stands for nothing.
                *value == 1 && self.end_element()
            }
            (true, b'\n') => match (*kind, *value) {
                (Kind::Integer, _) | (Kind::Array, 0) => self.end_element(),
                (Kind::String, length) => {
                    self.state = State::Bytes { left: length.saturating_add(LINE_END) };
                    length <= self.longest
                }
                (Kind::Array, length) => {
                    self.elements = u32::try_from(length).ok();
                    self.state = State::Type;
                    length <= self.most_elements
                }
            },
            (true, _) => false,
            (false, b'\r') => {
                *has_return = true;
                *digits > 0
            }
            (false, b'-') if *digits == 0 && !*is_negative => {
                *is_negative = true;
                true
            }
            (false, b'0'..=b'9') => {
                *value = value.saturating_mul(10).saturating_add(usize::from(byte - b'0'));
                *digits += 1;
                *digits <= 19
            }
            (false, _) => false,
        }
    }

    fn end_element(&mut self) -> bool {
        self.state = State::Type;
        self.elements = match self.elements {
            Some(2..) => self.elements.map(|left| left - 1),
            _ => None,
        };
        true
    }
}

/// The longest token in its longest reply, with room to spare.
const LONGEST_REPLY: usize = 2 * 1024 * 1024 + 64 * 1024;
const MOST_ELEMENTS: usize = 16;
const LINE_END: usize = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(bytes: &[u8]) -> bool {
        Syntax::of_replies().accept(bytes)
    }

    #[test]
    fn the_replies_of_the_scripts_are_in_order() {
        for reply in [
            "+OK\r\n",
            "-NOSCRIPT No matching script.\r\n",
            ":1\r\n:-12\r\n",
            "$-1\r\n$0\r\n\r\n",
            "*-1\r\n*0\r\n+OK\r\n",
            "*4\r\n$5\r\ntoken\r\n$3\r\n\r\n$\r\n$16\r\n0123456789abcdef\r\n:3600000000\r\n*1\r\n$4\r\nfree\r\n",
        ] {
            assert!(accepts(reply.as_bytes()), "{reply:?}");
        }
    }

    #[test]
    fn what_no_script_returns_is_refused() {
        for reply in [
            "HTTP/1.1 400 Bad Request\r\n",
            "*1\r\n*1\r\n:1\r\n",
            "*17\r\n",
            "*9223372036854775807\r\n",
            "$2228225\r\n",
            "$18446744073709551615\r\n",
            "$99999999999999999999\r\n",
            "$-2\r\n",
            "*-2\r\n",
            "$\r\n",
            ":\r\n",
            ":1x\r\n",
            ":--1\r\n",
            ":1\rx",
            "+OK\rx",
            "%1\r\n",
            "|1\r\n",
            ">1\r\n",
            "~1\r\n",
            "=4\r\n",
            "!3\r\n",
            "(1\r\n",
            ",1\r\n",
            "#t\r\n",
            "_\r\n",
        ] {
            assert!(!accepts(reply.as_bytes()), "{reply:?}");
        }
    }

    #[test]
    fn a_reply_without_an_end_is_refused_at_the_bound() {
        for begin in ["+", "-", "*16\r\n+"] {
            let mut syntax = Syntax::of_replies();
            assert!(syntax.accept(begin.as_bytes()));
            let part = [b'a'; 4096];
            let parts = (0..10_000).take_while(|_| syntax.accept(&part)).count();
            assert!(parts * part.len() <= LONGEST_REPLY, "{begin:?}: {parts} parts");
        }
    }

    #[test]
    fn each_bound_itself_is_in_order_and_one_more_is_not() {
        let line = |length: usize| format!("+{}\r\n", "a".repeat(length - 3));
        let string = |length: usize| format!("${length}\r\n{}\r\n", "a".repeat(length));
        let array = |length: usize| format!("*{length}\r\n{}", ":1\r\n".repeat(length));
        let number = |digits: usize| format!(":{}\r\n", "1".repeat(digits));
        let around_string = string(LONGEST_REPLY).len() - LONGEST_REPLY;
        for (name, bound, reply) in [
            ("line", LONGEST_REPLY, &line as &dyn Fn(usize) -> String),
            ("string", LONGEST_REPLY - around_string, &string),
            ("array", 16, &array),
            ("number", 19, &number),
        ] {
            assert!(accepts(reply(bound).as_bytes()), "{name}");
            assert!(!accepts(reply(bound + 1).as_bytes()), "{name}");
        }
    }

    #[test]
    fn messages_are_counted_when_they_begin_and_their_elements_are_not() {
        let mut syntax = Syntax::of_replies();
        for (part, begun) in [
            ("", 0),
            (":", 1),
            ("1\r\n", 1),
            ("*2\r\n+a\r\n", 2),
            (":1\r\n", 2),
            ("*0\r\n$-1\r\n", 4),
            ("-", 5),
        ] {
            assert!(syntax.accept(part.as_bytes()));
            assert_eq!(syntax.begun(), begun, "{part:?}");
        }
    }

    #[test]
    fn the_elements_of_an_array_share_the_bound_and_the_next_reply_has_its_own() {
        let string = format!("$1048576\r\n{}\r\n", "a".repeat(1_048_576));
        assert!(accepts(format!("*2\r\n{string}{string}").as_bytes()));
        assert!(!accepts(format!("*3\r\n{string}{string}{string}").as_bytes()));
        assert!(accepts(string.repeat(5).as_bytes()));
    }

    /// Bytes that look like replies more often than random ones.
    fn replies() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            Just(b"\r\n".to_vec()),
            "[-+:$*%|>~=!]".prop_map(String::into_bytes),
            "-?[0-9]{1,3}".prop_map(String::into_bytes),
            "[+-][a-zA-Z ]{0,9}\r\n".prop_map(String::into_bytes),
            "[:$*]-?[0-9]{1,2}\r\n".prop_map(String::into_bytes),
            any::<Vec<u8>>(),
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn the_verdict_does_not_depend_on_how_the_bytes_arrive(bytes in replies(), at in 0_usize..64) {
            let (first, second) = bytes.split_at(at.min(bytes.len()));
            let mut syntax = Syntax::of_replies();
            prop_assert_eq!(syntax.accept(first) && syntax.accept(second), accepts(&bytes));
            let mut syntax = Syntax::of_replies();
            prop_assert_eq!(bytes.chunks(1).all(|byte| syntax.accept(byte)), accepts(&bytes));
        }

        #[test]
        fn the_client_library_survives_what_is_in_order(bytes in replies()) {
            if accepts(&bytes) {
                let _ = redis::parse_redis_value(&bytes);
            }
        }
    }
}
