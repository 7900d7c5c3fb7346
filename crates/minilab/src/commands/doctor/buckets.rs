//! Clock and credentials, by one request to a bucket.
use std::time::Duration;

use minilab_recipe::{Location, S3};

use super::report::{Finding, Report};
use crate::{
    compose::{self, Places},
    units,
};

/// A server's `Date` has whole seconds, and an answer takes a while.
const CLOCKS_MAY_DIFFER: Duration = Duration::from_secs(30);
/// S3 refuses signatures at a quarter of an hour; leases and times of grace go wrong before.
const CLOCKS_MUST_NOT_DIFFER: Duration = Duration::from_mins(5);

pub(super) async fn look(report: &mut Report, places: &Places) {
    let all = [&places.state, &places.to, &places.from];
    let bucket = all.into_iter().find_map(|place| match place {
        Location::S3(bucket) => Some(bucket),
        Location::Folder(_) => None,
    });
    match bucket {
        None => {
            report.add(Finding::ok("clock", "folders go by this machine's own"));
            report.add(Finding::ok("credentials", "none are needed"));
        }
        Some(bucket) => ask(report, bucket).await,
    }
}

async fn ask(report: &mut Report, bucket: &S3) {
    let told = compose::meet(bucket).await;
    report.add(match told.clocks_differ {
        None => Finding::skipped("clock", format!("the bucket {} tells no time", bucket.bucket)),
        Some(differ) => clock(differ),
    });
    report.add(match (&told.access_key, told.answer) {
        (Some(key), Ok(())) => Finding::ok("credentials", format!("access key {key}")),
        (Some(key), Err(error)) => {
            let fix = "if another key is meant, set AWS_PROFILE or AWS_ACCESS_KEY_ID, or the role of the machine or pod; else grant \
                       what `minilab iam-policy` prints";
            Finding::wrong("credentials", format!("access key {key}: {error}"), fix)
        }
        (None, Err(error)) => {
            let fix = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine or pod a role";
            Finding::fail("credentials", &error.into(), fix)
        }
        (None, Ok(())) => Finding::ok("credentials", "none are asked for"),
    });
}

fn clock(differ: Duration) -> Finding {
    let told = format!("{} from the bucket's", units::duration(differ));
    let fix = "set this machine's clock (NTP): signatures are refused, and events seem older or younger than they are";
    if differ > CLOCKS_MUST_NOT_DIFFER {
        Finding::wrong("clock", told, fix)
    } else if differ > CLOCKS_MAY_DIFFER {
        Finding::warn("clock", told, fix)
    } else {
        Finding::ok(
            "clock",
            format!("less than {} s from the bucket's", CLOCKS_MAY_DIFFER.as_secs()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_right_within_seconds_and_wrong_from_minutes_on() {
        let verdict = |seconds| {
            let mut report = Report::default();
            report.add(clock(Duration::from_secs(seconds)));
            (report.has_failed(), format!("{report:?}").contains("Warn"))
        };
        assert_eq!(verdict(30), (false, false));
        assert_eq!(verdict(31), (false, true));
        assert_eq!(verdict(301), (true, false));
    }
}
