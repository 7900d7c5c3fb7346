//! Reading recipes.
use std::collections::{BTreeMap, BTreeSet};

use super::derivative::{Common, derivative};
use super::encodings::Defaults;
use super::limits;
use super::read::{self, Fields, Problems, one_or_many};
use super::scalar;
use super::tree::{self, Name, Tree};
use super::{pictures, placeholder, preset};
use crate::diagnostic::Code;
use crate::keys::stable_name;
use crate::{
    ASSETS_MAX, Accept, ColourSpace, DEFAULT_RECIPE, Derivative, Format, KeyTemplate, NotAnImage,
    OutputFormat, Publish, Recipe, Replace, Urls,
};

/// The recipes of a document that has none.
pub(super) fn defaults(defaults: &Defaults, limits: &Accept) -> Option<BTreeMap<String, Recipe>> {
    let problems = Problems::default();
    let root = tree::parse(DEFAULT_RECIPE, &|_| None, &problems)?;
    let mut fields = Fields::open("document", &root, &problems)?;
    fields.read("recipes", |tree, problems| {
        recipes(tree, (defaults, limits), problems)
    })
}

/// `None` if any of them cannot be read.
pub(super) fn recipes(
    tree: &Tree,
    (defaults, limits): (&Defaults, &Accept),
    problems: &Problems,
) -> Option<BTreeMap<String, Recipe>> {
    let entries = read::entries("recipes", tree, problems)?;
    if entries.is_empty() {
        problems.note(
            tree.span,
            Code::MissingKey,
            "recipes is empty",
            Some("leave it out for the default recipe".to_owned()),
        );
    }
    let all: Vec<_> = entries
        .iter()
        .map(|(name, tree)| recipe(name, tree, (defaults, limits), problems))
        .collect();
    let all: Option<Vec<_>> = all.into_iter().collect();
    Some(
        all?.into_iter()
            .map(|recipe| (recipe.name.clone(), recipe))
            .collect(),
    )
}

fn recipe(
    name: &Name,
    tree: &Tree,
    (defaults, limits): (&Defaults, &Accept),
    problems: &Problems,
) -> Option<Recipe> {
    if name.text == "none" {
        let help = Some("rules say `recipe: none` for keys that get nothing".to_owned());
        problems.note(
            name.span,
            Code::BadValue,
            "a recipe cannot be called \"none\"",
            help,
        );
    }
    let mut fields = Fields::open("recipe", tree, problems)?;
    let accept = fields.read("accept", |tree, problems| limits::accept(tree, limits, problems));
    let accept = accept.unwrap_or_else(|| limits.clone());
    let not_an_image = fields.read("not_an_image", |tree, problems| {
        scalar::choice(
            tree,
            &[("ignore", NotAnImage::Ignore), ("fail", NotAnImage::Fail)],
            problems,
        )
    });
    let urls = fields.read("urls", |tree, problems| {
        let words = [
            ("versioned", Urls::Versioned),
            ("stable", Urls::Stable),
            ("both", Urls::Both),
        ];
        scalar::choice(tree, &words, problems)
    });
    let replace = fields.read("replace", |tree, problems| {
        scalar::choice(
            tree,
            &[("atomic", Replace::Atomic), ("progressive", Replace::Progressive)],
            problems,
        )
    });
    let colour = fields.read("colour", |tree, problems| {
        let words = [
            ("srgb", ColourSpace::Srgb),
            ("p3", ColourSpace::P3),
            ("original", ColourSpace::Original),
        ];
        scalar::choice(tree, &words, problems)
    });
    let placeholder = fields
        .read("placeholder", placeholder::placeholder)
        .unwrap_or_default();
    let publish = fields.read("publish", publish).unwrap_or_default();
    let read_tags = fields.read("read_tags", scalar::boolean);
    let epoch = fields.read("epoch", |tree, problems| {
        scalar::integer(tree, 0..=u32::MAX, problems)
    });
    let key = fields.read("key", template).unwrap_or_default();
    let common = Common::read(&mut fields, defaults);
    let derivatives = derivatives(&mut fields, &common, problems);
    fields.planned(&["notify"]);
    let known = derivatives.as_deref().unwrap_or_default();
    let pictures = fields.read("pictures", |tree, problems| {
        pictures::pictures(tree, known, problems)
    });
    let recipe = derivatives.map(|derivatives| Recipe {
        name: name.text.clone(),
        accept,
        not_an_image: not_an_image.unwrap_or_default(),
        urls: urls.unwrap_or_default(),
        replace: replace.unwrap_or_default(),
        colour: colour.unwrap_or_default(),
        placeholder,
        publish,
        read_tags: read_tags.unwrap_or_default(),
        epoch: epoch.unwrap_or_default().into(),
        key,
        pictures: pictures.unwrap_or_default(),
        derivatives,
    });
    if let Some(recipe) = &recipe {
        check_keys(recipe, &fields);
        check_faces(recipe, &fields);
        check_pages(recipe, &fields);
        check_aliases(recipe, &fields);
        check_formats(recipe, &fields);
        check_assets(recipe, &fields);
    }
    fields.close();
    recipe
}

