//! What is told of an original besides its files: values for pages, as text.
use minilab_imaging::Analyses;
use minilab_protos::renderer::Rendered;
use minilab_recipe::{Analysis, Rgb};

/// Writes down what was asked.
pub(crate) fn tell(made: &mut Rendered, asked: &[Analysis], analyses: &Analyses) {
    for analysis in asked {
        match analysis {
            Analysis::Thumbhash => made.thumbhash_base64 = base64(&analyses.thumbhash),
            Analysis::Dominant => made.dominant_hex = hex(analyses.dominant),
            Analysis::Blurhash { .. } => made.blurhash = analyses.blurhash.clone().unwrap_or_default(),
            Analysis::Palette { .. } => {
                made.palette_hex = analyses.palette.iter().map(|colour| hex(*colour)).collect();
            }
            Analysis::Lqip { .. } => {
                let uri = analyses.lqip.as_ref().map(|tiny| {
                    let body = base64(&tiny.bytes);
                    format!("data:{};base64,{body}", tiny.format.media_type())
                });
                made.lqip_uri = uri.unwrap_or_default();
            }
        }
    }
}

fn hex(Rgb([red, green, blue]): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Standard base64 with padding, as front ends expect a thumbhash.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let padded = [group[0], *group.get(1).unwrap_or(&0), *group.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > group.len() { '=' } else { digit.into() });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_pads() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ];
        for (bytes, text) in cases {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
