//! The text under which a trim is known everywhere, read back.
use minilab_imaging::Trim;

/// `threshold=10`; `None` for anything else.
pub fn parse(canonical: &str) -> Option<Trim> {
    let threshold = canonical.strip_prefix("threshold=")?.parse().ok()?;
    (0.0..=255.0).contains(&threshold).then_some(Trim {
        threshold,
        background: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_recipe_writes() {
        for threshold in [0.0, 10.0, 12.5, 255.0] {
            let written = minilab_recipe::Trim {
                threshold,
                padding: minilab_recipe::Margin::Px(3),
            }
            .canonical();
            assert_eq!(parse(&written).map(|trim| trim.threshold), Some(threshold));
        }
        for wrong in [
            "",
            "10",
            "threshold=",
            "threshold=NaN",
            "threshold=256",
            "threshold=10;x",
        ] {
            assert_eq!(parse(wrong), None);
        }
    }
}
