//! Scaling by work: how many CPU seconds wait in each lane, and what a fleet makes of that.
//!
//! A broker tells how many messages wait, never what they cost. So dispatchers note what they send ([`Sent`]), workers what
//! jobs turn out to take ([`Costs`]), both in the store of records; and whoever is asked takes the broker's count of a queue,
//! the last so many jobs that were sent there, and what such jobs take ([`Waiting`]). `docs/adr/0021-seconds-of-work.md` says
//! why.
mod costs;
mod forecast;
mod lessons;
mod place;
mod sent;
mod shared;
mod waiting;

pub use costs::{Cell, Costs};
pub use forecast::Forecasts;
pub use lessons::Lessons;
pub use place::Place;
pub use sent::{Batch, Kind, Sending, Sent};
pub use waiting::{Figure, Figures, Unknown, Waiting};

/// Jobs of one place whose forecasts lie within a factor of two.
fn class(forecast_ms: u64) -> u8 {
    forecast_ms.max(1).ilog2() as u8
}
