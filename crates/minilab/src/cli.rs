//! The command line, as data. What each command does is under `commands/`; docs/COMMANDS.md says it in prose.
mod canary;
mod dead;
mod doctor;
#[cfg(feature = "s3")]
mod events;
mod health;
mod notify;
mod passes;
mod policy;
mod simulate;

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;
use minilab_worker::Lanes;

pub use self::canary::Canary;
pub use self::dead::{Dead, Ls, Purge, Redrive, ShowDead, Which};
pub use self::doctor::Doctor;
#[cfg(feature = "s3")]
pub use self::events::{Events, SetUp, ViaName};
pub use self::health::Health;
pub use self::notify::{Notify, Replay};
pub use self::passes::{Pass, Reconcile, Sweep};
pub use self::policy::IamPolicy;
pub use self::simulate::Simulate;
use crate::{exit, speech::Form};

/// Makes and keeps the derivatives of your photos: one photo in, every size and format out.
#[derive(Debug, Parser)]
#[command(name = "minilab", version, arg_required_else_help = true, after_help = exit::table(), max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to speak.
    #[command(flatten)]
    pub speech: Speech,
}

/// How the program speaks.
#[derive(Debug, Args)]
pub struct Speech {
    /// Print results as JSON, one value a line; text and progress go to stderr
    #[arg(long, global = true)]
    pub json: bool,
    /// How log lines look
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
    /// What is logged to stderr: a level, or directives such as `info,minilab_worker=debug`
    /// [default: info for the roles and for a standalone without a terminal, else warn]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

impl Speech {
    /// The form of results.
    pub fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere
    Auto,
    /// For people
    Pretty,
    /// One JSON object a line
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch a folder, keep the derivatives of its photos in step with it, and serve them
    Standalone(Standalone),
    /// Turn uploads into jobs, find what events missed, and sweep: a role of a fleet, any number of processes
    Dispatcher(Dispatcher),
    /// Make the derivatives that jobs ask for: a role of a fleet, any number of processes
    Worker(Worker),
    /// Put a configuration into force for a fleet, or show which one is
    #[command(subcommand)]
    Config(Config),
    /// Look at the exchanges and queues of the broker, or make them
    #[command(subcommand)]
    Topology(Topology),
    /// List, show, put back or forget what was given up
    #[command(subcommand)]
    Dead(Dead),
    /// Look after what receivers outside have not taken
    #[command(subcommand)]
    Notify(Notify),
    /// Compare all originals with all records now, and queue what differs
    Reconcile(Reconcile),
    /// Delete files whose time of grace is over now
    Sweep(Sweep),
    /// Render files once, without queue or store
    Render(Render),
    /// Show what would be made of a file, and why
    Explain(Explain),
    /// Check a configuration and report everything that is wrong with it
    Check(Check),
    /// Ask everything that an installation needs whether it works, and tell what to do where it does not
    Doctor(Doctor),
    /// Upload a tiny picture, wait until all of it is made, and take it away again
    Canary(Canary),
    /// Ask processes on this machine whether they can do their work
    Health(Health),
    /// Let a bucket tell of uploads
    #[cfg(feature = "s3")]
    #[command(subcommand)]
    Events(Events),
    /// Print the least that a role must be allowed at AWS, as an IAM policy
    IamPolicy(IamPolicy),
    /// Replay days of uploads against fleets of any size: how long they wait, and what that takes
    Simulate(Simulate),
    /// Print the manifest of an original, in the shape that a front end wants
    Manifest(Manifest),
    /// Tell what was made: a table, and a contact sheet
    Report(Report),
    /// Print a JSON Schema (draft-07)
    Schema(Schema),
    /// Print the version of this program and of its renderer
    Version(Version),
}

/// Where the renderer is.
#[derive(Debug, Args)]
pub struct RendererPath {
    /// The `minilab-renderer` to run
    /// [default: $MINILAB_RENDERER, else the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub renderer: Option<PathBuf>,
}

/// `minilab standalone`
#[derive(Debug, Args)]
pub struct Standalone {
    /// Folder of the originals
    #[arg(
        required_unless_present = "config",
        requires = "out_dir",
        conflicts_with = "config"
    )]
    pub photos_dir: Option<PathBuf>,
    /// Folder for what is made
    pub out_dir: Option<PathBuf>,
    /// Configuration to follow instead of the default recipe
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to serve; port 0 takes a free one [default: `serve` of the configuration, else 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Renderers at work at one time, and one more for the lane `fast` [default: one for each CPU]
    #[arg(long, value_name = "N")]
    pub slots: Option<NonZeroU32>,
    /// Exit when everything found at the start is made: 0, or 3 if some of it failed
    #[arg(long)]
    pub until_idle: bool,
    #[command(flatten)]
    pub renderer: RendererPath,
}