/// The preset's and its own, sorted by name.
fn derivatives(fields: &mut Fields<'_>, common: &Common<'_>, problems: &Problems) -> Option<Vec<Derivative>> {
    let preset = fields.read("preset", preset::preset);
    let own = |tree: &Tree, problems: &Problems| {
        let entries = read::entries("derivatives", tree, problems)?;
        if entries.is_empty() {
            problems.note(
                tree.span,
                Code::MissingKey,
                "a recipe needs at least one derivative",
                None,
            );
        }
        let all: Vec<_> = entries
            .iter()
            .map(|(name, tree)| derivative(name, tree, common, problems))
            .collect();
        all.into_iter().collect::<Option<Vec<_>>>()
    };
    let mut derivatives = match &preset {
        Some(_) => fields
            .read("derivatives", own)
            .or_else(|| (!fields.has("derivatives")).then(Vec::new)),
        None => fields.require("derivatives", own),
    };
    if let (Some(preset), Some(own)) = (&preset, &mut derivatives) {
        let names: Vec<&str> = own.iter().map(|derivative| derivative.name.as_str()).collect();
        let more = preset.derivatives(&names, common, fields.span_of("preset"), problems);
        own.extend(more);
    }
    if let Some(derivatives) = &mut derivatives {
        derivatives.sort_by(|one, other| one.name.cmp(&other.name));
    }
    derivatives
}

fn check_assets(recipe: &Recipe, fields: &Fields<'_>) {
    let named = recipe.assets().len();
    if named > ASSETS_MAX {
        let message = format!(
            "the recipe {:?} names {named} pictures, more than {ASSETS_MAX}",
            recipe.name
        );
        fields.conflict(
            "derivatives",
            message,
            "leave some out, or make a recipe of its own of them",
        );
    }
}

/// What a format cannot do with the rest of the recipe.
fn check_formats(recipe: &Recipe, fields: &Fields<'_>) {
    let mut encodings = recipe.derivatives().iter().flat_map(|d| &d.encodings);
    let mut formats = recipe.derivatives().iter().flat_map(crate::Derivative::formats);
    if recipe.urls.has_stable() && encodings.any(|laned| laned.where_clear.is_some()) {
        let message = "the format auto depends on the original, and stable URLs are known without it";
        fields.conflict("urls", message, "name jpeg or png in formats, or leave urls out");
    }
    if recipe.colour != ColourSpace::Srgb && formats.any(|format| format == OutputFormat::Gif) {
        let message = "a GIF carries no colour profile, so that its colours would be taken for sRGB";
        fields.conflict("colour", message, "leave gif or colour out");
    }
}

