//! The program as a user runs it: originals and a document in, files out. Each order has a rule and a recipe of its own, so
//! that each gets a plan of its own.
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Map, Value, json};

use crate::case::folder;

/// An original and the recipe it gets.
pub struct Order {
    /// `[a-z][a-z0-9-]*`, different from all others.
    pub name: String,
    /// Where it lies.
    pub original: PathBuf,
    /// Its body in the document.
    pub recipe: Map<String, Value>,
}

impl Order {
    /// The picture as it is, as PNG without conversion of colours; of an animation the first frame.
    pub fn as_png(name: impl Into<String>, original: impl Into<PathBuf>) -> Self {
        Self::frame_as_png(name, original, 0)
    }

    /// A frame of it.
    pub fn frame_as_png(name: impl Into<String>, original: impl Into<PathBuf>, frame: u32) -> Self {
        let Value::Object(recipe) = json!({
            "colour": "original",
            "derivatives": { "made": { "formats": ["png"], "animation": frame } },
        }) else {
            unreachable!("it is written as an object");
        };
        Self {
            name: name.into(),
            original: original.into(),
            recipe,
        }
    }
}

/// A file made for an order.
pub struct Made {
    /// Pixels across.
    pub width: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Renders all orders in one run; each order's files, small first.
pub fn render(orders: &[Order]) -> BTreeMap<String, Vec<Made>> {
    let world = tempfile::tempdir().unwrap();
    let place = |order: &Order| {
        let ending = order.original.extension().unwrap().to_str().unwrap();
        let path = world.path().join(format!("{}.{ending}", order.name));
        assert!(order.original.is_file(), "{} is absent", order.original.display());
        std::os::unix::fs::symlink(&order.original, &path).unwrap();
        path
    };
    let originals: Vec<PathBuf> = orders.iter().map(place).collect();
    let rule =
        |order: &Order| json!({ "match": { "prefix": format!("{}.", order.name) }, "recipe": order.name });
    let recipes: Map<String, Value> = orders
        .iter()
        .map(|order| (order.name.clone(), order.recipe.clone().into()))
        .collect();
    let rules: Vec<Value> = orders.iter().map(rule).collect();
    let cases = world.path().join("cases.yaml");
    // JSON is YAML, but what `render` adds to a recipe goes at the end: the outer mapping is written line by line.
    fs::write(
        &cases,
        format!(
            "stores: {}\nrules: {}\nrecipes: {}\n",
            // Some originals are laid on others.
            json!({ "originals": { "folder": folder().join("originals") } }),
            json!(rules),
            json!(recipes)
        ),
    )
    .unwrap();
    let mut run = program();
    run.args(["--json", "render"])
        .arg(&cases)
        .args(&originals)
        .arg("--out")
        .arg(world.path().join("made"));
    let made = collect(&succeed(run));
    for order in orders {
        assert!(
            made.contains_key(&order.name),
            "nothing was made for {}",
            order.name
        );
    }
    made
}

/// The one file of an order.
pub fn only(made: &BTreeMap<String, Vec<Made>>, name: &str) -> Vec<u8> {
    let [file] = &made[name][..] else {
        panic!("{name} is {} files", made[name].len());
    };
    file.bytes.clone()
}

fn collect(lines: &str) -> BTreeMap<String, Vec<Made>> {
    let mut made: BTreeMap<String, Vec<Made>> = BTreeMap::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap_or_else(|| panic!("{line}"));
        let name = Path::new(text("original")).file_stem().unwrap().to_str().unwrap();
        made.entry(name.to_owned()).or_default().push(Made {
            width: line["width"].as_u64().unwrap(),
            bytes: fs::read(text("file")).unwrap(),
        });
    }
    for files in made.values_mut() {
        files.sort_by_key(|file| file.width);
    }
    made
}

/// The libvips that the program renders with.
pub fn engine() -> String {
    let mut run = program();
    run.args(["--json", "version"]);
    let said: Value = serde_json::from_str(succeed(run).trim()).unwrap();
    said["engine"].as_str().unwrap().to_owned()
}

fn succeed(mut run: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = run.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The program that Cargo built beside this test, with its renderer.
fn program() -> Command {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps");
    for name in ["minilab", "minilab-renderer"] {
        let binary = folder.join(name);
        assert!(
            binary.is_file(),
            "{} is not built: run `make build`",
            binary.display()
        );
    }
    let mut program = Command::new(folder.join("minilab"));
    program.env_remove("MINILAB_RENDERER");
    program
}
