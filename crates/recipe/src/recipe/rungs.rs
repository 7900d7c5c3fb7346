//! Rungs: every size and format that a recipe names, whatever the original; each has a stable URL.
use super::{Asked, Density, Derivative, Fit, Recipe};
use crate::{Lane, OutputFormat, Size};

/// One file that the recipe names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Of which derivative.
    pub derivative: String,
    /// Width as asked, times the density; `None` if the recipe asks no width.
    pub width: Option<u32>,
    /// Height as asked (or as the aspect gives it), times the density.
    pub height: Option<u32>,
    /// Pixels per pixel.
    pub density: Density,
    /// In which format.
    pub format: OutputFormat,
    /// Which lane makes it.
    pub lane: Lane,
    /// The box that the file lies in, border included.
    frame: Asked,
    /// Is the box a least size instead of a greatest?
    outside: bool,
}

impl Rung {
    /// Which of the derivative's files of this format serves the rung: its own, or for a rung that the original could
    /// not fill the largest there is. `None` only if `sizes` is empty.
    pub fn pick(&self, sizes: &[Size]) -> Option<usize> {
        let fits = |size: &Size| {
            let (across, down) = (self.frame.width, self.frame.height);
            if self.outside {
                across.is_none_or(|w| size.width >= w) && down.is_none_or(|h| size.height >= h)
            } else {
                across.is_none_or(|w| size.width <= w) && down.is_none_or(|h| size.height <= h)
            }
        };
        let mut by_size: Vec<usize> = (0..sizes.len()).collect();
        by_size.sort_by_key(|&index| sizes[index].pixels());
        let served = by_size.iter().filter(|&&index| fits(&sizes[index]));
        if self.outside {
            served
                .min_by_key(|&&index| sizes[index].pixels())
                .or(by_size.last())
                .copied()
        } else {
            served
                .max_by_key(|&&index| sizes[index].pixels())
                .or(by_size.first())
                .copied()
        }
    }
}

impl Derivative {
    /// Its boxes with their densities, small first; `None` is the size that is there.
    pub(crate) fn asked(&self) -> Vec<(Option<Asked>, Density)> {
        let Some(resize) = &self.resize else {
            return vec![(None, Density::ONE)];
        };
        let scaled = |asked: &Asked, density: Density| Asked {
            width: asked.width.map(|w| density.scale(w)),
            height: asked.height.map(|h| density.scale(h)),
        };
        let mut all: Vec<_> = resize
            .boxes
            .iter()
            .flat_map(|asked| self.densities.iter().map(move |d| (Some(scaled(asked, *d)), *d)))
            .collect();
        all.sort();
        all
    }
}

impl Recipe {
    /// All rungs of the recipe; two where a format is chosen by transparency, of which an original gets one.
    pub fn rungs(&self) -> Vec<Rung> {
        let mut rungs = Vec::new();
        for derivative in self.derivatives.iter().flat_map(Derivative::every) {
            for (asked, density) in derivative.asked() {
                for laned in &derivative.encodings {
                    for encoding in std::iter::once(&laned.encoding).chain(&laned.where_clear) {
                        rungs.push(rung(&derivative, asked, density, encoding.format(), laned.lane));
                    }
                }
            }
        }
        rungs
    }
}

fn rung(of: &Derivative, asked: Option<Asked>, density: Density, format: OutputFormat, lane: Lane) -> Rung {
    let asked = asked.unwrap_or(Asked {
        width: None,
        height: None,
    });
    let border = of.extend.map(|extend| extend.edges).unwrap_or_default();
    let grown = 2 * of.growth(density);
    let across = density.scale(border.left) + density.scale(border.right) + grown;
    let down = density.scale(border.top) + density.scale(border.bottom) + grown;
    Rung {
        derivative: of.name.clone(),
        width: asked.width,
        height: asked.height,
        density,
        format,
        lane,
        frame: Asked {
            width: asked.width.map(|w| w + across),
            height: asked.height.map(|h| h + down),
        },
        outside: of
            .resize
            .as_ref()
            .is_some_and(|resize| resize.fit == Fit::Outside),
    }
}
