//! Secrets in a document: what is wrong is told with the line where it stands, and a password may stand in the same line.
use super::Span;

/// Shorter values would take words out of sentences, and are no secrets.
const VALUE_CHARS_MIN: usize = 6;
/// Keys under which secrets stand, for a document of which no more is known than its text.
const KEYS: [&str; 4] = ["token", "secret", "password", "url"];

/// What no message may repeat.
#[derive(Debug, Default)]
pub(crate) struct Concealed {
    /// Where secrets stand in the document.
    pub places: Vec<Span>,
    /// Secrets, and what the environment says.
    pub values: Vec<String>,
}

impl Concealed {
    /// A message with stars for the values.
    pub fn sentence(&self, message: &str) -> String {
        let mut values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        // What is a part of another one comes after it.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let mut sentence = message.to_owned();
        for value in values
            .into_iter()
            .filter(|value| value.chars().count() >= VALUE_CHARS_MIN)
        {
            let quoted = format!("{value:?}");
            let escaped = quoted.trim_matches('"');
            sentence = sentence.replace(value, "***").replace(escaped, "***");
        }
        sentence
    }

    /// The document with a star for each byte of a secret, so that every place stays where it is. Of one that could not be
    /// read (`is_read`) the places are not known, and keys tell.
    pub fn document(&self, text: &str, is_read: bool) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for place in &self.places {
            let said = text.get(place.start..place.end);
            if said.is_some_and(|said| !is_variable(said)) {
                star(&mut bytes[place.start..place.end]);
            }
        }
        if !is_read {
            by_keys(text, &mut bytes);
        }
        String::from_utf8(bytes).expect("whole characters became stars")
    }
}

/// A name of a variable tells nothing of what it holds.
fn is_variable(said: &str) -> bool {
    let name = said.trim_matches(['"', '\'']).strip_prefix("${");
    let name = name.and_then(|name| name.strip_suffix('}'));
    name.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// Line ends stay, so that lines keep their numbers.
fn star(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        *byte = b'*';
    }
}

/// The rest of a line after each key that names a secret.
fn by_keys(text: &str, bytes: &mut [u8]) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let first = KEYS
            .iter()
            .filter_map(|key| line.find(key).map(|found| found + key.len()))
            .min();
        if let Some(after) = first {
            star(&mut bytes[at + after..at + line.len()]);
        }
        at += line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concealed(values: &[&str]) -> Concealed {
        Concealed {
            places: Vec::new(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        }
    }

    #[test]
    fn sentences_do_not_repeat_values_and_keep_short_words() {
        let told = concealed(&["hunter2hunter2", "hunter2\"x", "jpeg"])
            .sentence("\"hunter2hunter2\" is not allowed here, nor is \"hunter2\\\"x\"; write jpeg");
        assert_eq!(told, "\"***\" is not allowed here, nor is \"***\"; write jpeg");
    }

    #[test]
    fn places_stay_where_they_are() {
        let text = "a: é\nsecret, c";
        let start = text.find('é').unwrap();
        let concealed = Concealed {
            places: vec![Span {
                start,
                end: start + "é\nsecret".len(),
            }],
            values: Vec::new(),
        };
        assert_eq!(concealed.document(text, true), "a: **\n******, c");
    }

    #[test]
    fn the_name_of_a_variable_is_no_secret() {
        let text = "url: \"${AMQP_URL}\", password: pre${X}";
        let place = |part: &str| {
            let start = text.find(part).unwrap();
            Span {
                start,
                end: start + part.len(),
            }
        };
        let concealed = Concealed {
            places: vec![place("\"${AMQP_URL}\""), place("pre${X}")],
            values: Vec::new(),
        };
        assert_eq!(
            concealed.document(text, true),
            "url: \"${AMQP_URL}\", password: *******"
        );
    }

    #[test]
    fn of_what_cannot_be_read_keys_tell() {
        let text = "a: 1\nhook: { url: https://x/?t=1, secret: s }\nb: [\n";
        let shown = Concealed::default().document(text, false);
        assert!(!shown.contains("https") && !shown.contains(": s "), "{shown}");
        assert!(
            shown.contains("a: 1\nhook: { url*") && shown.ends_with("\nb: [\n"),
            "{shown}"
        );
        assert_eq!(Concealed::default().document(text, true), text);
    }
}
