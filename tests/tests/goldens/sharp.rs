//! Every case against its reference.
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use crate::{
    case::{self, Case},
    decoded,
    distance::between,
    lab::{self, Order},
    picture::Picture,
    sheet,
};

/// The whole of `tests/goldens`: what a clone of the repository can bear.
const FOLDER_BYTES_MAX: u64 = 2_600_000;

#[test]
fn every_result_is_as_near_to_sharps_as_its_case_says() {
    let cases = case::all();
    let orders: Vec<Order> = cases.iter().map(Case::order).collect();
    let made = lab::render(&orders);
    let ours: BTreeMap<&str, Vec<u8>> = cases
        .iter()
        .map(|case| (case.name.as_str(), lab::only(&made, &case.name)))
        .collect();
    let mut pairs = decoded::pairs(&cases, &ours);
    let mut table = Table::default();
    let mut rows = Vec::new();
    for case in &cases {
        let (one, other) = pairs.remove(&case.name).unwrap();
        table.add(case, &one, &other, bytes_off(case, &ours[case.name.as_str()]));
        rows.push((one, other));
    }
    sheet::write(&rows);
    eprintln!("{}{}", versions(), table.text);
    assert!(table.complaints.is_empty(), "\n{}", table.complaints.join("\n"));
}

#[test]
fn looser_thresholds_have_a_reason_and_only_they() {
    for case in case::all() {
        assert_eq!(
            case.threshold().is_looser_than_same(),
            !case.because.is_empty(),
            "{}",
            case.name
        );
    }
}

#[test]
fn the_references_stay_small() {
    fn size(path: &Path) -> u64 {
        if path.is_file() {
            return path.metadata().unwrap().len();
        }
        fs::read_dir(path)
            .unwrap()
            .map(|entry| size(&entry.unwrap().path()))
            .sum()
    }
    let bytes = size(&case::folder());
    assert!(bytes < FOLDER_BYTES_MAX, "{bytes}");
}

/// How much larger than sharp's file ours is, where encoders are compared.
fn bytes_off(case: &Case, ours: &[u8]) -> Option<f64> {
    let reference = case.reference();
    let theirs = reference.metadata().unwrap().len();
    (reference.extension().unwrap() != "png").then(|| ours.len() as f64 / theirs as f64 - 1.0)
}

fn versions() -> String {
    let theirs = fs::read_to_string(case::folder().join("references/versions.json")).unwrap();
    let theirs: BTreeMap<String, String> = serde_json::from_str(&theirs).unwrap();
    let theirs: Vec<_> = theirs
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    format!("ours:   {}\ntheirs: {}\n", lab::engine(), theirs.join(", "))
}

/// What is printed, and what is wrong.
#[derive(Default)]
struct Table {
    text: String,
    complaints: Vec<String>,
}

impl Table {
    fn add(&mut self, case: &Case, ours: &Picture, theirs: &Picture, bytes_off: Option<f64>) {
        if self.text.is_empty() {
            self.text = format!(
                "{:26} {:>9} {:>7} {:>7} {:>4} {:>4} {:>7}\n",
                "case", "size", "score", "least", "max", "most", "bytes"
            );
        }
        let distance = match between(ours, theirs) {
            Ok(distance) => distance,
            Err(unlike) => return self.complaints.push(format!("{}: {unlike}", case.name)),
        };
        let threshold = case.threshold();
        let bytes = bytes_off.map_or(String::new(), |off| format!("{:+.2} %", off * 100.0));
        let line = format!(
            "{:26} {:>9} {:>7.2} {:>7.1} {:>4} {:>4} {:>7}",
            case.name,
            format!("{}x{}", ours.width, ours.height),
            distance.score,
            threshold.score,
            distance.max,
            threshold.max,
            bytes
        );
        writeln!(self.text, "{line}").unwrap();
        if !threshold.accepts(distance) || bytes_off.is_some_and(|off| off.abs() > threshold.bytes) {
            self.complaints.push(line);
        }
    }
}
