//! What a renderer answers, which may be in the hands of an attacker; and the files that it leaves.
use std::sync::OnceLock;

use minilab_protos::renderer::Reply;
use minilab_recipe::{
    Analysis, Document, Findings, Format, Lane, Limits, Original, Pixels, Plan, Probe, Size, Survey,
};
use minilab_worker::{
    pool::testing::{Asked, Believed, believed, header},
    renderer::{FileFailure, RenderError, RenderReport, RenderedFile},
};
use prost::Message as _;

const CODE_BYTES_MAX: usize = 40;
const SENTENCE_CHARS_MAX: usize = 500;

/// What is believed lies within what was asked, and is harmless wherever it is shown.
pub fn run(input: &[u8]) {
    if let Some((_, size)) = header(input) {
        assert!(size.width > 0 && size.height > 0);
    }
    let Ok(Reply { body: Some(reply) }) = Reply::decode(input) else {
        return;
    };
    let world = world();
    match believed(&reply, world.asked()) {
        None => {}
        Some(Believed::Probed(probe)) => within(&probe, &world.limits),
        Some(Believed::Found(findings)) => found(&findings, world),
        Some(Believed::File(file)) => file_is_sound(&file, &world.plan),
        Some(Believed::FileFailed(failure)) => failed(&failure),
        Some(Believed::Rendered(report)) => rendered(&report, &world.plan),
        Some(Believed::Refused(error)) => refused(&error),
    }
}

struct World {
    limits: Limits,
    probe: Probe,
    survey: Survey,
    plan: Plan,
}

const RULES: &str = r"
version: 1
from: { folder: in }
to: { folder: out }
recipes:
  gallery:
    placeholder: [thumbhash, dominant]
    publish: [faces, metadata, gps]
    derivatives:
      photo: { resize: { widths: [320, 640] }, formats: [webp, jpeg] }
";

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let document = Document::parse("minilab.yaml", RULES, &|_| None);
        let document = document.unwrap_or_else(|problems| panic!("{}", problems.render()));
        let recipe = &document.recipes["gallery"];
        let probe = Probe {
            format: Format::Jpeg,
            stored: Size {
                width: 1200,
                height: 800,
            },
            orientation: 6,
            pages: 1,
            alpha: false,
            bits: 8,
            pixels: Pixels::Rgb,
            icc: false,
            whole_image: false,
            further: std::collections::BTreeMap::new(),
        };
        let original = Original::new("a/b.jpg", probe.clone());
        World {
            limits: Limits::default(),
            probe,
            survey: recipe.survey(),
            plan: recipe
                .plan(&original, &Lane::ALL)
                .expect("it is an ordinary photo"),
        }
    })
}

impl World {
    fn asked(&self) -> Asked<'_> {
        Asked {
            limits: &self.limits,
            probe: &self.probe,
            survey: &self.survey,
            plan: &self.plan,
        }
    }
}

fn within(probe: &Probe, limits: &Limits) {
    let Size { width, height } = probe.upright();
    assert!(
        width > 0 && height > 0 && width.max(height) <= limits.side,
        "{probe:?}"
    );
    assert!(u64::from(width) * u64::from(height) <= limits.pixels, "{probe:?}");
    assert!((1..=limits.frames).contains(&probe.pages), "{probe:?}");
}

fn found(findings: &Findings, world: &World) {
    assert!(
        findings.answers(&world.survey, world.probe.upright()),
        "{findings:?}"
    );
    let texts = findings.embedded.iter().flat_map(|embedded| &embedded.texts);
    for text in texts.flat_map(|(name, text)| [name, text]) {
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}

fn file_is_sound(file: &RenderedFile, plan: &Plan) {
    assert!(file.index < plan.files.len() && file.notes.len() <= 8, "{file:?}");
    assert!(
        file.quality.is_none_or(|quality| (1..=100).contains(&quality)),
        "{file:?}"
    );
    assert!(file.score.is_none_or(|score| score.get().is_finite()), "{file:?}");
}

fn failed(failure: &FileFailure) {
    is_code(&failure.code);
    is_sentence(&failure.sentence);
}

fn refused(error: &RenderError) {
    let RenderError::Input {
        code,
        sentence,
        stage,
    } = error
    else {
        panic!("an answer makes only faults of originals, not {error:?}");
    };
    is_code(code);
    is_sentence(sentence);
    is_sentence(stage);
}

fn rendered(report: &RenderReport, plan: &Plan) {
    let asks = |analysis: &Analysis| plan.analyses.contains(analysis);
    assert!(
        report.thumbhash.is_none() || asks(&Analysis::Thumbhash),
        "{report:?}"
    );
    assert!(
        report.dominant.is_none() || asks(&Analysis::Dominant),
        "{report:?}"
    );
    assert!(
        report.blurhash.is_none() && report.palette.is_empty() && report.lqip.is_none(),
        "{report:?}"
    );
    for text in report.thumbhash.iter().chain(&report.dominant) {
        // They are written into attributes of pages.
        assert!(
            !text.contains(['"', '\'', '<', '>', '&', ' ']) && text.len() <= 40,
            "{text:?}"
        );
    }
}

fn is_code(code: &str) {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    assert!(
        (1..=CODE_BYTES_MAX).contains(&code.len()) && code.bytes().all(legal),
        "{code:?}"
    );
}

fn is_sentence(sentence: &str) {
    assert!(
        sentence.chars().count() <= SENTENCE_CHARS_MAX && !sentence.contains(char::is_control),
        "{sentence:?}"
    );
}
