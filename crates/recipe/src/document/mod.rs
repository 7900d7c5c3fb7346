//! The operator's document: where originals come from, where files go, and which recipe each key gets.
mod aim;
mod animation;
mod check;
mod crop;
mod derivative;
mod digest;
mod encoders;
mod encodings;
mod formats;
mod geometry;
mod isolation;
mod ladder;
mod limits;
mod location;
mod metadata;
mod notify;
mod operation;
mod pictures;
mod placeholder;
mod preset;
mod read;
mod recipe;
mod resize;
mod rules;
mod scalar;
mod schema;
mod schema_crop;
mod schema_encodings;
mod schema_overlays;
mod schema_parts;
mod schema_quality;
mod schema_steps;
mod schema_words;
mod secret;
mod steps;
mod tenants;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use isolation::{Isolation, Sandbox};
pub use location::{Location, Output, RESERVED_PREFIX, S3};
pub use notify::{ExchangeTarget, Occasion, QueueTarget, Receiver, Target, WebhookTarget};
pub use operation::{
    Declare, EventQueue, Intake, QueueConfig, RabbitMq, Sns, Sqs, SqsEvents, SqsService, TopicArn, Webhook,
};
pub use rules::{Decision, Match, Rule};
pub use schema::schema;
pub use secret::Secret;
pub use tenants::{Renderers, Tenants};

use crate::diagnostic::{Code, Diagnostics, Problem, Span};
use crate::{Accept, Recipe};
use read::{Fields, Problems};

/// The whole document, defaults resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Of the language: 1.
    pub version: u32,
    /// Where originals are.
    pub from: Location,
    /// Where files and manifests go.
    pub to: Output,
    /// Where records and failures are; `None`: next to `to`, under `_minilab/`.
    pub state: Option<Location>,
    /// Extra places, by name.
    pub stores: BTreeMap<String, Location>,
    /// Where jobs wait; `None`: in memory, or what the role takes by default.
    pub queue: Option<QueueConfig>,
    /// How uploads are noticed; empty: what suits `from` (a folder is watched).
    pub intake: Vec<Intake>,
    /// How tenants share the workers.
    pub tenants: Tenants,
    /// What becomes of a renderer that the kernel does not wall in.
    pub sandbox: Sandbox,
    /// Which originals one renderer process sees.
    pub isolation: Isolation,
    /// Who is told what has become of originals, by name.
    pub notify: BTreeMap<String, Target>,
    /// First match wins.
    pub rules: Vec<Rule>,
    /// By name.
    pub recipes: BTreeMap<String, Recipe>,
    /// Where files are served over HTTP.
    pub serve: Option<SocketAddr>,
    /// How long dropped files stay.
    pub retain: Duration,
    /// What becomes of files when their original is deleted.
    pub on_delete: OnDelete,
}

/// What becomes of files when their original is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDelete {
    /// They are dropped at once and removed by the sweep after `retain`.
    #[default]
    Purge,
    /// They stay.
    Keep,
}

/// 30 days: pages, mails and search caches keep URLs for weeks.
const RETAIN_DEFAULT: Duration = Duration::from_hours(30 * 24);

/// Required keys, with values that no recipe depends on.
const RECIPES_ALONE_LACK: &str = "{ version: 1, from: { folder: originals }, to: { folder: files } }";

