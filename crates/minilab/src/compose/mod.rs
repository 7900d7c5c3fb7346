//! The one place that knows which adapters there are: a configuration in, a program of ports out.
mod app;
mod backing;
mod dispatcher;
pub mod fetch;
mod learning;
mod notify;
#[cfg(feature = "s3")]
mod notifying;
mod observe;
mod places;
mod queue;
mod renderer;
mod stores;
mod topology;
mod worker;

pub use app::App;
pub use backing::Backing;
pub use dispatcher::dispatcher;
pub use notify::{sender, telling};
#[cfg(feature = "s3")]
pub use notifying::{EventsQueue, meet, notifying_bucket};
pub use places::{Named, Places, resolved, state_of, stores_of};
pub use queue::{open as open_queue, open_events};
pub use renderer::locate_renderer;
pub use stores::{Stores, assets, files, files_made_before, originals, state, state_made_before};
pub use topology::{apply_topology, check_topology};
pub use worker::{Machine, Working, start_one, worker};
