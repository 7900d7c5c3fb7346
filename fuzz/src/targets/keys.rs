//! Keys of files, from the names that uploaders choose and the templates that operators write.
use std::collections::BTreeMap;

use minilab_recipe::{
    Document, Format, KEY_BYTES_MAX, Lane, Naming, Original, Pixels, Probe, Recipe, Size, is_alias_key,
    is_file_key,
};

use crate::parts;

const VERSION: &str = "g7-0123456789";

/// Whatever the template, the original's key, its tenant and its metadata: a file's key lies directly under its original's, is known
/// as a file's, and fits a store. The parts of the input, in this order.
pub fn run(input: &[u8]) {
    let [template, original, tenant, album] = parts::texts(input);
    let Some(recipe) = recipe(&template).or_else(|| recipe("")) else {
        panic!("the default template is refused");
    };
    let metadata = BTreeMap::from([("album".to_owned(), album)]);
    let naming = Naming {
        original: &original,
        tenant: Some(tenant.as_str()).filter(|tenant| !tenant.is_empty()),
        metadata: Some(&metadata),
    };
    let photo = Original::new(&original, probe());
    let Ok(plan) = recipe.plan(&photo, &Lane::ALL) else {
        return;
    };
    let mut keys: Vec<String> = Vec::new();
    for file in &plan.files {
        let Ok(key) = recipe.key(naming, file, VERSION) else {
            continue;
        };
        stays(&original, &key);
        assert!(is_file_key(&original, &key), "the sweep does not know {key:?}");
        keys.push(key);
    }
    for rung in recipe.rungs() {
        let Ok(key) = recipe.stable_key(&original, &rung) else {
            continue;
        };
        stays(&original, &key);
        assert!(
            is_alias_key(&original, &key) && !is_file_key(&original, &key),
            "{key:?} is taken for a file"
        );
        keys.push(key);
    }
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all, "two files of one original have one key");
}

fn stays(original: &str, key: &str) {
    let below = key.strip_prefix(original).and_then(|rest| rest.strip_prefix('/'));
    let name = below.unwrap_or_else(|| panic!("{key:?} leaves {original:?}"));
    assert!(
        !name.is_empty() && !name.contains(['/', '\\', '%']) && name != "..",
        "{key:?}"
    );
    assert!(!name.contains(char::is_control) && name.is_ascii(), "{key:?}");
    assert!(
        !key.contains('\0') && !key.starts_with('/') && key.len() <= KEY_BYTES_MAX,
        "{key:?}"
    );
    assert!(key.split('/').all(|segment| segment != ".."), "{key:?}");
}

/// A recipe with this template; `None`: the document refuses it.
fn recipe(template: &str) -> Option<Recipe> {
    let key = if template.is_empty() {
        String::new()
    } else {
        // JSON's texts are YAML's.
        format!("key: {},", serde_json::Value::from(template))
    };
    let text = format!(
        "version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nrecipes:\n  r: {{ {key} derivatives: {{ \
         photo: {{ resize: {{ widths: [320, 640] }}, formats: [webp, jpeg] }}, thumb: {{ resize: {{ height: 90 }}, formats: [png] }} }} }}\n"
    );
    let document = Document::parse("keys.yaml", &text, &|_| None).ok()?;
    document.recipes.into_values().next()
}

fn probe() -> Probe {
    Probe {
        format: Format::Jpeg,
        stored: Size {
            width: 1200,
            height: 800,
        },
        orientation: 1,
        pages: 1,
        alpha: false,
        bits: 8,
        pixels: Pixels::Rgb,
        icc: false,
        whole_image: false,
        further: BTreeMap::new(),
    }
}
