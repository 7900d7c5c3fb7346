//! `minilab schema`: for editors and for whoever reads manifests. JSON in either form.
use anyhow::Result;

use crate::{
    cli::{Schema, SchemaOf},
    exit::Exit,
    speech::{self, Form},
};

pub fn run(args: &Schema) -> Result<Exit> {
    let schema = match args.of {
        SchemaOf::Config => minilab_recipe::schema(),
        SchemaOf::Manifest => minilab_protos::manifest::manifest_schema(),
        SchemaOf::Notification => minilab_protos::notification::notification_schema(),
    };
    let text = serde_json::to_string_pretty(&schema)?;
    speech::result(Form::Text, || text, || schema.clone())?;
    Ok(Exit::Ok)
}
