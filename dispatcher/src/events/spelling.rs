//! How producers spell keys, and what a spelled key may mean.
use minilab_store::{InvalidKey, Key};
use minilab_telemetry::KeyRefusal;

/// How a producer spells keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As in a form: `+` is a space, `%2B` a plus. Some that claim it send the key as it is.
    Form,
    /// As it is, by measurement; documentation is silent.
    Unsaid,
    /// As it is.
    Raw,
}

impl Spelling {
    /// What the object may be called, likeliest first, and why the likeliest cannot be one.
    pub(super) fn keys(self, told: &str) -> (Vec<Key>, Vec<KeyRefusal>) {
        let raw = key(told.as_bytes().to_vec());
        // Broken escapes: it cannot have been spelled so.
        let decoded = || decoded(told).map(key);
        let candidates = match self {
            Self::Form => [decoded(), Some(raw)],
            Self::Unsaid => [Some(raw), decoded()],
            Self::Raw => [Some(raw), None],
        };
        let (mut keys, mut refused) = (Vec::new(), Vec::new());
        for (nth, candidate) in candidates.into_iter().flatten().enumerate() {
            match candidate {
                Ok(key) if keys.contains(&key) => {}
                Ok(key) => keys.push(key),
                Err(refusal) if nth == 0 => refused.push(refusal),
                // That the other reading is no key only shows that it was not meant.
                Err(_) => {}
            }
        }
        (keys, refused)
    }
}

fn key(bytes: Vec<u8>) -> Result<Key, KeyRefusal> {
    let text = String::from_utf8(bytes).map_err(|_| KeyRefusal::NotUtf8)?;
    Key::new(text).map_err(|invalid| match invalid {
        InvalidKey::TooLong { .. } => KeyRefusal::TooLong,
        InvalidKey::Empty | InvalidKey::Nul { .. } => KeyRefusal::Invalid,
    })
}

/// The bytes that a form's spelling stands for; `None` if its escapes are broken.
fn decoded(told: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(told.len());
    let mut rest = told.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            plain => plain,
        });
    }
    Some(bytes)
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(spelling: Spelling, told: &str) -> (Vec<String>, Vec<KeyRefusal>) {
        let (keys, refused) = spelling.keys(told);
        (keys.into_iter().map(String::from).collect(), refused)
    }

    fn meant(spelling: Spelling, told: &str) -> Vec<String> {
        let (keys, refused) = keys(spelling, told);
        assert_eq!(refused, [], "{told}");
        keys
    }

    #[test]
    fn both_readings_are_candidates_where_they_differ() {
        assert_eq!(meant(Spelling::Form, "a+b.jpg"), ["a b.jpg", "a+b.jpg"]);
        assert_eq!(meant(Spelling::Form, "a%2Bb.jpg"), ["a+b.jpg", "a%2Bb.jpg"]);
        assert_eq!(
            meant(Spelling::Form, "%E6%97%A5.jpg"),
            ["日.jpg", "%E6%97%A5.jpg"]
        );
        assert_eq!(meant(Spelling::Form, "a/b.jpg"), ["a/b.jpg"]);
        assert_eq!(meant(Spelling::Unsaid, "a+b.jpg"), ["a+b.jpg", "a b.jpg"]);
        assert_eq!(meant(Spelling::Raw, "a+b%20.jpg"), ["a+b%20.jpg"]);
    }

    #[test]
    fn broken_escapes_are_no_escapes() {
        for told in ["100%.jpg", "100%", "100%2", "100%zz.jpg", "100%+2.jpg"] {
            assert_eq!(meant(Spelling::Form, told), [told]);
        }
    }

    #[test]
    fn what_no_object_can_be_called_is_refused_and_the_other_reading_stands() {
        let spelled = "%C3%A9".repeat(200);
        assert_eq!(
            meant(Spelling::Form, &spelled),
            ["é".repeat(200)],
            "only the spelling is too long"
        );
        let refusals = [
            ("a%00.jpg", KeyRefusal::Invalid, 1),
            ("%FF.jpg", KeyRefusal::NotUtf8, 1),
            ("", KeyRefusal::Invalid, 0),
            ("a\0", KeyRefusal::Invalid, 0),
            (&"a".repeat(1025), KeyRefusal::TooLong, 0),
        ];
        for (told, refusal, left) in refusals {
            let (keys, refused) = keys(Spelling::Form, told);
            assert_eq!((keys.len(), &refused[..]), (left, &[refusal][..]), "{told:?}");
        }
    }
}
