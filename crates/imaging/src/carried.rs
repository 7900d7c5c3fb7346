//! Metadata that may travel from the original into files: taken off the picture at once, put back only as a recipe says.
use std::ffi::CString;

use minilab_inspect::{iptc, xmp};
use minilab_recipe::{Keep, Written};

use crate::credits;
use crate::encode::Profile;
use crate::vips::Image;

/// EXIF, XMP and colour profile of an original.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// Tags as libvips names and spells them. Files get a block written anew from these: the original's own block
    /// would bring along what no tag names.
    exif: Vec<(String, CString)>,
    xmp: Option<Vec<u8>>,
    iptc: Option<Vec<u8>>,
    /// The profile that describes the trunk's samples; none where they are sRGB.
    pub(crate) icc: Option<Vec<u8>>,
}

const GPS: &str = "exif-ifd3-";
const COPYRIGHT: [&str; 2] = ["exif-ifd0-Copyright", "exif-ifd0-Artist"];

/// Tags of the picture, the camera and the place; the thumbnail's directory (1) is left out.
const DIRECTORIES: [&str; 3] = ["exif-ifd0-", "exif-ifd2-", GPS];

/// Tags that never travel: orientation is baked in, and makers' notes are binary and may hold a place.
const DROPPED: [&str; 2] = ["exif-ifd0-Orientation", "exif-ifd2-MakerNote"];

impl Carried {
    /// Copies what a freshly loaded image carries.
    pub(crate) fn take(image: &Image<'_>) -> Self {
        let travels = |name: &String| {
            DIRECTORIES.iter().any(|directory| name.starts_with(directory))
                && !DROPPED.contains(&name.as_str())
        };
        let tags = image.fields().into_iter().filter(travels);
        Self {
            exif: tags
                .filter_map(|name| image.text_field(&name).map(|text| (name, text)))
                .collect(),
            xmp: image.blob_field(c"xmp-data"),
            iptc: image
                .blob_field(c"iptc-data")
                .and_then(|block| iptc::alone(&block)),
            icc: image.blob_field(c"icc-profile-data"),
        }
    }

    /// Puts on an image, that has no metadata, what the recipe keeps and writes.
    pub(crate) fn dress(&self, image: &mut Image<'_>, keep: Keep, written: &Written) {
        for (name, text) in self.exif.iter().filter(|(name, _)| keeps(keep, name)) {
            image.set_text_field(name, text);
        }
        for (name, text) in written.texts() {
            // libvips takes what stands in brackets at the end for its own remark, so that there is one.
            let text = CString::new(format!("{text} (written)"))
                .expect("texts of recipes have no control character");
            image.set_text_field(&format!("exif-ifd0-{name}"), &text);
        }
        // What cannot be followed may hold anything: it stays behind.
        let kept = self.xmp.as_ref().filter(|_| keep.xmp);
        let kept = kept.and_then(|packet| xmp::cleared(packet, keep.gps));
        if let Some(xmp) = credits::packet(kept, written) {
            image.set_blob_field(c"xmp-data", &xmp);
        }
        if let (Some(iptc), true) = (&self.iptc, keep.iptc) {
            image.set_blob_field(c"iptc-data", iptc);
        }
        if let Some(icc) = &self.icc {
            image.set_blob_field(c"icc-profile-data", icc);
        }
    }

    /// The profile that a file carries: needed where samples are not sRGB, else only if asked for.
    pub(crate) fn profile(&self, keep: Keep) -> Profile {
        match (&self.icc, keep.icc) {
            (Some(_), _) => Profile::OnImage,
            (None, true) => Profile::Srgb,
            (None, false) => Profile::Absent,
        }
    }
}

fn keeps(keep: Keep, field: &str) -> bool {
    if field.starts_with(GPS) {
        keep.gps
    } else {
        keep.exif || (keep.copyright && COPYRIGHT.contains(&field))
    }
}
