//! The worker against memory stores, a memory queue and a scripted renderer.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]
#![expect(
    clippy::field_reassign_with_default,
    reason = "a world is made first and then told what is different"
)]
mod early;
mod events;
mod failures;
mod faults;
mod lanes;
mod life;
mod notifications;
mod outages;
mod overlays;
mod said;
mod smaller;
mod stops;
mod storm;
mod tenants;
mod versions;
mod weather;
mod world;
