//! The operator's recipes and the pure planner: document, rules, geometry, plan.
//!
//! No IO, no clock, no runtime: text and a probe go in, a [`Plan`] comes out, the same on every machine.
mod aim;
mod asset;
mod canonical;
mod default_recipe;
mod diagnostic;
mod document;
mod effect;
mod encoding;
mod findings;
mod fingerprint;
mod format;
mod geometry;
mod keys;
mod lane;
mod limits;
mod overlay;
mod plan;
mod planner;
mod probe;
mod recipe;
mod written;

pub use aim::{Aim, Look, Score};
pub use asset::{ASSET_BYTES_MAX, ASSET_PIXELS_MAX, ASSETS_MAX, Asset, AssetName, AssetState, Picture};
pub use default_recipe::DEFAULT_RECIPE;
pub use diagnostic::{Code, Diagnostics, Problem};
pub use document::{
    Decision, Declare, Document, EventQueue, ExchangeTarget, Intake, Isolation, Location, Match, Occasion,
    OnDelete, Output, QueueConfig, QueueTarget, RESERVED_PREFIX, RabbitMq, Receiver, Renderers, Rule, S3,
    Sandbox, Secret, Sns, Sqs, SqsEvents, SqsService, Target, Tenants, TopicArn, Webhook, WebhookTarget,
    schema,
};
pub use effect::{Convolve, Effect, Modulate};
pub use encoding::{
    AvifTune, AvifTuning, Encoding, Hundredths, PngTuning, Subsampling, TiffCompression, WebpPreset,
    WebpTuning,
};
pub use findings::{
    Area, Coordinates, Embedded, FACES_MAX, Face, Findings, Mark, MarkKind, Place, REGIONS_MAX, Survey,
    TEXT_BYTES_MAX, TEXTS_BYTES_MAX, TEXTS_MAX,
};
pub use fingerprint::version;
pub use format::{Format, OutputFormat};
pub use geometry::{Rect, Rgb, Size};
pub use keys::{FOCAL, KEY_BYTES_MAX, KeyRefused, KeyTemplate, Naming, is_alias_key, is_file_key};
pub use lane::Lane;
pub use limits::Limits;
pub use overlay::{Blend, Caption, Composite, Font, Laying, Mask, Outline, Plate, TextAlign};
pub use plan::{
    Analysis, ColourSpace, Decode, ExtendMode, Interest, Keep, Kernel, Node, Note, Plan, PlannedFile,
    Predicted, Shrink, Skipped, Source, Step, TinyFormat, Turn,
};
pub use planner::{
    CHAIN_MARGIN, FACES_SIDE, FILES_MAX, OUTPUT_PIXELS_MAX, OUTPUT_SIDE_MAX, OWN_WIDTH_MARGIN,
};
pub use probe::{Original, Page, Pixels, Point, Probe};
pub use recipe::{
    Accept, Animation, Asked, AskedComposite, AskedLaying, AskedMask, AskedStep, AskedText, Backdrop,
    Background, Border, Crop, Density, Derivative, EachFace, Edges, Extend, Extract, Filling, Fit, Gravity,
    LanedEncoding, Length, Margin, NotAnImage, PagePicture, Pick, PictureSet, Publish, Radius, Ratio, Recipe,
    Refusal, RefusalCode, Region, Replace, Resize, Rotation, Rung, Subject, TextTemplate, Trim, Unit, Urls,
    When,
};
pub use written::Written;
