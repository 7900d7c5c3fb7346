//! What `make bench` measures with: the floor's libvips calls and the score of a picture. docs/PERFORMANCE.md tells the
//! rest; the runs themselves are made by `scripts/bench`, which starts every contender as a process of its own.
pub mod picture;
pub mod score;
pub mod settings;
pub mod vips;
