//! The mappings of the language as schema: name, properties, required keys.
use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::{ColourSpace, Format, Kernel, Lane, OUTPUT_SIDE_MAX, OutputFormat};

pub(super) fn document() -> Value {
    let choices = |words: &[&str]| json!({ "enum": words });
    json!({
        "version": { "const": 1, "description": "Version of the language." },
        "from": reference("location", "Where originals are."),
        "to": reference("to", "Where files and published manifests go."),
        "state": reference("location", "Where records are; next to `to` unless it is given."),
        "stores": { "type": "object", "additionalProperties": { "$ref": "#/definitions/location" } },
        "queue": reference("queue", "Where jobs wait."),
        "intake": {
            "description": "How uploads are noticed; a folder is watched unless it says otherwise.",
            "type": "array",
            "items": { "anyOf": [choices(&["watch", "rabbitmq", "sqs"]), { "$ref": "#/definitions/intake" }] },
        },
        "notify": {
            "description": "Who is told what has become of originals, by name.",
            "type": "object",
            "propertyNames": { "pattern": "^[a-z][a-z0-9-]{0,31}$" },
            "additionalProperties": { "$ref": "#/definitions/target" },
        },
        "tenants": reference("tenants", "How tenants share the workers."),
        "sandbox": {
            "description": "What becomes of a renderer that the kernel does not wall in: it does not start, or works and says what it lacks.",
            "enum": ["required", "best_effort"], "default": "required",
        },
        "isolation": {
            "description": "Which originals one renderer process sees: one after the other (AVIF, HEIC, TIFF, JPEG XL and SVG have one to themselves), or one.",
            "enum": ["pooled", "per_job"], "default": "pooled",
        },
        "limits": reference("limits", "What an original may cost at most; recipes may lower it (accept)."),
        "encodings": reference("encodings", &super::encodings::described()),
        "rules": {
            "description": "The first match wins; no match: nothing is made.",
            "type": "array",
            "items": { "$ref": "#/definitions/rule" },
        },
        "recipes": named("recipe"),
        "serve": { "type": ["string", "integer"], "description": "127.0.0.1:8080, or a port on loopback." },
        "retain": { "type": "string", "default": "30d", "description": "How long dropped files stay." },
        "on_delete": choices(&["purge", "keep"]),
    })
}

pub(super) type Mapping = (&'static str, Value, &'static [&'static str]);

pub(super) fn mappings() -> Vec<Mapping> {
    let mut all = places();
    all.extend(operation());
    all.extend(notify());
    all.extend(super::schema_encodings::mappings());
    all.extend(super::schema_quality::mappings());
    all.extend(super::placeholder::mappings());
    all.extend(super::metadata::mappings());
    all.extend(super::preset::mappings());
    all.extend(super::pictures::mappings());
    all.extend(recipes());
    all.extend(geometry());
    all.extend(super::schema_crop::mappings());
    all.extend(super::schema_steps::mappings());
    all
}

fn places() -> Vec<Mapping> {
    let text = json!({ "type": "string" });
    vec![
        (
            "location",
            json!({ "folder": text, "s3": { "$ref": "#/definitions/s3" } }),
            &[],
        ),
        (
            "to",
            json!({ "folder": text, "s3": { "$ref": "#/definitions/s3" }, "url": text }),
            &[],
        ),
        (
            "s3",
            json!({
                "bucket": text, "prefix": text, "region": text, "endpoint": text, "kms_key": text,
                "expected_owner": text, "storage_class": text,
                "path_style": {
                    "type": "boolean",
                    "description": "https://host/bucket/key in place of https://bucket.host/key; true where an endpoint is given.",
                },
            }),
            &["bucket"],
        ),
        (
            "rule",
            json!({ "match": { "$ref": "#/definitions/match" }, "recipe": text, "tenant": text }),
            &["recipe"],
        ),
        (
            "match",
            json!({ "prefix": text, "suffix": text, "glob": text }),
            &[],
        ),
    ]
}

fn operation() -> Vec<Mapping> {
    let text = json!({ "type": "string" });
    let of = |name: &str| json!({ "$ref": format!("#/definitions/{name}") });
    vec![
        (
            "queue",
            json!({ "sqlite": text, "rabbitmq": of("rabbitmq"), "sqs": of("sqs") }),
            &[],
        ),
        (
            "rabbitmq",
            json!({
                "url": secret("amqp://user:password@host/vhost, or amqps://"),
                "prefix": { "type": "string", "default": "minilab" },
                "declare": { "enum": ["apply", "passive"] },
                "lease": { "type": "string", "default": "1min" },
                "waits": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 10 },
            }),
            &["url"],
        ),
        (
            "sqs",
            json!({
                "region": text,
                "endpoint": { "type": "string", "description": "Another server than AWS." },
                "prefix": { "type": "string", "default": "minilab" },
                "declare": { "enum": ["apply", "passive"], "default": "passive" },
                "lease": { "type": "string", "default": "1min" },
                "waits": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 10 },
            }),
            &[],
        ),
        (
            "intake",
            json!({ "rabbitmq": of("events"), "sqs": of("sqs_events"), "webhook": of("webhook"), "poll": of("poll") }),
            &[],
        ),
        (
            "events",
            json!({
                "url": secret("Its broker; that of the jobs unless given."),
                "prefix": { "type": "string", "description": "As of the jobs' queues unless given." },
            }),
            &[],
        ),
        (
            "sqs_events",
            json!({
                "region": text,
                "endpoint": { "type": "string", "description": "Another server than AWS." },
                "queue": { "type": "string", "description": "Name or address; <prefix>-events of the jobs' queues unless given." },
                "dead": { "type": "string", "description": "Name of the queue beside it for what nobody understands." },
            }),
            &[],
        ),
        (
            "webhook",
            json!({
                "listen": { "type": ["string", "integer"] },
                "token": secret("What senders to /events present: Authorization: Bearer ... Not needed where only SNS sends."),
                "sns": of("sns"),
            }),
            &["listen"],
        ),
        (
            "sns",
            json!({
                "topics": {
                    "description": "Topics of which /sns takes messages and confirms subscriptions.",
                    "type": "array",
                    "items": { "type": "string", "pattern": "^arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$" },
                    "minItems": 1,
                    "maxItems": 100,
                },
            }),
            &["topics"],
        ),
        (
            "tenants",
            json!({
                "in_flight": {
                    "description": "A worker works on at most this many jobs of one tenant at a time.",
                    "type": "integer", "minimum": 1, "maximum": 1000,
                },
                "renderers": {
                    "description": "Does one renderer process work on originals of everybody, or of one tenant?",
                    "enum": ["shared", "own"], "default": "shared",
                },
            }),
            &[],
        ),
        ("poll", json!({ "every": { "type": "string" } }), &["every"]),
    ]
}

