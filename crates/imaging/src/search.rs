//! The quality that an aim asks for: a bounded search, over closures so that it is tested without an encoder.
use minilab_recipe::{Aim, Look, Note, Score};

use crate::Result;

/// What encodes and compares.
pub(crate) trait Trial {
    /// An encoded picture.
    type File: AsRef<[u8]>;
    /// Encodes at a quality.
    fn encode(&self, quality: u8) -> Result<Self::File>;
    /// The score of what was encoded.
    fn score(&self, file: &Self::File) -> Result<f64>;
}

/// A file and what is known of it.
#[derive(Debug)]
pub(crate) struct Found<F> {
    pub file: F,
    pub quality: u8,
    pub score: Option<Score>,
    pub notes: Vec<Note>,
}

/// Searches from `start`, the quality that the encoding is told.
pub(crate) fn search<T: Trial>(trial: &T, aim: Aim, start: u8) -> Result<Found<T::File>> {
    let mut found = match aim.target {
        Some(look) => look_for(trial, look, start)?,
        None => Found {
            file: trial.encode(start)?,
            quality: start,
            score: None,
            notes: Vec::new(),
        },
    };
    if let Some(max) = aim.max_bytes.filter(|max| length(&found.file) > *max) {
        let least = aim.target.map_or(Aim::QUALITY_FLOOR, |look| look.min);
        found = shorten(trial, max, least, found)?;
        if let Some(look) = aim.target {
            let score = Score::new(trial.score(&found.file)?);
            found.score = Some(score);
            found.notes.retain(|note| *note != Note::TargetMissed);
            if score < look.ssimulacra2 {
                found.notes.push(Note::TargetMissed);
            }
        }
    }
    found.notes.sort();
    Ok(found)
}

fn length(file: &impl AsRef<[u8]>) -> u64 {
    file.as_ref().len() as u64
}

/// Points of score per step of quality, where nothing better is known: the middle of the three formats' curves.
const SLOPE: f64 = 0.7;
/// Where it is flatter than this, a secant would leave the scale.
const SLOPE_MIN: f64 = 0.15;
/// A file this little above its target is no worse than one that hits it, and saves an encoding.
const CLOSE_ENOUGH: f64 = 0.4;

/// A quality and its score, where one was tried.
type Tried = Option<(u8, f64)>;

/// The least quality that reaches a score, by secants between the nearest two that are known to miss and to reach it.
fn look_for<T: Trial>(trial: &T, look: Look, start: u8) -> Result<Found<T::File>> {
    let goal = look.ssimulacra2.get();
    let (mut before, mut below): (Tried, Tried) = (None, None);
    let mut reached: Option<(Found<T::File>, f64)> = None;
    let mut best_missing = None;
    let mut quality = start.clamp(look.min, look.max);
    for left in (0..Aim::ENCODES_MAX).rev() {
        let file = trial.encode(quality)?;
        let score = trial.score(&file)?;
        let found = Found {
            file,
            quality,
            score: Some(Score::new(score)),
            notes: Vec::new(),
        };
        // Of what is rounded in the record, so that nothing is told to reach a score that it does not show.
        if Score::new(score) >= look.ssimulacra2 {
            reached = Some((found, score));
        } else {
            (before, below) = (below, Some((quality, score)));
            best_missing = Some(found);
        }
        let high = reached.as_ref().map(|(found, score)| (found.quality, *score));
        match next(look, goal, (before, below), high) {
            // With one encoding left and nothing that reaches the goal, only the best that is allowed is worth it.
            Some(_) if left == 1 && high.is_none() => quality = look.max,
            Some(asked) => quality = asked,
            None => break,
        }
    }
    if let Some((found, _)) = reached {
        return Ok(found);
    }
    let mut missing = best_missing.expect("there was a first encoding");
    missing.notes.push(Note::TargetMissed);
    Ok(missing)
}

