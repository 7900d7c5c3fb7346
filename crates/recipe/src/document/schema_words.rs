//! What keys mean, for editors and the reference page: a sentence for each that its mapping does not describe itself.
use serde_json::{Value, json};

/// Adds the sentences to a mapping's properties.
pub(super) fn describe(mapping: &str, properties: &mut Value) {
    for (of, key, sentence) in WORDS {
        if *of != mapping {
            continue;
        }
        let Some(property) = properties.get_mut(*key) else {
            continue;
        };
        if property.get("description").is_some() {
            continue;
        }
        if property.get("$ref").is_some() {
            // A `$ref` hides its neighbours in draft-07.
            *property = json!({ "allOf": [property.take()] });
        }
        property["description"] = json!(sentence);
    }
}

const WORDS: &[(&str, &str, &str)] = &[
    ("recipe", "accept", "Which originals it takes."),
    (
        "recipe",
        "not_an_image",
        "What becomes of a key whose object is no image; ignored unless given.",
    ),
    (
        "recipe",
        "urls",
        "Under which keys files are found: such that never change their content, such that a page can compute, or both.",
    ),
    (
        "recipe",
        "replace",
        "What is shown after an overwrite: the old set until the new one is complete, or the new one as it grows.",
    ),
    ("recipe", "placeholder", "What to show while files load."),
    (
        "recipe",
        "publish",
        "What manifests tell of the original: boxes of faces, texts of its EXIF, IPTC and XMP (camera, captions, credits; no \
         serial numbers), and, only by name, where it was taken (gps).",
    ),
    (
        "recipe",
        "read_tags",
        "Are tags of the object in S3 read as its metadata is (focal, minilab-crop-NAME, {meta.x})? Metadata is stronger. A request \
         more each time an original is looked at, and workers must be allowed it: see iam-policy.",
    ),
    ("recipe", "epoch", "Raise it to have everything made anew."),
    (
        "recipe",
        "key",
        "How versioned keys are built, below the original's.",
    ),
    (
        "recipe",
        "keep",
        "Metadata that files carry, unless a derivative says otherwise.",
    ),
    (
        "recipe",
        "background",
        "What transparency is put on where a format has none; white unless given.",
    ),
    ("recipe", "derivatives", "What is made, by name."),
    ("limits", "bytes", "Largest object; 50MiB unless given."),
    (
        "limits",
        "pixels",
        "Width x height of what is decoded in strips; 100M unless given.",
    ),
    (
        "limits",
        "whole_image_pixels",
        "The same for forms that are decoded as a whole; half of pixels unless given.",
    ),
    ("limits", "side", "Longer side in pixels; 16384 unless given."),
    ("limits", "frames", "Frames or pages in a file; 256 unless given."),
    (
        "limits",
        "animation_pixels",
        "Frames x width x height of an animation; 100M unless given.",
    ),
    (
        "accept",
        "bytes",
        "Largest object, at most what `limits` of the document allows: 50MiB unless given.",
    ),
    (
        "accept",
        "pixels",
        "Width x height of what is decoded in strips; 100M unless given.",
    ),
    (
        "accept",
        "whole_image_pixels",
        "The same for forms that are decoded as a whole; half of pixels unless given.",
    ),
    ("accept", "side", "Longer side in pixels; 16384 unless given."),
    ("accept", "frames", "Frames or pages in a file; 256 unless given."),
    (
        "accept",
        "animation_pixels",
        "Frames x width x height of an animation; 100M unless given.",
    ),
    (
        "accept",
        "formats",
        "Formats, told by content; JPEG XL and SVG only where they are named.",
    ),
    (
        "derivative",
        "background",
        "What transparency is put on where a format has none.",
    ),
    (
        "derivative",
        "autorotate",
        "Is the picture turned upright as its EXIF says? It is, unless false.",
    ),
    (
        "derivative",
        "rotate",
        "Turned clockwise, in degrees; the canvas grows to hold it.",
    ),
    ("derivative", "flip", "Mirrored top to bottom."),
    ("derivative", "flop", "Mirrored left to right."),
    ("derivative", "trim", "Uniform borders cut off."),
    (
        "derivative",
        "extract",
        "A part kept, in pixels of the original or in percent.",
    ),
    ("derivative", "crop", "Cropped to what is in the picture."),
    (
        "derivative",
        "resize",
        "Sizes; without it, the size that is there.",
    ),
    ("derivative", "extend", "Pixels added around."),
    (
        "derivative",
        "densities",
        "Each size made several times, for screens with more pixels.",
    ),
    (
        "derivative",
        "encodings",
        "How its formats are encoded, on top of the document's.",
    ),
    (
        "derivative",
        "formats",
        "The formats, the preferred one first; `auto` is JPEG, or PNG where there is transparency.",
    ),
    ("derivative", "keep", "Metadata that its files carry."),
    ("rotate", "degrees", "Clockwise."),
    (
        "rotate",
        "background",
        "What the corners become, where the angle is no multiple of 90.",
    ),
    (
        "trim",
        "threshold",
        "How far a sample may be from the border's colour, 0 to 255; 10 unless given.",
    ),
    ("extract", "unit", "Of all four numbers; px unless given."),
    ("extract", "left", "From the left."),
    ("extract", "top", "From the top."),
    ("extract", "width", "Across."),
    ("extract", "height", "Down."),
    ("resize", "width", "Pixels across."),
    ("resize", "height", "Pixels down."),
    ("resize", "widths", "Several widths, each a file."),
    (
        "resize",
        "ladder",
        "Several widths, each so many times the one before.",
    ),
    (
        "resize",
        "fit",
        "How the picture meets a box of another shape: wholly inside, covering it, cut to it, on a canvas of it, or distorted.",
    ),
    ("resize", "enlarge", "May it grow? Not unless true."),
    (
        "resize",
        "gravity",
        "What stays when something is cut; of a list the first that applies.",
    ),
    ("extend", "all", "Pixels on every side."),
    ("extend", "top", "Pixels above."),
    ("extend", "right", "Pixels to the right."),
    ("extend", "bottom", "Pixels below."),
    ("extend", "left", "Pixels to the left."),
    (
        "extend",
        "mode",
        "What the added pixels are: one colour, the edge's repeated, or the picture mirrored.",
    ),
    ("border", "width", "In pixels of a file of density 1."),
    ("encodings", "avif", "How AVIF is encoded."),
    ("encodings", "webp", "How WebP is encoded."),
    ("encodings", "jpeg", "How JPEG is encoded."),
    ("encodings", "png", "How PNG is encoded."),
    ("encodings", "gif", "How GIF is encoded."),
    ("encodings", "tiff", "How TIFF is encoded."),
    ("ladder", "min", "The smallest width."),
    ("ladder", "max", "The largest width."),
    ("ladder", "factor", "From one to the next."),
    (
        "ladder",
        "min_diff",
        "Rungs nearer than this to the one below are left out.",
    ),
    ("convolve", "width", "Numbers in a row of the kernel."),
];
