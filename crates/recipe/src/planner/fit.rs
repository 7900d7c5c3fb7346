//! How a picture meets a box: sizes only.
use super::size;
use crate::{Asked, Fit, Size};

/// The picture's size after resampling, and the canvas it is cut to or put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fitted {
    pub resized: Size,
    pub canvas: Size,
}

/// A box met without regard to enlarging, and how much the picture grows by it on the side that grows most.
pub(super) fn fit(content: Size, asked: Asked, fit: Fit) -> (Fitted, f64) {
    let (cw, ch) = (f64::from(content.width), f64::from(content.height));
    let across = asked.width.map(|width| f64::from(width) / cw);
    let down = asked.height.map(|height| f64::from(height) / ch);
    let scaled = |scale: f64| size(cw * scale, ch * scale);
    let (Some(x), Some(y)) = (across, down) else {
        let scale = across.or(down).unwrap_or(1.0);
        return (
            Fitted {
                resized: scaled(scale),
                canvas: scaled(scale),
            },
            scale,
        );
    };
    let canvas = Size {
        width: asked.width.unwrap_or(1),
        height: asked.height.unwrap_or(1),
    };
    match fit {
        Fit::Inside => (
            Fitted {
                resized: scaled(x.min(y)),
                canvas: scaled(x.min(y)),
            },
            x.min(y),
        ),
        Fit::Outside => (
            Fitted {
                resized: scaled(x.max(y)),
                canvas: scaled(x.max(y)),
            },
            x.max(y),
        ),
        Fit::Cover => (
            Fitted {
                resized: scaled(x.max(y)),
                canvas,
            },
            x.max(y),
        ),
        Fit::Contain => (
            Fitted {
                resized: scaled(x.min(y)),
                canvas,
            },
            x.min(y),
        ),
        Fit::Fill => (
            Fitted {
                resized: canvas,
                canvas,
            },
            x.max(y),
        ),
    }
}

/// The largest picture of the box's shape that holds only pixels there are: the box shrunk until nothing grows.
pub(super) fn own(content: Size, asked: Asked, how: Fit) -> Fitted {
    let (_, growth) = fit(content, asked, how);
    let shrunk = |side: Option<u32>| side.map_or(1.0, |side| f64::from(side) / growth);
    let canvas = size(shrunk(asked.width), shrunk(asked.height));
    let least = Size {
        width: canvas.width.min(content.width),
        height: canvas.height.min(content.height),
    };
    let boxed = asked.width.is_some() && asked.height.is_some();
    match how {
        Fit::Cover if boxed => Fitted {
            resized: content,
            canvas: least,
        },
        Fit::Fill if boxed => Fitted {
            resized: least,
            canvas: least,
        },
        Fit::Contain if boxed => {
            let most = Size {
                width: canvas.width.max(content.width),
                height: canvas.height.max(content.height),
            };
            Fitted {
                resized: content,
                canvas: most,
            }
        }
        _ => Fitted {
            resized: content,
            canvas: content,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANDSCAPE: Size = Size {
        width: 3000,
        height: 2000,
    };

    fn asked(width: u32, height: u32) -> Asked {
        Asked {
            width: Some(width),
            height: Some(height),
        }
    }

    fn fitted(resized: (u32, u32), canvas: (u32, u32)) -> Fitted {
        let size = |(width, height)| Size { width, height };
        Fitted {
            resized: size(resized),
            canvas: size(canvas),
        }
    }

    #[test]
    fn each_fit_meets_a_square_in_its_way() {
        let square = asked(300, 300);
        assert_eq!(
            fit(LANDSCAPE, square, Fit::Inside).0,
            fitted((300, 200), (300, 200))
        );
        assert_eq!(
            fit(LANDSCAPE, square, Fit::Outside).0,
            fitted((450, 300), (450, 300))
        );
        assert_eq!(
            fit(LANDSCAPE, square, Fit::Cover).0,
            fitted((450, 300), (300, 300))
        );
        assert_eq!(
            fit(LANDSCAPE, square, Fit::Contain).0,
            fitted((300, 200), (300, 300))
        );
        assert_eq!(
            fit(LANDSCAPE, square, Fit::Fill).0,
            fitted((300, 300), (300, 300))
        );
    }

    #[test]
    fn what_is_too_large_shrinks_to_the_pixels_there_are() {
        let square = asked(4000, 4000);
        assert_eq!(
            own(LANDSCAPE, square, Fit::Inside),
            fitted((3000, 2000), (3000, 2000))
        );
        assert_eq!(
            own(LANDSCAPE, square, Fit::Cover),
            fitted((3000, 2000), (2000, 2000))
        );
        assert_eq!(
            own(LANDSCAPE, square, Fit::Contain),
            fitted((3000, 2000), (3000, 3000))
        );
        assert_eq!(
            own(LANDSCAPE, square, Fit::Fill),
            fitted((2000, 2000), (2000, 2000))
        );
    }
}