/// What all roles take.
#[derive(Debug, Args)]
pub struct Role {
    /// Configuration to follow; it must be in force (`minilab config activate`)
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// How long work that has begun may take to end after a stop signal; what is left is handed back
    #[arg(long, default_value = "100s", value_parser = duration, value_name = "DURATION")]
    pub grace: Duration,
    /// How long to look for a broker or a store that does not answer at the start, before exit 5
    #[arg(long, default_value = "2m", value_parser = duration, value_name = "DURATION")]
    pub start_timeout: Duration,
}

/// `minilab dispatcher`
#[derive(Debug, Args)]
pub struct Dispatcher {
    #[command(flatten)]
    pub role: Role,
    /// Where /livez, /readyz and /metrics are; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9090", value_name = "ADDRESS")]
    pub listen: SocketAddr,
}

/// `minilab worker`
#[derive(Debug, Args)]
pub struct Worker {
    #[command(flatten)]
    pub role: Role,
    /// Where /livez, /readyz and /metrics are; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9091", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Which jobs to take: some of fast, standard, bulk, backfill, separated by commas [default: all]
    #[arg(long, value_name = "LANES")]
    pub lanes: Option<Lanes>,
    /// Renderers at work at one time, and one more for the lane `fast` beside others [default: one for each CPU]
    #[arg(long, value_name = "N")]
    pub slots: Option<NonZeroU32>,
    #[command(flatten)]
    pub renderer: RendererPath,
}

/// `minilab config`
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Put it into force: dispatchers and workers that follow it may start. Once more changes nothing
    Activate(Activate),
    /// Show which configuration is in force, and whether it is this one
    Show(OneConfig),
}

/// `minilab config activate`
#[derive(Debug, Args)]
pub struct Activate {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Only say what would be
    #[arg(long)]
    pub dry_run: bool,
}

/// `minilab topology`
#[derive(Debug, Subcommand)]
pub enum Topology {
    /// Say what is missing or different, and change nothing: exit 3 if something is
    Check(OneConfig),
    /// Make what is missing; for brokers whose users may not (`declare: passive`)
    Apply(OneConfig),
}

/// A command that only needs to know the configuration.
#[derive(Debug, Args)]
pub struct OneConfig {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// `minilab render`
#[derive(Debug, Args)]
pub struct Render {
    /// A configuration, or just its `recipes:`
    pub recipe: PathBuf,
    /// Originals
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Folder for what is made: for each original a folder of its name
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub renderer: RendererPath,
}

/// `minilab explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// An original
    pub file: PathBuf,
    /// Configuration to explain by [default: the default recipe]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub renderer: RendererPath,
}

/// `minilab check`
#[derive(Debug, Args)]
pub struct Check {
    /// The configuration
    #[arg(required_unless_present = "print_default")]
    pub file: Option<PathBuf>,
    /// Print the default recipe, to start one's own from
    #[arg(long, conflicts_with = "file")]
    pub print_default: bool,
}

