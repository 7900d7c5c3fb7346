//! The secret that producers present to the webhook.
use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Shorter ones can be guessed.
const CHARS_MIN: usize = 16;

/// A bearer token. Only its hash is kept, which nothing shows.
#[derive(Clone)]
pub struct Token([u8; 32]);

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook token needs at least {CHARS_MIN} characters: make one with `openssl rand -hex 32`")]
pub struct InvalidToken;

impl Token {
    /// Takes a secret.
    pub fn new(secret: &str) -> Result<Self, InvalidToken> {
        let is_long = secret.chars().count() >= CHARS_MIN;
        is_long.then(|| Self(hash(secret))).ok_or(InvalidToken)
    }

    /// Does an `Authorization` header carry it? Takes the same time for every wrong one.
    pub(super) fn is_in(&self, authorization: Option<&str>) -> bool {
        let presented = authorization.and_then(|value| {
            let (scheme, secret) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
        });
        // Hashes are compared to the last byte: where they differ tells nothing of where the secrets do.
        presented.is_some_and(|secret| bool::from(self.0.ct_eq(&hash(secret))))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(...)")
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    #[test]
    fn only_the_whole_secret_in_a_bearer_header_opens() {
        let token = Token::new(SECRET).unwrap();
        for good in ["Bearer 0123456789abcdef", "bearer  0123456789abcdef "] {
            assert!(token.is_in(Some(good)), "{good}");
        }
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            SECRET,
            "Basic 0123456789abcdef",
            "Bearer 0123456789abcde",
            "Bearer 0123456789abcdeg",
            "Bearer 0123456789abcdef0",
            "Bearer 0123456789abcdef0123456789abcdef",
            "Bearer Bearer 0123456789abcdef",
            "Bearer 0123456789ABCDEF",
        ] {
            assert!(!token.is_in(Some(bad)), "{bad}");
        }
        assert!(!token.is_in(None));
    }

    #[test]
    fn a_token_is_long_and_nothing_shows_it() {
        assert!(Token::new("0123456789abcde").is_err() && Token::new("").is_err());
        assert_eq!(format!("{:?}", Token::new(SECRET).unwrap()), "Token(...)");
    }
}