fn notify() -> Vec<Mapping> {
    let (text, flag) = (
        json!({ "type": "string" }),
        json!({ "type": "boolean", "default": false }),
    );
    let of = |name: &str| json!({ "$ref": format!("#/definitions/{name}") });
    let one_or_many =
        |one: &Value| json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] });
    let occasion = json!({ "enum": ["ready", "complete", "failed", "deleted"] });
    let signed = secret(
        "What requests are signed with by Standard Webhooks: whsec_ and base64; several while one replaces another.",
    );
    vec![
        (
            "target",
            json!({
                "webhook": of("webhook_target"), "rabbitmq": of("exchange"), "sqs": of("queue_target"),
                "on": one_or_many(&occasion),
            }),
            &[],
        ),
        (
            "webhook_target",
            json!({
                "url": secret("https://host/path."), "secret": one_or_many(&signed), "allow_http": flag,
                "allow_private": {
                    "type": "boolean", "default": false,
                    "description": "May it lie in a private network, or on this machine?",
                },
            }),
            &["url", "secret"],
        ),
        (
            "exchange",
            json!({
                "url": secret("Its broker; that of the jobs unless given."), "exchange": text,
                "declare": { "enum": ["apply", "passive"], "default": "passive" },
            }),
            &["exchange"],
        ),
        (
            "queue_target",
            json!({
                "queue": { "type": "string", "description": "Name or address." }, "region": text,
                "endpoint": { "type": "string", "description": "Another server than AWS." },
            }),
            &["queue"],
        ),
    ]
}

fn recipes() -> Vec<Mapping> {
    let colour = json!({ "type": "string", "pattern": "^(#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|white|black)$" });
    let flag = json!({ "type": "boolean" });
    let limits = super::limits::schema();
    let mut accept = limits.clone();
    accept["formats"] = some(&words::<Format>());
    let keep = super::metadata::keep_schema();
    let metadata = super::metadata::metadata_schema();
    let number = json!({ "type": "number" });
    let formats = some(&json!({
        "anyOf": [words::<OutputFormat>(), {
            "const": "auto",
            "description": "For every browser: a JPEG, or a PNG where the picture has transparency.",
        }],
    }));
    let animation = json!({
        "description": "What is made of an animated original: all its frames where the format can (keep), its first, \
                        the frame of a number from 0, or no files at all (drop).",
        "anyOf": [{ "enum": ["keep", "first", "drop"] }, { "type": "integer", "minimum": 0, "maximum": 99_999 }],
    });
    vec![
        (
            "recipe",
            json!({
                "accept": { "$ref": "#/definitions/accept" },
                "not_an_image": { "enum": ["ignore", "fail"] },
                "urls": { "enum": ["versioned", "stable", "both"] },
                "replace": { "enum": ["atomic", "progressive"] },
                "colour": words::<ColourSpace>(),
                "animation": animation,
                "placeholder": super::placeholder::schema(),
                "publish": some(&json!({
                    "enum": ["faces", "metadata", "gps"],
                })),
                "read_tags": { "type": "boolean", "default": false },
                "epoch": { "type": "integer", "minimum": 0 },
                "key": { "type": "string", "pattern": "^\\{original\\}/.*\\.\\{ext\\}$" },
                "keep": keep,
                "metadata": metadata,
                "background": colour,
                "keep_smaller": super::schema_quality::keep_smaller(),
                "preset": super::preset::schema(),
                "pictures": super::pictures::schema(),
                "derivatives": named("derivative"),
            }),
            &[],
        ),
        ("limits", limits, &[]),
        ("accept", accept, &[]),
        (
            "derivative",
            json!({
                "background": colour,
                "page": super::schema_crop::page(),
                "autorotate": flag,
                "rotate": { "anyOf": [number, { "$ref": "#/definitions/rotate" }] },
                "flip": flag,
                "flop": flag,
                "trim": { "anyOf": [flag, { "$ref": "#/definitions/trim" }] },
                "extract": { "$ref": "#/definitions/extract" },
                "crop": super::schema_crop::crop(),
                "for_each": super::schema_crop::for_each(),
                "resize": { "$ref": "#/definitions/resize" },
                "extend": { "$ref": "#/definitions/extend" },
                "border": reference("border", "A line along the edges, after `extend` and before the steps."),
                "steps": {
                    "description": "What is done after the geometry, in this order; lengths are pixels of the file, times its density.",
                    "type": "array",
                    "items": { "$ref": "#/definitions/step" },
                    "maxItems": 40,
                },
                "densities": some(&json!({ "type": "number", "minimum": 1, "maximum": 4 })),
                "lane": words::<Lane>(),
                "encodings": { "$ref": "#/definitions/encodings" },
                "formats": formats,
                "keep": keep,
                "animation": animation,
                "metadata": metadata,
                "keep_smaller": super::schema_quality::keep_smaller(),
                "quality": super::schema_quality::for_all(),
                "target": super::schema_quality::target(),
                "max_bytes": super::schema_quality::max_bytes(),
            }),
            &["formats"],
        ),
    ]
}

