//! Signatures of Standard Webhooks: who receives a request knows by them that it is from us, and not a repetition.
use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minilab_queue::Announcement;
use ring::hmac;

const PREFIX: &str = "whsec_";
/// As the specification has it: fewer can be guessed, more are a mistake.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What requests are signed with. Never shown.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

/// It is not of the form in which secrets are exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and the base64 of 24 to 64 random bytes")]
pub struct InvalidSecret;

impl SigningKey {
    /// Reads `whsec_` with the base64 of the key.
    pub fn parse(secret: &str) -> Result<Self, InvalidSecret> {
        let encoded = secret.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        if !BYTES.contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

/// The header's value: one signature for each key.
pub(super) fn signatures(keys: &[SigningKey], announcement: &Announcement, timestamp: u64) -> String {
    let signed = keys.iter().map(|key| {
        let mut context = hmac::Context::with_key(&key.0);
        context.update(format!("{}.{timestamp}.", announcement.id).as_bytes());
        context.update(&announcement.body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference implementations.
    #[test]
    fn signature_is_that_of_the_specification() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("it is a secret");
        let announcement = Announcement {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(),
            topic: String::new(),
            group: String::new(),
            media_type: "application/json",
            body: r#"{"test": 2432232314}"#.into(),
        };
        assert_eq!(
            signatures(&[key.clone(), key], &announcement, 1_614_265_330),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn what_is_no_secret_is_refused_and_none_is_shown() {
        for wrong in [
            "",
            "whsec_",
            "whsec_AAAA",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_not base64 at all, but long enough",
        ] {
            assert!(SigningKey::parse(wrong).is_err(), "{wrong}");
        }
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(format!("{key:?}"), "Ok(SigningKey(***))");
    }
}
