//! Real pictures through real processes.
use minilab_recipe::{
    Analysis, AvifTuning, Encoding, Note, OutputFormat, PngTuning, Size, Subsampling, Survey,
};
use minilab_worker::pool::Crashes;
use minilab_worker::renderer::{RenderError, Renderer as _};

use crate::png::gradient;
use crate::world::{WEBP, config, open, plan, render, square, start, thumb};

const JPEG: Encoding = Encoding::Jpeg {
    quality: 80,
    effort: 2,
    progressive: false,
    subsampling: Subsampling::Auto,
};

#[tokio::test]
async fn each_format_arrives_as_planned() {
    let pool = start(config(1)).await;
    let avif = Encoding::Avif {
        quality: 50,
        effort: 0,
        lossless: false,
        subsampling: Subsampling::Auto,
        tuning: AvifTuning::DEFAULT,
    };
    let png = Encoding::Png {
        compression: 6,
        palette: false,
        tuning: PngTuning::DEFAULT,
    };
    let size = Size {
        width: 40,
        height: 30,
    };
    let plan = plan(
        square(64),
        &[(size, JPEG), (size, WEBP), (size, avif), (size, png)],
    );
    let mut session = open(&pool, &gradient(64)).await.unwrap();
    assert_eq!(session.probe().stored, square(64));

    let (files, report) = render(&mut session, &plan, &[0, 1, 2, 3]).await;
    let report = report.unwrap();
    assert_eq!((session.decodes(), report.failed.as_slice()), (1, &[][..]));
    assert_eq!(
        files.iter().map(|file| file.index).collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    assert!(pool.engine().version.starts_with("libvips 8."));
    session.close().await;
    assert_eq!((pool.counters().files, pool.counters().decodes), (4, 1));
    assert_eq!(plan.files[2].encoding.format(), OutputFormat::Avif);
}

#[tokio::test]
async fn later_files_of_a_plan_find_what_is_decoded() {
    let pool = start(config(1)).await;
    let mut plan = plan(square(64), &[(square(32), WEBP), (square(16), JPEG)]);
    std::sync::Arc::make_mut(&mut plan).analyses = vec![Analysis::Thumbhash, Analysis::Dominant];
    let mut session = open(&pool, &gradient(64)).await.unwrap();
    let (_, first) = render(&mut session, &plan, &[1]).await;
    let (files, second) = render(&mut session, &plan, &[0]).await;
    assert_eq!((files[0].index, session.decodes()), (0, 1));
    let (thumbhash, dominant) = (
        first.as_ref().unwrap().thumbhash.clone(),
        second.unwrap().dominant,
    );
    assert!(thumbhash.is_some_and(|hash| hash.len() % 4 == 0));
    assert!(dominant.is_some_and(|colour| colour.len() == 7));

    let (files, _) = render(&mut session, &plan, &[0]).await;
    assert_eq!(
        (files.len(), session.decodes()),
        (1, 2),
        "what was made is made anew"
    );
}

#[tokio::test]
async fn truncated_original_is_refused_and_its_renderer_lives_on() {
    let pool = start(config(1)).await;
    let mut session = open(&pool, &gradient(256)).await.unwrap();
    let (files, _) = render(&mut session, &plan(square(256), &[(square(200), JPEG)]), &[0]).await;
    session.close().await;
    let jpeg = &files[0].body;

    for _ in 0..2 {
        let refused = match open(&pool, &jpeg[..jpeg.len() / 2]).await {
            Err(refused) => refused,
            Ok(mut session) => {
                let refused = render(&mut session, &thumb(200), &[0]).await.1.unwrap_err();
                session.close().await;
                refused
            }
        };
        assert!(
            matches!(&refused, RenderError::Input { code, .. } if code == "truncated"),
            "{refused}"
        );
    }
    assert_eq!(pool.counters().crashes, Crashes::default());
}

#[tokio::test]
async fn what_is_no_image_is_refused_and_its_renderer_stays() {
    let pool = start(config(1)).await;
    let before = pool.idle_pids();
    for bytes in [&b"%PDF-1.7 and more"[..], b"", b"\x89PNG\r\n\x1a\n"] {
        assert!(
            matches!(open(&pool, bytes).await, Err(RenderError::Input { stage, .. }) if stage == "probe")
        );
    }
    assert_eq!((pool.idle_pids(), pool.counters().started), (before, 1));
}

#[tokio::test]
async fn plan_of_two_hundred_files_passes() {
    let pool = start(config(1)).await;
    let sizes: Vec<_> = (0..200).map(|index| (square(8 + index % 40), WEBP)).collect();
    let mut plan = plan(square(64), &sizes);
    for file in &mut std::sync::Arc::make_mut(&mut plan).files {
        file.derivative = "d".repeat(64);
    }
    let mut session = open(&pool, &gradient(64)).await.unwrap();
    let (files, report) = render(&mut session, &plan, &(0..200).collect::<Vec<_>>()).await;
    assert_eq!((files.len(), report.unwrap().failed.len()), (200, 0));
}

#[tokio::test]
async fn plan_too_large_to_pass_is_refused_and_its_renderer_stays() {
    let pool = start(config(1)).await;
    let plan = plan(square(64), &vec![(square(8), WEBP); 1000]);
    let mut session = open(&pool, &gradient(64)).await.unwrap();
    let refused = render(&mut session, &plan, &[0]).await.1.unwrap_err();
    assert!(
        matches!(&refused, RenderError::Input { code, .. } if code == "plan_too_large"),
        "{refused}"
    );
    session.close().await;
    assert_eq!(
        (pool.counters().crashes, pool.counters().started),
        (Crashes::default(), 1)
    );
}

#[tokio::test]
async fn a_plan_goes_on_with_what_a_survey_decoded() {
    let pool = start(config(1)).await;
    let plan = plan(square(64), &[(square(32), WEBP)]);
    let survey = Survey {
        trims: vec!["threshold=10".to_owned(), "threshold=20".to_owned()],
        faces: true,
        decode: Some(plan.decode.clone()),
        ..Survey::default()
    };
    let mut session = open(&pool, &gradient(64)).await.unwrap();
    let found = session.survey(&survey).await.unwrap();
    let rect = found.trim("threshold=10").unwrap();
    assert!(rect.left + rect.width <= 64 && rect.width > 0);
    assert_eq!((found.trims.len(), found.faces), (2, Some(Vec::new())));
    assert_eq!(session.decodes(), 1, "three looks at one decode");
    assert!(render(&mut session, &plan, &[0]).await.1.is_ok());
    assert_eq!(session.decodes(), 1, "and the plan's files are made from it");
    session.close().await;

    let mut smaller = (*plan).clone();
    smaller.decode.size = square(32);
    smaller.nodes[0].steps.clear();
    let mut session = open(&pool, &gradient(64)).await.unwrap();
    session.survey(&survey).await.unwrap();
    let made = render(&mut session, &std::sync::Arc::new(smaller), &[0]).await.1;
    assert!(made.is_ok(), "{made:?}");
    assert_eq!(session.decodes(), 2, "a plan that decodes otherwise is counted");
    session.close().await;
    assert_eq!(pool.counters().decodes, 3);
}

#[tokio::test]
async fn a_survey_of_texts_decodes_nothing() {
    let pool = start(config(1)).await;
    let survey = Survey {
        embedded: true,
        ..Survey::default()
    };
    let mut session = open(&pool, &gradient(64)).await.unwrap();
    session.survey(&survey).await.unwrap();
    assert_eq!(session.decodes(), 0);
}

#[tokio::test]
async fn an_animation_that_grew_says_so() {
    let pool = start(config(1)).await;
    let gif = std::fs::read("../imaging/tests/samples/animation.gif").unwrap();
    let mut session = open(&pool, &gif).await.unwrap();
    let (frames, small) = (session.probe().pages, session.probe().stored);
    let large = Size {
        width: small.width * 4,
        height: small.height * 4,
    };
    let exact = Encoding::Webp {
        quality: 75,
        effort: 0,
        lossless: true,
        tuning: minilab_recipe::WebpTuning::DEFAULT,
    };
    let mut plan = plan(small, &[(large, exact), (square(8), WEBP)]);
    let made = std::sync::Arc::make_mut(&mut plan);
    made.decode.frames = frames;
    made.files.iter_mut().for_each(|file| file.frames = frames);
    let (files, report) = render(&mut session, &plan, &[0, 1]).await;
    assert_eq!(report.unwrap().failed, []);
    assert!(files[0].body.len() > gif.len() && files[1].body.len() < gif.len());
    assert_eq!(
        [&files[0].notes[..], &files[1].notes[..]],
        [&[Note::LargerThanOriginal][..], &[]]
    );
}
