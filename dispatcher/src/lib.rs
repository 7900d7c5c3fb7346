//! Upload events in, jobs out; and what keeps the world right when events are lost: reconcile and sweep.
//!
//! Events are hints, the store of originals is the truth: everything here only decides which keys are worth a look. The
//! attempt looks again and decides by itself, so a duplicate, late or wrong hint costs a request and nothing else.
mod brake;
mod dead_letters;
mod dispatcher;
mod error;
pub mod events;
mod finding;
mod health;
mod hint;
mod intake;
mod jobs;
mod merge;
mod names;
mod pass;
mod progress;
mod quoted;
mod reconcile;
mod rounds;
mod settle;
mod sweep;
mod traced;
mod watch;

pub use brake::{Allowance, Brake};
pub use dead_letters::{DeadLetters, Redrive};
pub use dispatcher::{Config, Dispatcher, Folder, Stores};
pub use error::Error;
pub use health::Ready;
pub use hint::{Change, Hint};
pub use intake::{
    Fetch, FetchError, InvalidToken, Sns, SnsHeaders, SnsRefusal, Token, Webhook, WebhookVerdict,
    events_queue,
};
pub use jobs::{Enqueued, Jobs, STORE_OF_ORIGINALS, queue_name};
pub use names::{Names, is_passing};
pub use pass::{
    Braked, End, Ended, Holder, LEASE, LOOK_EVERY, LastPass, Ledger, Offer, Pass, Periods, RENEW_EVERY,
    ReconcileConfig, Report, Sharing, Tenure, Turns, UnderWay, Wanted, Way,
};
pub use progress::{Progress, Watching};
pub use reconcile::{Reconcile, ReconcileWay};
pub use settle::{Measured, Settle, Settled, Sign};
pub use sweep::{Reach, Sweep, SweepConfig, SweepReport, SweepWay};
