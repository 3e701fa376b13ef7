//! [`BashWord`]: a word of a bash command line as it was typed.

/// A word without its quotes, and how to write another word in its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BashWord {
    pub(super) text: String,
    /// The quote that is open at the end.
    open_quote: Option<char>,
}

impl BashWord {
    /// Removes backslashes and quotes. Variables and other expansions stay as they are.
    pub(super) fn new(typed: &str) -> Self {
        let (mut text, mut open_quote) = (String::new(), None);
        let mut characters = typed.chars().peekable();
        while let Some(character) = characters.next() {
            match (open_quote, character) {
                (Some(quote), _) if character == quote => open_quote = None,
                (None, '\'' | '"') => open_quote = Some(character),
                (None, '\\') => text.extend(characters.next()),
                (Some('"'), '\\')
                    if characters.peek().is_some_and(|next| SPECIAL_IN_QUOTES.contains(*next)) =>
                {
                    text.extend(characters.next());
                }
                _ => text.push(character),
            }
        }
        Self { text, open_quote }
    }

    /// The word `prefix` and `value` in the quotes of this word: the part before the value as it was typed, the
    /// open quote, and the value. bash adds the quote at the end. `None` if these quotes cannot hold the value.
    pub(super) fn quoted(&self, prefix: &str, value: &str) -> Option<String> {
        let escaped = |special: fn(char) -> bool| {
            let escape = |character| [special(character).then_some('\\'), Some(character)];
            value.chars().flat_map(escape).flatten().collect::<String>()
        };
        Some(match self.open_quote {
            None => format!("{prefix}{}", escaped(is_special)),
            Some('"') => format!("{prefix}\"{}", escaped(|character| SPECIAL_IN_QUOTES.contains(character))),
            Some(quote) if !value.contains(quote) => format!("{prefix}{quote}{value}"),
            Some(_) => return None,
        })
    }
}

/// The characters that a backslash escapes within double quotes.
const SPECIAL_IN_QUOTES: &str = "\\\"$`";

/// Whether bash needs a backslash before the character. Colons and equals signs stay bare, because bash splits
/// words there, and compares from there on.
const fn is_special(character: char) -> bool {
    character.is_ascii()
        && !character.is_ascii_alphanumeric()
        && !matches!(character, '_' | '-' | '.' | '/' | ':' | '=' | '@' | '%' | '+' | ',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_removed() {
        for (typed, text, open_quote) in [
            ("token", "token", None),
            (r"my\ file", "my file", None),
            ("'my file'", "my file", None),
            (r#""my \"file\" \n"#, r#"my "file" \n"#, Some('"')),
            (r"'it\", r"it\", Some('\'')),
            ("--profile='my p", "--profile=my p", Some('\'')),
            (r"end\", "end", None),
            ("", "", None),
        ] {
            assert_eq!(BashWord::new(typed), BashWord { text: text.into(), open_quote }, "{typed}");
        }
    }

    #[test]
    fn a_value_is_written_in_the_quotes_of_the_word() {
        for (typed, prefix, value, written) in [
            ("my", "", "my $(x)", Some(r"my\ \$\(x\)")),
            ("a:b", "", "a:b=c", Some("a:b=c")),
            ("\"my", "", "my $x\"", Some(r#""my \$x\""#)),
            ("'my", "", "my $x", Some("'my $x")),
            ("'it", "", "it's", None),
            ("--profile=\"my", "--profile=", "my profile", Some("--profile=\"my profile")),
            ("", "", "größe", Some("größe")),
        ] {
            assert_eq!(BashWord::new(typed).quoted(prefix, value).as_deref(), written, "{typed}");
        }
    }
}
