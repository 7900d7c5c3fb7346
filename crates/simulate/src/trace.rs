//! When uploads come: shapes of days, or a file of them.
use crate::Class;

/// A tenth of the day's uploads come in its busiest hour.
const DAILY_SWING: f64 = 0.9;
/// A flash crowd lasts so long, brings so many times the usual, and half of it is large.
const FLASH_SECONDS: u32 = 600;
const FLASH_TIMES: f64 = 10.0;
const FLASH_LARGE: f64 = 0.5;
/// A backfill is queued at once by a pass: so many originals a second, as many as of the whole time's uploads.
const BACKFILL_RATE: f64 = 500.0;

/// When uploads come.
#[derive(Debug, Clone, PartialEq)]
pub enum Trace {
    /// Always as many.
    Steady,
    /// As people wake and sleep.
    Diurnal,
    /// Steady, but for ten minutes with ten times as many, half of them large.
    Flash,
    /// Diurnal, and an operator queues a backfill of as many originals beside it.
    Backfill,
    /// By second and class: how many.
    File(Vec<(u32, usize, f64)>),
}

/// A trace that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the trace is `{text}`: {wanted}")]
pub struct InvalidTrace {
    /// From 1.
    pub line: usize,
    /// What it says.
    pub text: String,
    /// What it should be.
    pub wanted: String,
}

impl Trace {
    /// Reads lines of `second,class,uploads`; a first line that begins with `second` is a heading.
    pub fn parse(text: &str, mix: &[Class]) -> Result<Self, InvalidTrace> {
        let mut arrivals = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || (index == 0 && line.starts_with("second")) {
                continue;
            }
            let invalid = |wanted: String| InvalidTrace {
                line: index + 1,
                text: line.chars().take(80).collect(),
                wanted,
            };
            let form = || {
                "take `second,class,uploads`, with a whole second and a number that is not negative"
                    .to_owned()
            };
            let fields: Vec<_> = line.split(',').map(str::trim).collect();
            let [second, name, uploads] = fields[..] else {
                return Err(invalid(form()));
            };
            let second = second.parse::<u32>().map_err(|_| invalid(form()))?;
            let uploads = uploads.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
            let uploads = uploads.ok_or_else(|| invalid(form()))?;
            let class = mix.iter().position(|class| class.name == name).ok_or_else(|| {
                let names: Vec<_> = mix.iter().map(|class| class.name.as_str()).collect();
                invalid(format!("the class is one of {}", names.join(", ")))
            })?;
            arrivals.push((second, class, uploads));
        }
        arrivals.sort_by_key(|(second, ..)| *second);
        Ok(Self::File(arrivals))
    }

    /// Uploads that are to be expected in a second of `seconds`, by class, at this mean rate.
    pub(crate) fn expected(&self, (second, seconds): (u32, u32), rate: f64, mix: &[Class]) -> Vec<f64> {
        let usual = |rate: f64| mix.iter().map(|class| class.share * rate).collect::<Vec<f64>>();
        match self {
            Self::Diurnal | Self::Backfill => {
                let of_day = f64::from(second % 86_400) / 86_400.0;
                // The trough first: whoever looks at a part of a day sees it rise.
                usual(rate * (1.0 - DAILY_SWING * (of_day * std::f64::consts::TAU).cos()))
            }
            Self::Flash if (seconds / 3..seconds / 3 + FLASH_SECONDS).contains(&second) => {
                let all = rate * FLASH_TIMES;
                let mut arrivals = usual(all * (1.0 - FLASH_LARGE));
                *arrivals.last_mut().expect("a mix has classes") += all * FLASH_LARGE;
                arrivals
            }
            Self::Steady | Self::Flash => usual(rate),
            Self::File(arrivals) => {
                let begin = arrivals.partition_point(|(at, ..)| *at < second);
                let mut now = vec![0.0; mix.len()];
                for (_, class, uploads) in arrivals[begin..].iter().take_while(|(at, ..)| *at == second) {
                    now[*class] += uploads;
                }
                now
            }
        }
    }

    /// Originals that a pass queues in a second.
    pub(crate) fn backfilled(&self, (second, seconds): (u32, u32), rate: f64, mix: &[Class]) -> Vec<f64> {
        let begin = seconds / 4;
        let lasts = (rate * f64::from(seconds) / BACKFILL_RATE) as u32;
        let is_on = *self == Self::Backfill && (begin..begin.saturating_add(lasts)).contains(&second);
        let rate = if is_on { BACKFILL_RATE } else { 0.0 };
        mix.iter().map(|class| class.share * rate).collect()
    }

    /// Is it as it comes, or only what is to be expected?
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self, Self::File(_))
    }
}
