//! Renderer processes behind the [`Renderer`](crate::renderer::Renderer) port.
mod original;

pub use original::OriginalWriter;
