//! Inputs of several parts: an input is cut at the byte that ASCII calls the record separator, and what is missing is empty.

/// Between two parts.
pub const SEPARATOR: u8 = 0x1e;

/// The input in so many parts; the last one keeps whatever follows.
pub fn cut<const N: usize>(input: &[u8]) -> [&[u8]; N] {
    let mut parts = input.splitn(N, |byte| *byte == SEPARATOR);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// The same as texts; what is no UTF-8 in them is replaced.
pub fn texts<const N: usize>(input: &[u8]) -> [String; N] {
    cut(input).map(|part: &[u8]| String::from_utf8_lossy(part).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_parts_are_empty_and_the_last_keeps_the_rest() {
        assert_eq!(cut(b"a\x1e\x1eb\x1ec"), [&b"a"[..], b"", b"b\x1ec"]);
        assert_eq!(cut(b"a"), [&b"a"[..], b"", b""]);
    }
}
