//! The one place that knows which adapters there are: a configuration in, a program of ports out.
mod app;
mod observe;
mod places;
mod renderer;
mod stores;

pub use app::{App, Machine, start_pool};
pub use observe::{Renderers, slots as observe_slots};
pub use places::{Places, resolved, state_of};
pub use renderer::locate_renderer;
pub use stores::{Stores, state_made_before};