/// Two files of one recipe never share a key.
fn check_keys(recipe: &Recipe, fields: &Fields<'_>) {
    let mut seen = BTreeSet::new();
    for rung in recipe.rungs() {
        let name = stable_name(&rung);
        if !seen.insert(name.clone()) {
            let message = format!(
                "two files of the recipe {:?} would be called {name:?}",
                recipe.name
            );
            let help = Some("rename a derivative, or let their widths differ".to_owned());
            fields
                .problems()
                .note(fields.span_of("derivatives"), Code::SameKey, message, help);
        }
    }
    let several = recipe.derivatives().iter().find(|d| d.asked().len() > 1);
    if let Some(derivative) = several.filter(|_| !recipe.key.tells_sizes()) {
        let message = format!(
            "the key template does not tell the sizes of {:?} apart",
            derivative.name
        );
        let help = Some("add {width}".to_owned());
        fields
            .problems()
            .note(fields.span_of("key"), Code::SameKey, message, help);
    }
}

/// Each page that is shown is decoded, and held in memory.
const PAGES_MAX: usize = 16;

fn check_pages(recipe: &Recipe, fields: &Fields<'_>) {
    let pages = recipe.pages().len();
    if pages > PAGES_MAX {
        let message = format!("{pages} pages after the first are shown, and {PAGES_MAX} are allowed");
        let help = "leave some out, or make a recipe of its own of them";
        fields.conflict("derivatives", message, help);
    }
}

/// Names of those for each face, and what tells them apart.
fn check_faces(recipe: &Recipe, fields: &Fields<'_>) {
    let all = recipe.derivatives();
    let each = all.iter().filter(|derivative| derivative.for_each.is_some());
    for derivative in each.clone() {
        let named = derivative.every();
        let taken = all
            .iter()
            .find(|other| named.iter().any(|one| one.name == other.name));
        if let Some(other) = taken {
            let message = format!(
                "a face of {:?} would be called {:?}, as another derivative is",
                derivative.name, other.name
            );
            let help = Some("rename one of them".to_owned());
            fields
                .problems()
                .note(fields.span_of("derivatives"), Code::SameKey, message, help);
        }
    }
    let whole = all.iter().find(|derivative| derivative.for_each.is_none());
    if let Some(whole) = whole.filter(|_| recipe.key.tells_faces()) {
        let message = format!(
            "the key template reads {{face}}, and {:?} is of no face",
            whole.name
        );
        let help = "drop {face}: files for each face have its number in their name anyway";
        fields.conflict("key", message, help);
    }
    if let Some(derivative) = each.clone().next().filter(|_| recipe.urls.has_stable()) {
        let message = format!(
            "how many faces {:?} has is known from the manifest alone, and every stable URL must lead somewhere",
            derivative.name
        );
        fields.conflict(
            "urls",
            message,
            "drop one of them, or give the faces a recipe of their own",
        );
    }
}

/// A page that computes URLs cannot know which formats were dropped.
fn check_aliases(recipe: &Recipe, fields: &Fields<'_>) {
    let drops = recipe
        .derivatives()
        .iter()
        .find(|derivative| derivative.keep_smaller);
    if let Some(derivative) = drops.filter(|_| recipe.urls.has_stable()) {
        let message = format!(
            "{:?} may drop a format by keep_smaller, and every stable URL of it must lead somewhere",
            derivative.name
        );
        fields.conflict(
            "urls",
            message,
            "drop one of them; manifests and versioned URLs say what was kept",
        );
    }
}

fn template(tree: &Tree, problems: &Problems) -> Option<KeyTemplate> {
    let text = scalar::text(tree, problems)?;
    match KeyTemplate::parse(&text) {
        Ok(template) => Some(template),
        Err(fault) => {
            problems.note(tree.span, Code::BadTemplate, fault.message, Some(fault.help));
            None
        }
    }
}

fn publish(tree: &Tree, problems: &Problems) -> Option<Vec<Publish>> {
    let words = [
        ("faces", Publish::Faces),
        ("metadata", Publish::Metadata),
        ("gps", Publish::Gps),
    ];
    let mut told = one_or_many(tree, problems, |tree, problems| {
        scalar::choice(tree, &words, problems)
    })?;
    told.sort_unstable();
    told.dedup();
    Some(told)
}

pub(super) fn format(tree: &Tree, problems: &Problems) -> Option<Format> {
    let words = Format::ALL.map(|format| (format.as_str(), format));
    scalar::choice(tree, &words, problems)
}
