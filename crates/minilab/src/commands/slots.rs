//! How many renderers a machine is worth.
use std::num::NonZeroU32;

/// One for each CPU that this process may use.
pub fn one_for_each_cpu() -> NonZeroU32 {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    NonZeroU32::new(cpus as u32).unwrap_or(NonZeroU32::MIN)
}
