//! The contact sheet of everything, `docs/recipe/contact-sheet.webp`: each case of the goldens beside sharp's result, and each
//! example of the recipe reference beside the same recipe without loss; with how far the two are apart.
//!
//! `make sheet` makes it anew: the program makes every picture, scales it for the sheet, writes the captions and encodes the
//! whole; this only lays them out. The table beside it, `contact-sheet.md`, tells the same to readers and to the test.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

#[path = "../goldens/case.rs"]
#[expect(dead_code, reason = "only thresholds are compared elsewhere")]
mod case;
#[path = "../goldens/decoded.rs"]
mod decoded;
#[path = "../goldens/distance.rs"]
#[expect(dead_code, reason = "only thresholds are compared elsewhere")]
mod distance;
#[path = "../reference/example.rs"]
#[expect(dead_code, reason = "pictures are written elsewhere")]
mod example;
#[path = "../goldens/lab.rs"]
#[expect(dead_code, reason = "versions are told elsewhere")]
mod lab;
mod layout;
#[path = "../goldens/picture.rs"]
mod picture;
mod rows;
#[path = "../reference/studio.rs"]
#[expect(dead_code, reason = "pages show only some formats")]
mod studio;

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::PathBuf};

use self::{example::Example, rows::Row};

/// Set by `make sheet`.
const WRITE: &str = "MINILAB_WRITE_SHEET";
/// What a page may weigh that is looked at once.
const BYTES_MAX: u64 = 600_000;
const PICTURE: &str = "recipe/contact-sheet.webp";
const TABLE: &str = "recipe/contact-sheet.md";

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name)
}

#[test]
fn contact_sheet_shows_every_case_and_every_example() {
    if env::var_os(WRITE).is_some() {
        let (cases, (examples, without)) = (rows::of_cases(), rows::of_examples());
        fs::write(docs(PICTURE), layout::sheet(&cases, &examples)).unwrap();
        fs::write(docs(TABLE), table(&cases, &examples, &without)).unwrap();
    }
    let shown = fs::read_to_string(docs(TABLE)).unwrap();
    let shown: BTreeSet<&str> = shown
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let cases = case::all().into_iter().map(|case| case.name);
    let examples = Example::all().into_iter().map(|example| example.name);
    let missing: Vec<String> = cases
        .chain(examples)
        .filter(|name| !shown.contains(name.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "run `make sheet` and look at it: {missing:?} are not shown"
    );
    let bytes = docs(PICTURE).metadata().unwrap().len();
    assert!(bytes < BYTES_MAX, "{bytes} bytes");
}

fn table(cases: &[Row], examples: &[Row], without: &[String]) -> String {
    let mut text = "# Everything on one sheet

Made by `make sheet`, with the program alone. Each case of `tests/goldens` on the left, what
[sharp](https://sharp.pixelplumbing.com) makes of it on the right; then the examples of [the reference](../RECIPES.md), on the
left as they are written, on the right as PNG by the same recipe. SSIMULACRA2: 100 is equal, above 90 nobody sees a difference;
beside it the greatest difference of a sample, of 255. Where a case differs for a reason, its caption is yellow and
`tests/goldens/cases.json` tells why. Photos: see [the reference](../RECIPES.md).

![Every operation, format and effect](contact-sheet.webp)
"
    .to_owned();
    for (title, rows) in [
        ("Beside sharp", cases),
        ("Beside the same without loss", examples),
    ] {
        write!(
            text,
            "\n## {title}\n\n| | SSIMULACRA2 | greatest difference |\n|---|---|---|\n"
        )
        .unwrap();
        for row in rows {
            writeln!(
                text,
                "| `{}` | {:.1} | {} |",
                row.name, row.distance.score, row.distance.max
            )
            .unwrap();
        }
    }
    for name in without {
        writeln!(text, "| `{name}` | makes no file | |").unwrap();
    }
    text
}