impl Document {
    /// Reads a document. `name` is what messages call it; `env` looks up `${NAME}`.
    pub fn parse(name: &str, text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Diagnostics> {
        Self::parse_tree(name, text, env, |root| root)
    }

    /// Reads a document of which only the recipes matter; it may be just those.
    pub fn parse_recipes(
        name: &str,
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Diagnostics> {
        Self::parse_tree(name, text, env, |root| {
            tree::with_missing(root, RECIPES_ALONE_LACK)
        })
    }

    /// Does any recipe read tags of originals?
    pub fn reads_tags(&self) -> bool {
        self.recipes.values().any(|recipe| recipe.read_tags)
    }

    fn parse_tree(
        name: &str,
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
        complete: impl FnOnce(tree::Tree) -> tree::Tree,
    ) -> Result<Self, Diagnostics> {
        let problems = Problems::default();
        let root = tree::parse(text, env, &problems).map(complete);
        let document = root.and_then(|root| read(&root, &problems));
        let (found, concealed) = problems.into_parts();
        match document {
            Some(document) if found.is_empty() => Ok(document),
            _ if found.is_empty() => Err(Diagnostics::new(name, text, vec![nothing_there()], &concealed)),
            _ => Err(Diagnostics::new(name, text, found, &concealed)),
        }
    }

    /// The three-line document: these folders, the default recipe for every key.
    pub fn default_for_folders(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Self {
        Self {
            version: 1,
            from: Location::Folder(from.as_ref().to_owned()),
            to: Output {
                location: Location::Folder(to.as_ref().to_owned()),
                url: None,
            },
            state: None,
            stores: BTreeMap::new(),
            queue: None,
            intake: Vec::new(),
            tenants: Tenants::default(),
            sandbox: Sandbox::default(),
            isolation: Isolation::default(),
            notify: BTreeMap::new(),
            rules: rules::default_rules("default"),
            recipes: recipe::defaults(&encodings::Defaults::default(), &Accept::default())
                .expect("the default recipe is valid"),
            serve: None,
            retain: RETAIN_DEFAULT,
            on_delete: OnDelete::default(),
        }
    }

    /// Which recipe a key gets. Keys that would lie where records are get none.
    pub fn decide(&self, key: &str) -> Decision<'_> {
        if key.starts_with(RESERVED_PREFIX) {
            return Decision::Nothing;
        }
        rules::decide(&self.rules, &self.recipes, key)
    }

    /// SHA-256 (hex) of what affects outputs: recipes, rules, output stores. Never secrets, queues or intakes.
    pub fn digest(&self) -> String {
        digest::digest(self)
    }

    /// Names of the stores that recipes take pictures from.
    pub fn asset_stores(&self) -> BTreeSet<String> {
        let assets = self.recipes.values().flat_map(Recipe::assets);
        assets.map(|asset| asset.store).collect()
    }

    /// Recipe of that name.
    pub fn recipe(&self, name: &str) -> Option<&Recipe> {
        self.recipes.get(name)
    }
}

fn nothing_there() -> Problem {
    Problem {
        span: Span::default(),
        code: Code::MissingKey,
        message: "the document is empty".to_owned(),
        help: Some("at least: version: 1, from: { folder: ./photos }, to: { folder: ./public }".to_owned()),
    }
}

fn read(root: &tree::Tree, problems: &Problems) -> Option<Document> {
    let mut fields = Fields::open("document", root, problems)?;
    let version = fields.require("version", |tree, problems| scalar::integer(tree, 1..=1, problems));
    let from = fields.require("from", location::location);
    let to = fields.require("to", location::output);
    let state = fields.read("state", location::location);
    let stores = fields.read("stores", location::stores).unwrap_or_default();
    let queue = fields.read("queue", operation::queue);
    let intake = fields.read("intake", operation::intake).unwrap_or_default();
    let tenants = fields.read("tenants", tenants::tenants).unwrap_or_default();
    let sandbox = fields.read("sandbox", isolation::sandbox).unwrap_or_default();
    let isolation = fields.read("isolation", isolation::isolation).unwrap_or_default();
    let notify = fields.read("notify", notify::targets).unwrap_or_default();
    let serve = fields.read("serve", operation::address);
    let retain = fields.read("retain", scalar::duration).unwrap_or(RETAIN_DEFAULT);
    let on_delete = fields.read("on_delete", |tree, problems| {
        scalar::choice(
            tree,
            &[("purge", OnDelete::Purge), ("keep", OnDelete::Keep)],
            problems,
        )
    });
    let defaults = fields.read("encodings", encodings::defaults).unwrap_or_default();
    let limits = fields.read("limits", limits::limits).unwrap_or_default();
    let recipes = match fields.get("recipes") {
        Some(tree) => recipe::recipes(tree, (&defaults, &limits), problems),
        None => recipe::defaults(&defaults, &limits),
    };
    let known = recipes
        .as_ref()
        .map(|recipes| recipes.keys().cloned().collect::<Vec<_>>());
    let rules = match fields.get("rules") {
        Some(tree) => rules::rules(tree, known.as_deref(), problems),
        None => check::only_recipe(root, known.as_deref(), problems).map(|name| rules::default_rules(&name)),
    };
    fields.close();
    let document = Document {
        version: version?,
        from: from?,
        to: to?,
        state,
        stores,
        queue,
        intake,
        tenants,
        sandbox,
        isolation,
        notify,
        rules: rules?,
        recipes: recipes?,
        serve,
        retain,
        on_delete: on_delete.unwrap_or_default(),
    };
    check::places(root, &document, problems);
    check::stores(&document, problems);
    check::operation(root, &document, problems);
    Some(document)
}

/// Paths are kept as written: relative ones are the composer's to resolve, against the document's folder.
fn path(tree: &tree::Tree, problems: &Problems) -> Option<PathBuf> {
    scalar::text(tree, problems).map(PathBuf::from)
}
