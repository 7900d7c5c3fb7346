//! `minilab iam-policy`: what a role must be allowed at AWS.
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::policy::{self, Role};

/// `minilab iam-policy`
#[derive(Debug, Args)]
pub struct IamPolicy {
    /// Whose policy
    #[arg(long, value_enum)]
    pub role: RoleName,
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Account that owns the queues: twelve digits [default: any, as far as the caller's account lets it]
    #[arg(long, value_parser = account, value_name = "ID")]
    pub account: Option<String>,
}

/// Roles as the command line spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Processes of `minilab dispatcher`
    Dispatcher,
    /// Processes of `minilab worker`
    Worker,
    /// Whoever runs the other commands
    Operator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Dispatcher => Self::Dispatcher,
            RoleName::Worker => Self::Worker,
            RoleName::Operator => Self::Operator,
        }
    }
}

fn account(text: &str) -> Result<String, String> {
    if policy::is_account(text) {
        return Ok(text.to_owned());
    }
    Err("the number of an account has twelve digits".to_owned())
}
