//! [`nearest`]: the known name that a mistyped one may stand for.

/// The name among `known` that is most like `word`, if one is like it at all.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bare = |name: &str| name.replace(['_', '-', ' '], "").to_lowercase();
    let word = bare(word);
    let likeness = known.into_iter().map(|name| (strsim::jaro(&word, &bare(name)), name));
    // The threshold is that of clap, so that both suggest alike.
    likeness.filter(|(like, _)| *like > 0.7).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// `; did you mean NAME?`, or nothing.
pub(crate) fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_in_any_spelling() {
        let known = ["base_url", "timeout", "transport", "client_secret_file"];
        for (word, expected) in [
            ("base-url", Some("base_url")),
            ("baseUrl", Some("base_url")),
            ("tiemout", Some("timeout")),
            ("transprot", Some("transport")),
            ("client_secret_flie", Some("client_secret_file")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
        assert_eq!(suggestion("tiemout", known), "; did you mean timeout?");
        assert_eq!(suggestion("colour", known), "");
    }
}
