//! `minilab iam-policy`: the least that a role must be allowed at AWS. Asks nobody.
use anyhow::Result;

use crate::{
    cli::IamPolicy,
    compose::Places,
    config::Config,
    exit::Exit,
    policy,
    speech::{self, Form},
};

pub fn run(args: &IamPolicy, form: Form) -> Result<Exit> {
    let config = Config::read(&args.config)?;
    let places = Places::of(&config)?;
    places.check()?;
    let policy = policy::of(
        args.role.into(),
        &config.document,
        &places,
        args.account.as_deref(),
    )?;
    // Beside the policy, which programs read.
    for unsaid in policy::unsaid(args.role.into(), &config.document, &places) {
        speech::aside(&format!("not in this policy: {unsaid}"));
    }
    let value = serde_json::to_value(policy)?;
    speech::result(form, || format!("{value:#}"), || value.clone())?;
    Ok(Exit::Ok)
}