/// What to try next; `None`: what is known is the answer.
fn next(look: Look, goal: f64, (before, below): (Tried, Tried), reached: Tried) -> Option<u8> {
    let steps = |points: f64, slope: f64| (points / slope).ceil().clamp(1.0, 100.0) as u8;
    match (below, reached) {
        (_, Some((quality, score))) if quality == look.min || score - goal < CLOSE_ENOUGH => None,
        (None, Some((quality, score))) => {
            let down = steps(score - goal, SLOPE);
            Some(quality.saturating_sub(down).max(look.min))
        }
        (Some((quality, _)), None) if quality >= look.max => None,
        (Some((quality, score)), None) => {
            // Scores rise slower the better a picture is; a step too far is a bound for the next.
            let slope = before
                .filter(|before| before.0 < quality)
                .map_or(SLOPE, |before| {
                    let measured = (score - before.1) / f64::from(quality - before.0);
                    measured.clamp(SLOPE_MIN, SLOPE) * 0.8
                });
            let up = steps(goal - score, slope);
            Some(quality.saturating_add(up).min(look.max))
        }
        (Some((low, worse)), Some((high, better))) if high > low + 1 => {
            let slope = ((better - worse) / f64::from(high - low)).max(0.01);
            let up = steps(goal - worse, slope);
            Some(low.saturating_add(up).clamp(low + 1, high - 1))
        }
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// The best quality below `from`'s that is no longer than `max`.
fn shorten<T: Trial>(trial: &T, max: u64, least: u8, from: Found<T::File>) -> Result<Found<T::File>> {
    // The length grows about exponentially with the quality.
    let log = |length: u64| (length.max(1) as f64).ln();
    let mut above = (from.quality, log(length(&from.file)));
    let mut shortest = from;
    let mut fits: Option<Found<T::File>> = None;
    for left in (0..Aim::ENCODES_MAX).rev() {
        let low = fits
            .as_ref()
            .map(|found| (found.quality, log(length(&found.file))));
        let (bottom, slope) = match low {
            Some((quality, size)) => (quality + 1, (above.1 - size) / f64::from(above.0 - quality)),
            // A tenth shorter for each two steps, until two lengths are known.
            None => (least, 0.05),
        };
        if above.0 <= bottom && (low.is_some() || above.0 <= least) {
            break;
        }
        let down = ((above.1 - log(max)) / slope.max(0.001)).ceil().clamp(1.0, 100.0) as u8;
        let guess = above.0.saturating_sub(down).clamp(bottom, above.0 - 1);
        let quality = if left == 0 && low.is_none() { least } else { guess };
        let file = trial.encode(quality)?;
        let size = length(&file);
        let found = Found {
            file,
            quality,
            score: None,
            notes: shortest.notes.clone(),
        };
        if size <= max {
            // Within two hundredths of the budget another encoding buys nothing.
            let close = size as f64 >= max as f64 * 0.98;
            fits = Some(found);
            if close {
                break;
            }
        } else {
            above = (quality, log(size));
            shortest = found;
        }
    }
    Ok(fits.unwrap_or_else(|| {
        shortest.notes.push(Note::BytesMissed);
        shortest
    }))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// An encoder whose files are as long and look as good as two functions of the quality say.
    struct Curve {
        score: fn(f64) -> f64,
        bytes: fn(f64) -> f64,
        tried: RefCell<Vec<u8>>,
    }

    struct File(u8, Vec<u8>);

    impl AsRef<[u8]> for File {
        fn as_ref(&self) -> &[u8] {
            &self.1
        }
    }

    impl Trial for Curve {
        type File = File;

        fn encode(&self, quality: u8) -> Result<File> {
            self.tried.borrow_mut().push(quality);
            Ok(File(quality, vec![0; (self.bytes)(quality.into()) as usize]))
        }

        fn score(&self, file: &File) -> Result<f64> {
            Ok((self.score)(file.0.into()))
        }
    }

    fn curve(score: fn(f64) -> f64, bytes: fn(f64) -> f64) -> Curve {
        let tried = RefCell::default();
        Curve { score, bytes, tried }
    }

    /// Like AVIF of the measured photos.
    fn photo() -> Curve {
        curve(
            |q| 100.0 - 190.0 * (-q / 27.0).exp() - 6.0,
            |q| 900.0 * (q / 22.0).exp(),
        )
    }

    fn look(score: f64) -> Aim {
        let (min, max) = (Look::QUALITY_MIN, Look::QUALITY_MAX);
        let ssimulacra2 = Score::new(score);
        Aim {
            target: Some(Look {
                ssimulacra2,
                min,
                max,
            }),
            max_bytes: None,
        }
    }

    #[test]
    fn least_quality_that_reaches_the_target_is_found_in_few_encodings() {
        for tenths in 400..880 {
            let goal = f64::from(tenths) / 10.0;
            let trial = photo();
            let found = search(&trial, look(goal), 57).unwrap();
            assert!((trial.score)(found.quality.into()) >= goal - 0.005, "{goal}");
            let cheaper = (trial.score)(f64::from(found.quality) - 1.0);
            assert!(
                cheaper < goal + 0.4 || found.quality == Look::QUALITY_MIN,
                "{goal}: {found:?}",
                found = found.quality
            );
            assert!(trial.tried.borrow().len() <= 6, "{goal}: {:?}", trial.tried);
            assert_eq!(found.notes, []);
        }
    }

    #[test]
    fn target_out_of_reach_gives_the_best_that_is_allowed_and_says_so() {
        let trial = photo();
        let found = search(&trial, look(95.0), 57).unwrap();
        assert_eq!((found.quality, &found.notes[..]), (95, &[Note::TargetMissed][..]));
        let flat = curve(|_| 50.0, |_| 10.0);
        let found = search(&flat, look(80.0), 57).unwrap();
        assert_eq!((found.quality, &found.notes[..]), (95, &[Note::TargetMissed][..]));
        assert!(flat.tried.borrow().len() <= 6);
    }

    #[test]
    fn easy_picture_goes_down_to_the_bound_and_no_further() {
        let easy = curve(|q| 85.0 + q / 10.0, |_| 10.0);
        let found = search(&easy, look(70.0), 57).unwrap();
        assert_eq!((found.quality, &found.notes[..]), (30, &[][..]));
    }

    #[test]
    fn budget_is_kept_with_the_best_quality_that_does() {
        for max in (2_000..12_000).step_by(37) {
            let trial = photo();
            let aim = Aim {
                max_bytes: Some(max),
                ..Aim::default()
            };
            let found = search(&trial, aim, 57).unwrap();
            let size = found.file.1.len() as u64;
            assert!(size <= max, "{max}: {size}");
            let better = (trial.bytes)(f64::from(found.quality) + 1.0) as u64;
            assert!(
                found.quality == 57 || better > max || size * 50 >= max * 49,
                "{max}: {}",
                found.quality
            );
            assert!(trial.tried.borrow().len() <= 7, "{max}: {:?}", trial.tried);
            assert_eq!(found.notes, []);
        }
    }

    #[test]
    fn budget_out_of_reach_gives_the_shortest_that_is_allowed_and_says_so() {
        let trial = photo();
        let aim = Aim {
            max_bytes: Some(100),
            ..Aim::default()
        };
        let found = search(&trial, aim, 57).unwrap();
        assert_eq!(
            (found.quality, &found.notes[..]),
            (Aim::QUALITY_FLOOR, &[Note::BytesMissed][..])
        );
    }

    #[test]
    fn bytes_are_kept_before_looks() {
        let trial = photo();
        let aim = Aim {
            max_bytes: Some(5_000),
            ..look(80.0)
        };
        let found = search(&trial, aim, 57).unwrap();
        assert!(found.file.1.len() <= 5_000);
        assert_eq!(found.notes, [Note::TargetMissed]);
        assert!(found.score.unwrap() < Score::new(80.0));
        let both = Aim {
            max_bytes: Some(400),
            ..look(80.0)
        };
        let found = search(&photo(), both, 57).unwrap();
        assert_eq!(found.notes, [Note::TargetMissed, Note::BytesMissed]);
    }

    #[test]
    fn nothing_asked_is_one_encoding() {
        let trial = photo();
        let aim = Aim {
            max_bytes: Some(1 << 20),
            ..Aim::default()
        };
        assert_eq!(search(&trial, aim, 57).unwrap().quality, 57);
        assert_eq!(*trial.tried.borrow(), [57]);
    }
}
