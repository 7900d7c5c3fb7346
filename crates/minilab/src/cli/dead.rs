//! `minilab dead`: its command line.
use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use minilab_recipe::Lane;

/// `minilab dead`
#[derive(Debug, Subcommand)]
pub enum Dead {
    /// List dead letters
    Ls(Ls),
    /// Tell everything of one of them
    Show(ShowDead),
    /// Send new jobs for them: each gets a real try, with its counters at zero
    Redrive(Redrive),
    /// Forget them: deletes their failure records, and nothing else
    Purge(Purge),
}

/// Which dead letters.
#[derive(Debug, Clone, Default, Args)]
pub struct Which {
    /// Of this class: poison, exhausted, denied, unreadable; and input, which no other choice includes. May be given more than
    /// once [default: all but input]
    #[arg(long, value_name = "CLASS")]
    pub class: Vec<String>,
    /// Of originals whose keys begin with this
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<String>,
    /// Given up longer ago than this: 90s, 12h, 7d
    #[arg(long, value_parser = age, value_name = "AGE")]
    pub older_than: Option<Duration>,
    /// Given up within this time: 90s, 12h, 7d
    #[arg(long, value_parser = age, value_name = "AGE")]
    pub newer_than: Option<Duration>,
    /// Of this lane: fast, standard or bulk
    #[arg(long, value_parser = lane, value_name = "LANE")]
    pub lane: Option<Lane>,
    /// No more than this many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// `minilab dead ls`
#[derive(Debug, Args)]
pub struct Ls {
    /// Configuration that says where records are
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    #[command(flatten)]
    pub which: Which,
}

/// `minilab dead show`
#[derive(Debug, Args)]
pub struct ShowDead {
    /// Key of an original, or the digest that `ls` shows of a message that was no job
    pub key: String,
    /// Configuration that says where records are
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// `minilab dead redrive`
#[derive(Debug, Args)]
pub struct Redrive {
    /// Configuration that says where records are and where jobs wait
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    #[command(flatten)]
    pub which: Which,
    /// Not faster than this: 10/s
    #[arg(long, value_parser = rate, value_name = "N/s")]
    pub rate: Option<NonZeroU32>,
    /// Only say how many it would be
    #[arg(long)]
    pub dry_run: bool,
}

/// `minilab dead purge`
#[derive(Debug, Args)]
pub struct Purge {
    /// Configuration that says where records are
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    #[command(flatten)]
    pub which: Which,
    /// Only say how many it would be
    #[arg(long)]
    pub dry_run: bool,
}

/// `90s`, `15m`, `12h`, `7d`, `2w`.
fn age(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err("a number and s, m, h, d or w is expected: 12h".to_owned()),
    };
    let count: u64 = count
        .parse()
        .map_err(|_| "a whole number is expected before the unit: 12h".to_owned())?;
    count
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(|| "that is longer than time".to_owned())
}

fn lane(text: &str) -> Result<Lane, String> {
    let known = Lane::ALL.into_iter().find(|lane| lane.as_str() == text);
    known.ok_or_else(|| "the lanes are fast, standard and bulk".to_owned())
}

/// `10/s`, or just the number.
fn rate(text: &str) -> Result<NonZeroU32, String> {
    let count = text.strip_suffix("/s").unwrap_or(text);
    count
        .parse()
        .map_err(|_| "a whole number of jobs a second is expected: 10/s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_numbers_with_a_unit() {
        assert_eq!(age("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(age("7d"), Ok(Duration::from_hours(168)));
        for wrong in [
            "",
            "d",
            "7",
            "7 d",
            "-1h",
            "99999999999999999999w",
            "9999999999999999w",
        ] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_are_jobs_a_second() {
        assert_eq!(rate("10/s"), rate("10"));
        for wrong in ["", "0/s", "1.5/s", "10/m", "/s"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
