//! Qualities that are searched: for a look, and for a number of bytes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_imaging::Encoded;
use minilab_recipe::{Aim, Encoding, Look, Note, Score};
use support::{AVIF, JPEG, Lab, Picture, WEBP, lab};

/// A gradient with texture, like a photo's: scores rise over the whole scale.
fn textured(width: u32, height: u32) -> Picture {
    Picture::new(width, height, |x, y| {
        let wave = |by: f64, phase: f64| {
            ((f64::from(x) * by).sin() + (f64::from(y) * by * 1.3 + phase).cos()) * 24.0
        };
        let noise = f64::from(((x * 7919) ^ (y * 104_729)) % 23) - 11.0;
        let sample = |phase: f64| {
            (128.0 + wave(0.07, phase) + wave(0.31, phase) + noise * 0.8).clamp(0.0, 255.0) as u8
        };
        vec![sample(0.0), sample(1.0), sample(2.2)]
    })
}

fn sought(lab: &Lab, picture: &Picture, encoding: Encoding, aim: Aim) -> Encoded {
    let change = |plan: &mut minilab_recipe::Plan| {
        plan.files[0].encoding = encoding;
        plan.files[0].aim = aim;
    };
    lab.make(&picture.png(), &[], picture.size, change).unwrap()
}

fn look(score: f64) -> Aim {
    Aim {
        target: Some(Look {
            ssimulacra2: Score::new(score),
            min: Look::QUALITY_MIN,
            max: Look::QUALITY_MAX,
        }),
        max_bytes: None,
    }
}

#[test]
fn every_lossy_format_reaches_a_look_and_tells_quality_and_score() {
    let (lab, picture) = (lab(), textured(240, 160));
    for encoding in [JPEG, WEBP, AVIF] {
        let good = sought(&lab, &picture, encoding.clone(), look(70.0));
        let score = good.score.unwrap().get();
        assert!((70.0..78.0).contains(&score), "{encoding:?}: {score}");
        assert_eq!(good.notes, []);
        let better = sought(&lab, &picture, encoding.clone(), look(84.0));
        assert!(better.quality > good.quality, "{encoding:?}");
        assert!(better.bytes.len() > good.bytes.len());
        // The same quality told plainly is the same file.
        let plain = encoding.at_quality(good.quality.unwrap());
        let told = sought(&lab, &picture, plain, Aim::default());
        assert_eq!(told.bytes[..], good.bytes[..]);
        assert_eq!((told.quality, told.score), (None, None));
    }
}

#[test]
fn look_out_of_reach_is_the_best_there_is_with_a_note() {
    let (lab, picture) = (lab(), textured(64, 64));
    let mut aim = look(95.0);
    aim.target.as_mut().unwrap().max = 60;
    let made = sought(&lab, &picture, WEBP, aim);
    assert_eq!(
        (made.quality, &made.notes[..]),
        (Some(60), &[Note::TargetMissed][..])
    );
}

#[test]
fn transparent_pictures_are_compared_with_what_shows() {
    let lab = lab();
    let opaque = textured(120, 80);
    let clear = Picture::new(120, 80, |x, y| {
        let alpha = if x < 60 { 255 } else { 0 };
        opaque.at(x, y).iter().copied().chain([alpha]).collect()
    });
    let made = sought(&lab, &clear, WEBP, look(70.0));
    assert!(made.score.unwrap() >= Score::new(70.0));
}

#[test]
fn large_pictures_are_compared_in_windows_that_stand_for_all() {
    let (lab, picture) = (lab(), textured(1500, 1000));
    let made = sought(&lab, &picture, JPEG, look(72.0));
    let score = made.score.unwrap().get();
    assert!((72.0..80.0).contains(&score), "{score}");
}

#[test]
fn budget_is_kept_or_noted() {
    let (lab, picture) = (lab(), textured(240, 160));
    for encoding in [JPEG, WEBP, AVIF] {
        let free = sought(&lab, &picture, encoding.clone(), Aim::default());
        let max = free.bytes.len() as u64 / 2;
        let aim = Aim {
            max_bytes: Some(max),
            target: None,
        };
        let kept = sought(&lab, &picture, encoding.clone(), aim);
        assert!(kept.bytes.len() as u64 <= max, "{encoding:?}");
        assert!(kept.quality < encoding.quality() && kept.notes.is_empty());
        let never = Aim {
            max_bytes: Some(10),
            target: None,
        };
        let missed = sought(&lab, &picture, encoding, never);
        assert_eq!(
            (missed.quality, &missed.notes[..]),
            (Some(Aim::QUALITY_FLOOR), &[Note::BytesMissed][..])
        );
    }
}
