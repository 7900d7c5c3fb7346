//! Metadata that may travel from the original into files: taken off the picture at once, put back only as a recipe says.
use std::ffi::CString;

use minilab_recipe::Keep;

use crate::encode::Profile;
use crate::vips::Image;

/// EXIF, XMP and colour profile of an original.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    exif: Option<Vec<u8>>,
    exif_fields: Vec<(String, CString)>,
    xmp: Option<Vec<u8>>,
    /// The profile that describes the trunk's samples; none where they are sRGB.
    pub(crate) icc: Option<Vec<u8>>,
}

const GPS: &str = "exif-ifd3-";
const THUMBNAIL: &str = "exif-ifd1-";
const COPYRIGHT: [&str; 2] = ["exif-ifd0-Copyright", "exif-ifd0-Artist"];

impl Carried {
    /// Copies what a freshly loaded image carries.
    pub(crate) fn take(image: &Image<'_>) -> Self {
        let exif_fields = image
            .fields()
            .into_iter()
            .filter(|name| {
                name.starts_with("exif-ifd")
                    && !name.starts_with(THUMBNAIL)
                    && !name.ends_with("-Orientation")
            })
            .filter_map(|name| image.text_field(&name).map(|text| (name, text)))
            .collect();
        Self {
            exif: image.blob_field(c"exif-data"),
            exif_fields,
            xmp: image.blob_field(c"xmp-data"),
            icc: image.blob_field(c"icc-profile-data"),
        }
    }

    /// Puts on an image, that has no metadata, what the recipe keeps.
    pub(crate) fn dress(&self, image: &mut Image<'_>, keep: Keep) {
        let fields: Vec<_> = self
            .exif_fields
            .iter()
            .filter(|(name, _)| keeps(keep, name))
            .collect();
        if let (Some(exif), false) = (&self.exif, fields.is_empty()) {
            // libvips drops from the block whatever is missing among the fields.
            image.set_blob_field(c"exif-data", exif);
            for (name, text) in fields {
                image.set_text_field(name, text);
            }
        }
        if let (Some(xmp), true) = (&self.xmp, keep.xmp) {
            image.set_blob_field(c"xmp-data", xmp);
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
