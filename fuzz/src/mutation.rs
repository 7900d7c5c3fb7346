//! A small mutator for `make test`: the same seed makes the same inputs on every machine.
//!
//! It knows nothing of what it changes. libFuzzer, which watches what is executed, finds more and takes longer.
use fastrand::Rng;

/// Longest input that it makes.
const BYTES_MAX: usize = 64 << 10;
/// Changes at once: one shows most, several get past a check that one trips over.
const CHANGES_MAX: usize = 4;
/// What parsers stumble over.
const TOKENS: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\0\0\0",
    b"-1",
    b"0",
    b"1e999",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"%00",
    b"%2e%2e%2f",
    b"../",
    b"/",
    b"\n",
    b"\r\n",
    b"\x1b[31m",
    b"\xe2\x80\xae",
    b"\xc3\x28",
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"<",
    b"&amp;",
    b"&#0;",
    b"<!--",
    b"<![CDATA[",
    b"url(",
    b"#",
    b"@",
    b":",
    b"'",
    b"18446744073709551616",
    b"\x1e",
];

/// Makes inputs from seeds.
#[derive(Debug)]
pub struct Mutator<'a> {
    seeds: &'a [(String, Vec<u8>)],
    dice: Rng,
}

impl<'a> Mutator<'a> {
    /// The seeds must not be none.
    pub fn new(seeds: &'a [(String, Vec<u8>)], seed: u64) -> Self {
        assert!(!seeds.is_empty(), "nothing to mutate");
        Self {
            seeds,
            dice: Rng::with_seed(seed),
        }
    }

    fn any(&mut self) -> &'a [u8] {
        let seeds = self.seeds;
        &seeds[self.dice.usize(..seeds.len())].1
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.dice.usize(..=bytes.len());
        let some = self.dice.usize(..=bytes.len() - at).min(1 << self.dice.u32(..12));
        match self.dice.u32(..9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.dice.u32(..8),
            1 if at < bytes.len() => bytes[at] = self.dice.u8(..),
            2 => drop(bytes.drain(at..at + some)),
            3 => bytes.truncate(at),
            4 => {
                let again = bytes[at..at + some].to_vec();
                bytes.splice(at..at, again);
            }
            5 => {
                let token = TOKENS[self.dice.usize(..TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
            6 => {
                let token = TOKENS[self.dice.usize(..TOKENS.len())];
                let end = (at + token.len()).min(bytes.len());
                bytes.splice(at..end, token.iter().copied());
            }
            7 => {
                let other = self.any();
                let start = self.dice.usize(..=other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[start..]);
            }
            _ => {
                let other = self.any();
                let start = self.dice.usize(..=other.len());
                let end = (start + some + 1).min(other.len());
                bytes.splice(at..at + some, other[start..end].iter().copied());
            }
        }
        bytes.truncate(BYTES_MAX);
    }
}

impl Iterator for Mutator<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut bytes = self.any().to_vec();
        for _ in 0..=self.dice.usize(..CHANGES_MAX) {
            self.change(&mut bytes);
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_makes_the_same_inputs_and_they_differ() {
        let seeds = [
            ("a".to_owned(), b"{\"a\":1}".to_vec()),
            ("b".to_owned(), vec![0; 40]),
        ];
        let made = |seed| Mutator::new(&seeds, seed).take(200).collect::<Vec<_>>();
        let once = made(1);
        assert_eq!(once, made(1));
        let distinct: std::collections::BTreeSet<_> = once.iter().collect();
        assert!(distinct.len() > 150, "only {} of 200 differ", distinct.len());
        assert!(once.iter().all(|bytes| bytes.len() <= BYTES_MAX));
    }
}
