//! Pictures that files are made with travel beside the plan, and only where they are needed.
use std::sync::Arc;

use minilab_recipe::{
    Asset, AssetName, AssetState, Blend, Caption, Composite, Font, Laying, Note, Picture, Plan, Rgb, Step,
    TextAlign,
};
use minilab_worker::AssetFile;

use crate::png::gradient;
use crate::world::{WEBP, config, open, original, plan, render, square, start};

fn lent(sha256: &str, bytes: &[u8]) -> AssetFile {
    let sealed = original(bytes);
    AssetFile {
        sha256: sha256.to_owned(),
        file: Arc::new(sealed.file),
        size_bytes: sealed.size_bytes,
    }
}

fn laying() -> Laying {
    Laying {
        across: 0.5,
        down: 0.5,
        left: 0,
        top: 0,
        angle: 0.0,
        tile: None,
        opacity: 1.0,
        blend: Blend::Over,
    }
}

/// Two files; the second has the picture `logo` on it.
fn stamped() -> Plan {
    let mut plan = Arc::unwrap_or_clone(plan(square(64), &[(square(32), WEBP), (square(40), WEBP)]));
    plan.nodes[1].steps.push(Step::Composite(Composite {
        picture: Picture::Sha256("logo".to_owned()),
        width: Some(8),
        height: None,
        scale: 1.0,
        laying: laying(),
    }));
    let name = AssetName {
        store: "brand".to_owned(),
        key: "logo.png".to_owned(),
    };
    let state = AssetState::Found {
        sha256: "logo".to_owned(),
        bytes: 1,
    };
    plan.assets.push(Asset { name, state });
    plan
}

#[tokio::test]
async fn files_are_made_with_the_pictures_lent() {
    let pool = start(config(1)).await;
    let plan = Arc::new(stamped());
    let mut session = open(&pool, &gradient(64)).await.unwrap();
    session.lend(vec![lent("logo", &gradient(16)), lent("never asked for", b"")]);
    // The first file needs none; the second request brings it to a session that is open.
    for file in [0, 1] {
        let (files, _) = render(&mut session, &plan, &[file]).await;
        assert_eq!((files.len(), session.decodes()), (1, 1), "file {file}");
    }
    session.close().await;
}

#[tokio::test]
async fn a_picture_that_is_none_fails_the_files_that_need_it_alone() {
    let pool = start(config(1)).await;
    let plan = Arc::new(stamped());
    for bytes in [&b"no picture"[..], b""] {
        let mut session = open(&pool, &gradient(64)).await.unwrap();
        session.lend(vec![lent("logo", bytes)]);
        let (files, report) = render(&mut session, &plan, &[0, 1]).await;
        let failed = report.unwrap().failed;
        assert_eq!(files.iter().map(|file| file.index).collect::<Vec<_>>(), [0]);
        assert_eq!((failed[0].index, failed[0].code.as_str()), (1, "asset_unusable"));
        session.close().await;
    }
    assert_eq!(pool.counters().crashes, minilab_worker::pool::Crashes::default());
}

#[tokio::test]
async fn text_is_drawn_in_the_process_and_what_it_lacks_comes_back() {
    let pool = start(config(1)).await;
    let mut plan = Arc::unwrap_or_clone(plan(square(64), &[(square(60), WEBP)]));
    plan.nodes[0].steps.push(Step::Text(Caption {
        text: "a 漢".to_owned(),
        font: Font::Sans,
        size: 12.0,
        line_height: 1.2,
        max_width: 60,
        align: TextAlign::Left,
        colour: Rgb([255; 3]),
        outline: None,
        plate: None,
        laying: laying(),
    }));
    let mut session = open(&pool, &gradient(64)).await.unwrap();
    let (files, report) = render(&mut session, &Arc::new(plan), &[0]).await;
    report.unwrap();
    assert_eq!(files[0].notes, [Note::LettersMissing]);
    session.close().await;
}