fn geometry() -> Vec<Mapping> {
    let (side, flag, number) = (
        whole(1, OUTPUT_SIDE_MAX),
        json!({ "type": "boolean" }),
        json!({ "type": "number" }),
    );
    let (text, edge) = (json!({ "type": "string" }), whole(0, 10_000));
    let gravity = super::schema_crop::gravity();
    vec![
        (
            "resize",
            json!({
                "width": side,
                "height": side,
                "widths": { "type": "array", "items": side, "minItems": 1, "uniqueItems": true },
                "ladder": { "$ref": "#/definitions/ladder" },
                "aspect": {
                    "type": "string", "pattern": "^[0-9]+ */ *[0-9]+$",
                    "description": "Width to height, 16/9; without a size, the largest part of this shape is kept.",
                },
                "fit": { "enum": ["inside", "outside", "cover", "contain", "fill"] },
                "enlarge": flag,
                "gravity": some(&gravity),
                "kernel": words::<Kernel>(),
                "linear": { "type": "boolean", "default": false, "description": "Mixes light instead of stored samples; slower, and fine bright lines stay bright." },
                "background": { "type": "string", "description": "What fills the rest of `fit: contain`: a colour, transparent, blur (the picture itself, blurred) or auto (the colour of its edge)." },
            }),
            &[],
        ),
        (
            "ladder",
            json!({ "min": side, "max": side, "factor": number, "min_diff": side }),
            &["min", "max"],
        ),
        (
            "rotate",
            json!({ "degrees": number, "background": text }),
            &["degrees"],
        ),
        (
            "trim",
            json!({
                "threshold": number,
                "padding": { "type": ["integer", "string"], "description": "How much border is left: pixels, or percent of the shorter side (0.5%)." },
            }),
            &[],
        ),
        (
            "extract",
            json!({
                "unit": { "enum": ["px", "percent"] },
                "left": number, "top": number, "width": number, "height": number,
            }),
            &["width", "height"],
        ),
        (
            "extend",
            json!({
                "all": edge, "top": edge, "right": edge, "bottom": edge, "left": edge,
                "mode": { "enum": ["background", "copy", "mirror"] },
                "background": { "type": "string", "description": "A colour, transparent, blur (the picture itself, blurred) or auto (the colour of its edge)." },
            }),
            &[],
        ),
    ]
}

pub(super) fn reference(name: &str, description: &str) -> Value {
    // A `$ref` hides its neighbours in draft-07.
    json!({ "description": description, "allOf": [{ "$ref": format!("#/definitions/{name}") }] })
}

fn secret(description: &str) -> Value {
    json!({ "type": "string", "description": format!("{description} As \"${{NAME}}\" it comes from the environment.") })
}

fn named(of: &str) -> Value {
    json!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": { "pattern": "^[a-z][a-z0-9-]{0,62}$" },
        "additionalProperties": { "$ref": format!("#/definitions/{of}") },
    })
}

pub(super) fn whole(least: u32, most: u32) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// One, or a list.
fn some(of: &Value) -> Value {
    json!({ "anyOf": [of, { "type": "array", "items": of, "uniqueItems": true }] })
}

/// The words of an enum of the crate, by its own schema.
pub(super) fn words<T: JsonSchema>() -> Value {
    let mut schema = schemars::generate::SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.remove("title");
    schema.to_value()
}
