//! Faces in pictures: pixels in, boxes out. No IO, no clock, no image format.
//!
//! The detector is MediaPipe's BlazeFace for the full range of distances, run by a small interpreter of the five kinds of
//! layers that it has: `network` computes, `gaze` looks at the picture as a whole and at overlapping parts of it, `boxes`
//! reads what the network says and merges what was seen twice. See docs/adr/ for what it was chosen over.
mod boxes;
mod gaze;
mod network;

use network::Network;

/// A picture in memory: rows of red, green, blue, 8 bits each, without gaps.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// Pixels across; at least 1.
    pub width: usize,
    /// Pixels down; at least 1.
    pub height: usize,
    /// `width * height * 3` samples.
    pub rgb: &'a [u8],
}

/// A face: about from the brows to the chin. All lengths are fractions of the picture's width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// Left edge; below 0 where the picture cuts the face.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Across.
    pub width: f64,
    /// Down.
    pub height: f64,
    /// How sure the network is, 0 to 1.
    pub score: f64,
}

/// Longer side of a picture in which all is found that this detector can find: parts of it are looked at by 192 pixels, so
/// more pixels are not seen. Smaller pictures are taken as they are.
pub const SIDE_PX: usize = 640;

/// Finds faces. Holds the network's weights, 2 MB; shared by any number of pictures.
#[derive(Debug)]
pub struct Detector {
    network: Network,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    /// The detector with the model that this build carries.
    pub fn new() -> Self {
        Self {
            network: Network::read(network::MODEL).expect("the model of this build is whole"),
        }
    }

    /// The faces of a picture, the surest first. The same picture gives the same faces.
    ///
    /// # Panics
    /// Where the samples are not as many as width and height say.
    pub fn find(&self, picture: Picture<'_>) -> Vec<Face> {
        assert_eq!(
            picture.rgb.len(),
            picture.width * picture.height * 3,
            "a picture has three samples per pixel"
        );
        let mut seen = Vec::new();
        for view in gaze::views(picture.width, picture.height) {
            let input = gaze::look(picture, view);
            let said = self.network.run(&input);
            let found = boxes::read(&said).into_iter().map(|face| view.place(face));
            seen.extend(found.filter(|face| !view.cuts(face, picture.width, picture.height)));
        }
        let (width, height) = (picture.width as f64, picture.height as f64);
        boxes::distinct(seen)
            .into_iter()
            .map(|found| Face {
                left: found.left / width,
                top: found.top / height,
                width: found.side_x() / width,
                height: found.side_y() / height,
                score: found.score,
            })
            .collect()
    }
}
