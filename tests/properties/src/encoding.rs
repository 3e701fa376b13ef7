//! The forms in which a server may write a secret.

use arbitrary::Arbitrary;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};

/// A form, then what stands between its characters, then escapes around that.
#[derive(Debug, Clone, Arbitrary)]
pub(crate) struct Encoding {
    form: Form,
    case: Case,
    separator: Option<Separator>,
    escapes: [Option<Escape>; 3],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Form {
    Raw,
    Hexadecimal,
    Base64,
    Base64Url,
    /// In base64 behind and before that many other bytes.
    InBase64(u8, u8),
    /// In UTF-16, then in base64.
    Wide,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Case {
    AsItIs,
    Upper,
    Lower,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Separator {
    Blank,
    Nul,
    LineBreak,
    Tab,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Escape {
    Json,
    /// Every character as `\u0041`.
    Unicode,
    Html,
    Percent,
}

impl Encoding {
    /// `secret` in this form.
    pub(crate) fn write(&self, secret: &str) -> String {
        let form = match self.form {
            Form::Raw => secret.to_owned(),
            Form::Hexadecimal => secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
            Form::Base64 => STANDARD.encode(secret),
            Form::Base64Url => URL_SAFE.encode(secret),
            Form::InBase64(before, after) => {
                let around = |count: u8| ":".repeat(usize::from(count % 4));
                STANDARD_NO_PAD.encode(format!("{}{secret}{}", around(before), around(after)))
            }
            Form::Wide => STANDARD.encode(secret.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<_>>()),
        };
        let form = match self.case {
            Case::AsItIs => form,
            Case::Upper => form.to_ascii_uppercase(),
            Case::Lower => form.to_ascii_lowercase(),
        };
        let form = self.separator.map_or(form.clone(), |separator| {
            form.chars().map(String::from).collect::<Vec<_>>().join(separator.text())
        });
        self.escapes.iter().flatten().fold(form, |text, escape| escape.write(&text))
    }

    /// The letters and digits that a reader of this form needs, in lower case.
    pub(crate) fn letters(&self, secret: &str) -> String {
        let bare = Self { separator: None, escapes: [None; 3], ..self.clone() };
        letters(&bare.write(secret))
    }
}

impl Separator {
    const fn text(self) -> &'static str {
        match self {
            Self::Blank => " ",
            Self::Nul => "\0",
            Self::LineBreak => "\r\n",
            Self::Tab => "\t",
        }
    }
}

impl Escape {
    fn write(self, text: &str) -> String {
        match self {
            Self::Json => {
                let quoted = serde_json::to_string(text).unwrap();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Self::Unicode => text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
            Self::Html => text
                .chars()
                .map(|letter| match letter {
                    '&' => "&amp;".to_owned(),
                    '<' => "&lt;".to_owned(),
                    '"' => "&quot;".to_owned(),
                    '\'' => "&#39;".to_owned(),
                    '+' => "&#x2B;".to_owned(),
                    _ => letter.to_string(),
                })
                .collect(),
            Self::Percent => text
                .bytes()
                .map(|byte| match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                        char::from(byte).to_string()
                    }
                    _ => format!("%{byte:02X}"),
                })
                .collect(),
        }
    }
}

/// The letters and digits of `text`, in lower case.
pub(crate) fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}
