//! Reads the root certificates of a PEM text. An error names the line, and quotes nothing, since the text may
//! hold a private key by mistake.

use cg_auth_core::transport::TransportError;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Every certificate of a text, at least one, and each can serve as a root.
///
/// A section of another kind, such as a private key, is passed over. A section that is meant to be a
/// certificate and cannot be read is an error, because the operator trusts it.
pub(super) fn root_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let roots = sections(pem)?.iter().map(Section::root).collect::<Result<Vec<_>, _>>()?;
    if roots.is_empty() {
        let error = TransportError::config("it has no CERTIFICATE section");
        return Err(error.with_message("the PEM text holds no certificate"));
    }
    Ok(roots)
}

/// A section from `-----BEGIN CERTIFICATE-----` to its end.
struct Section<'a> {
    /// The number of its first line, counted from 1.
    line: usize,
    text: &'a [u8],
}

impl Section<'_> {
    fn root(&self) -> Result<CertificateDer<'static>, TransportError> {
        let certificate = CertificateDer::from_pem_slice(self.text)
            .map_err(|_| unreadable(self.line_of_damage(), "the text is not base64"))?;
        let is_root = RootCertStore::empty().add(certificate.clone()).is_ok();
        let problem = || unreadable(self.line, "the section that begins here is not a certificate");
        is_root.then_some(certificate).ok_or_else(problem)
    }

    /// The first line with a character that is not base64, else the first line of the section.
    fn line_of_damage(&self) -> usize {
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/= \t\r\n".contains(byte);
        let is_damaged = |line: &[u8]| boundary(line) == Boundary::None && !line.iter().all(is_base64);
        self.line + lines(self.text).position(is_damaged).unwrap_or(0)
    }
}

/// The CERTIFICATE sections of a text.
fn sections(pem: &[u8]) -> Result<Vec<Section<'_>>, TransportError> {
    let mut sections = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let mut end = 0;
    for (index, text) in lines(pem).enumerate() {
        let (line, start) = (index + 1, end);
        end += text.len();
        match (boundary(text), open) {
            (Boundary::Broken, _) => {
                return Err(unreadable(
                    line,
                    "a section has the lines BEGIN CERTIFICATE and END CERTIFICATE, each between five hyphens",
                ));
            }
            (Boundary::Begin, None) => open = Some((line, start)),
            (Boundary::End, Some((line, start))) => {
                sections.push(Section { line, text: &pem[start..end] });
                open = None;
            }
            (Boundary::End, None) => return Err(unreadable(line, "the section that ends here has no begin")),
            (Boundary::Begin | Boundary::Other, Some((line, _))) => return Err(without_end(line)),
            (Boundary::None | Boundary::Other, _) => {}
        }
    }
    match open {
        Some((line, _)) => Err(without_end(line)),
        None => Ok(sections),
    }
}

/// The lines of a text with their ends, which are LF, CR LF or CR.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = if text.contains(&b'\n') { b'\n' } else { b'\r' };
    text.split_inclusive(move |byte| *byte == end)
}

/// What a line says about the sections around it.
#[derive(Debug, PartialEq, Eq)]
enum Boundary {
    Begin,
    End,
    /// The boundary of a section of another kind.
    Other,
    /// A boundary that names a certificate, but is not written as RFC 7468 says.
    Broken,
    None,
}

fn boundary(line: &[u8]) -> Boundary {
    let line = line.trim_ascii();
    match line {
        b"-----BEGIN CERTIFICATE-----" => return Boundary::Begin,
        b"-----END CERTIFICATE-----" => return Boundary::End,
        _ => {}
    }
    // A comment may name a certificate too, but not between dashes.
    let is_framed = [line.first(), line.last()]
        .into_iter()
        .flatten()
        .any(|byte| !byte.is_ascii_alphanumeric() && !b"#.+/=".contains(byte));
    let text = String::from_utf8_lossy(line).to_ascii_uppercase();
    let is_boundary = is_framed && (text.contains("BEGIN") || text.contains("END "));
    match is_boundary {
        true if text.contains("CERTIFICATE") => Boundary::Broken,
        true if line.starts_with(b"-----") => Boundary::Other,
        _ => Boundary::None,
    }
}

fn without_end(line: usize) -> TransportError {
    unreadable(line, "the section that begins here has no -----END CERTIFICATE-----")
}

fn unreadable(line: usize, problem: &str) -> TransportError {
    TransportError::config(format!("line {line}: {problem}"))
        .with_message("the PEM text holds a certificate that cannot be read")
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn good() -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem()
    }

    fn problem(pem: &str) -> String {
        let error = root_certificates(pem.as_bytes()).unwrap_err();
        let source = error.source().unwrap().to_string();
        assert!(!format!("{error} {source} {error:?}").contains("canary"), "{source}");
        source
    }

    #[test]
    fn every_certificate_is_read_whatever_stands_around_it() {
        let good = good();
        let key = "-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----\n";
        for (pem, count) in [
            (good.clone(), 1),
            (format!("# the root\n\n{good}\nCertificate:\n    Data: x\n{good}"), 2),
            (format!("{key}{good}{key}"), 1),
            (good.replace('\n', "\r\n"), 1),
            (good.replace('\n', "\r"), 1),
            (format!("subject=CN = a certificate\n{good}"), 1),
        ] {
            assert_eq!(root_certificates(pem.as_bytes()).unwrap().len(), count, "{pem}");
        }
    }

    #[test]
    fn a_part_that_cannot_be_read_is_an_error_with_its_line() {
        let good = good();
        let lines = good.lines().count();
        let second = |text: &str| problem(&format!("{good}{text}"));
        let damaged = good.replacen("\nMII", "\ncanary!\nMII", 1);
        assert_eq!(second(&damaged), format!("line {}: the text is not base64", lines + 2));
        assert!(
            second("-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n")
                .starts_with(&format!("line {}: the section that begins here is not", lines + 1))
        );
        let no_end = format!("line {}: the section that begins here has no -----END", lines + 1);
        for text in [
            "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n".to_owned(),
            format!("-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n{good}"),
            format!("-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n{good}"),
        ] {
            assert!(second(&text).starts_with(&no_end), "{text}");
        }
        for first in [
            "----BEGIN CERTIFICATE-----",
            "-----BEGIN CERTIFICATE----",
            "-----BEGIN CERTIFICATE",
            "-----BEGIN CERTIFICATE -----",
            "-----begin certificate-----",
            "-----BEGIN TRUSTED CERTIFICATE-----",
            "-----BEGIN CERTIFICATE REQUEST-----",
            "\u{2013}\u{2013}BEGIN CERTIFICATE\u{2013}\u{2013}",
        ] {
            let shown = second(&good.replace("-----BEGIN CERTIFICATE-----", first));
            assert!(
                shown.starts_with(&format!("line {}: a section has the lines", lines + 1)),
                "{first}: {shown}"
            );
        }
        assert!(second("-----END CERTIFICATE-----\n").starts_with(&format!("line {}: ", lines + 1)));
        assert_eq!(problem("no certificate at all"), "it has no CERTIFICATE section");
    }
}
