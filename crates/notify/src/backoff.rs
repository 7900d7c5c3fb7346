//! When a receiver that did not take something is told again, and when it is given up.
use std::time::Duration;

use jiff::Timestamp;

use crate::Trouble;

/// A blip, a restart, an incident; after that once an hour.
const DELAYS: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_hours(1),
];
/// How long somebody may take to put a receiver right: a long weekend.
pub(crate) const GIVEN_UP_AFTER: Duration = Duration::from_hours(72);
/// A receiver may ask to be left alone, but not for good.
const AFTER_MAX: Duration = Duration::from_hours(1);

/// The trouble after one more failure. `before`: that with the same notification.
pub(crate) fn again(
    before: Option<&Trouble>,
    now: Timestamp,
    asked: Option<Duration>,
    sentence: String,
) -> Trouble {
    let tries = before.map_or(0, |trouble| trouble.tries).saturating_add(1);
    let since = before.map_or(now, |trouble| trouble.since);
    let step = (tries as usize - 1).min(DELAYS.len() - 1);
    let delay = DELAYS[step].max(asked.unwrap_or_default().min(AFTER_MAX));
    let end = since.checked_add(GIVEN_UP_AFTER).unwrap_or(Timestamp::MAX);
    let next = now.checked_add(delay).ok().filter(|next| *next <= end);
    Trouble {
        tries,
        since,
        next,
        sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour_and_end_after_three_days() {
        let start = Timestamp::UNIX_EPOCH;
        let (mut now, mut waits, mut last) = (start, Vec::new(), None);
        loop {
            let trouble = again(last.as_ref(), now, None, String::new());
            let Some(next) = trouble.next else { break };
            waits.push(next.duration_since(now).as_secs());
            (now, last) = (next, Some(trouble));
        }
        assert_eq!(waits[..6], [5, 30, 120, 600, 3600, 3600]);
        let days = now.duration_since(start).as_secs_f64() / 86_400.0;
        assert!((2.9..=3.0).contains(&days), "{days}");
    }

    #[test]
    fn receiver_is_left_alone_for_as_long_as_it_asks_within_reason() {
        let wait = |asked| {
            let trouble = again(
                None,
                Timestamp::UNIX_EPOCH,
                Some(Duration::from_secs(asked)),
                String::new(),
            );
            trouble.next.map(Timestamp::as_second)
        };
        assert_eq!(
            (wait(1), wait(90), wait(1_000_000)),
            (Some(5), Some(90), Some(3600))
        );
    }
}
