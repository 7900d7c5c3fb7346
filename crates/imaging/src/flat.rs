//! Animations of flat drawings, as GIFs have them: a lossy WebP spends bytes on their edges and on noise that differs from frame to
//! frame, an exact one repeats what stays. Which is shorter shows only when both are made.
//!
//! libwebp's own choice frame by frame (`mixed`) changed no byte of what was measured; with the shortest form of every frame sought
//! (`min_size`) it took five times as long and came out longer than all frames without loss.
use minilab_recipe::{Encoding, Keep, Note};

use crate::Result;
use crate::encode::{self, Profile};
use crate::picture::Picture;
use crate::search::Found;
use crate::vips::{Blob, Image};

/// The exact form is tried where its first frame is no longer than so many times the lossy one: of a photograph it is five to ten
/// times as long, and takes as much longer to make.
const TIMES_MAX: usize = 3;

/// What was encoded, or the same exactly if that is shorter. `strip`: all frames of the picture, as they are encoded.
pub(crate) fn shorter(
    found: Found<Blob>,
    picture: &Picture<'_>,
    strip: &Image<'_>,
    encoding: &Encoding,
    keep: Keep,
    profile: Profile,
) -> Result<Found<Blob>> {
    let Some(exact) = exact(encoding).filter(|_| picture.frames() > 1) else {
        return Ok(found);
    };
    let first =
        |encoding: &Encoding| encode::write(picture.first(), encoding, Keep::default(), Profile::Absent);
    if first(&exact)?.len() > TIMES_MAX * first(encoding)?.len() {
        return Ok(found);
    }
    let file = encode::write(strip, &exact, keep, profile)?;
    if file.len() >= found.file.len() {
        return Ok(found);
    }
    Ok(Found {
        file,
        notes: [&found.notes[..], &[Note::Lossless]].concat(),
        ..found
    })
}

/// A lossy WebP without loss.
fn exact(encoding: &Encoding) -> Option<Encoding> {
    match encoding {
        Encoding::Webp {
            quality,
            effort,
            tuning,
            ..
        } if encoding.is_graded() => Some(Encoding::Webp {
            // Of an exact one: how long shorter forms are looked for.
            quality: *quality,
            effort: *effort,
            lossless: true,
            tuning: *tuning,
        }),
        _ => None,
    }
}