/// `minilab manifest`
#[derive(Debug, Args)]
pub struct Manifest {
    /// Key of the original: its path below the folder of originals
    pub key: String,
    /// In which shape
    #[arg(long = "as", value_enum, default_value = "json", value_name = "SHAPE")]
    pub shape: Shape,
    #[command(flatten)]
    pub outputs: Outputs,
}

/// Where files were put.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Outputs {
    /// Configuration that says where files are put
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder that was made
    #[arg(long, value_name = "OUT_DIR")]
    pub out: Option<PathBuf>,
}

/// Shapes of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// The manifest itself
    Json,
    /// HTML with a `<picture>` for each derivative
    Picture,
    /// As eleventy-img returns it
    Eleventy,
    /// As Strapi's upload plugin stores it
    Strapi,
}

/// `minilab report`
#[derive(Debug, Args)]
pub struct Report {
    /// Folder of what was made; before it, if the sheet shall link them, the folder of the originals
    #[arg(required = true, num_args = 1..=2, value_names = ["PHOTOS_DIR", "OUT_DIR"])]
    pub folders: Vec<PathBuf>,
    /// Write the contact sheet to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// A table for each original instead of one of all
    #[arg(long)]
    pub each: bool,
}

/// `minilab schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what
    #[arg(value_enum)]
    pub of: SchemaOf,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The configuration
    Config,
    /// The manifest
    Manifest,
    /// What receivers outside are told
    Notification,
}

/// `minilab version`
#[derive(Debug, Args)]
pub struct Version {
    #[command(flatten)]
    pub renderer: RendererPath,
}

/// `100s`, `2m`, `1m 30s`.
fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Result<SignedDuration, _> = text.parse();
    parsed
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| "write a duration such as 100s or 2m".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn standalone_takes_two_folders_or_a_configuration() {
        let parse = |args: &[&str]| Cli::try_parse_from([&["minilab", "standalone"], args].concat());
        assert!(parse(&["in", "out"]).is_ok());
        assert!(parse(&["--config", "minilab.yaml", "--listen", "127.0.0.1:0"]).is_ok());
        assert!(parse(&[]).is_err());
        assert!(parse(&["in"]).is_err());
        assert!(parse(&["in", "out", "--config", "minilab.yaml"]).is_err());
        assert!(parse(&["in", "out", "--slots", "0"]).is_err());
    }

    #[test]
    fn a_report_takes_the_output_alone_or_both_folders() {
        let parse = |args: &[&str]| Cli::try_parse_from([&["minilab", "report"], args].concat());
        assert!(parse(&["out"]).is_ok());
        assert!(parse(&["in", "out", "--html", "sheet.html"]).is_ok());
        assert!(parse(&[]).is_err());
        assert!(parse(&["a", "b", "c"]).is_err());
    }

    #[test]
    fn roles_take_a_configuration_lanes_and_durations() {
        let parse = |args: &[&str]| Cli::try_parse_from([&["minilab"], args].concat());
        assert!(parse(&["dispatcher"]).is_err());
        let worker = parse(&[
            "worker",
            "--config",
            "c.yaml",
            "--lanes",
            "fast,bulk",
            "--grace",
            "1m 30s",
        ]);
        let Command::Worker(worker) = worker.unwrap().command else {
            panic!("it is a worker")
        };
        assert_eq!(worker.lanes, Some("fast,bulk".parse().unwrap()));
        assert_eq!(worker.role.grace, Duration::from_secs(90));
        assert_eq!(worker.role.start_timeout, Duration::from_mins(2));
        for wrong in [
            ["--lanes", "slow"],
            ["--grace", "soon"],
            ["--grace", "-3s"],
            ["--slots", "0"],
        ] {
            assert!(
                parse(&[&["worker", "--config", "c.yaml"], &wrong[..]].concat()).is_err(),
                "{wrong:?}"
            );
        }
    }
}
