//! Overlays in words.
use minilab_recipe::{Blend, Laying, Picture, Step};

pub(super) fn words(step: &Step) -> String {
    match step {
        Step::Composite(composite) => {
            let size = match (composite.width, composite.height) {
                (Some(width), Some(height)) => format!(", within {width} x {height}"),
                (Some(width), None) => format!(", {width} wide"),
                (None, Some(height)) => format!(", {height} high"),
                (None, None) => String::new(),
            };
            format!(
                "lay {}{size} on it{}",
                picture(&composite.picture),
                laying(&composite.laying)
            )
        }
        Step::Mask(mask) => {
            let what = if mask.invert { "hides" } else { "shows" };
            format!("keep what {} {what}", picture(&mask.picture))
        }
        Step::Text(caption) => format!(
            "write {:?}, {} px{}",
            caption.text,
            caption.size.round(),
            laying(&caption.laying)
        ),
        _ => String::new(),
    }
}

fn picture(picture: &Picture) -> String {
    match picture {
        Picture::Sha256(sha256) => format!("the picture {}", &sha256[..sha256.len().min(10)]),
        Picture::Absent(_) => "a picture that is not there".to_owned(),
    }
}

fn laying(laying: &Laying) -> String {
    let mut words = String::new();
    if laying.tile.is_some() {
        words += ", again and again";
    }
    if laying.angle != 0.0 {
        words += &format!(", turned by {} degrees", laying.angle);
    }
    if laying.opacity < 1.0 {
        words += &format!(", opacity {}", laying.opacity);
    }
    if laying.blend != Blend::Over {
        words += &format!(", {}", laying.blend.as_str());
    }
    words
}
