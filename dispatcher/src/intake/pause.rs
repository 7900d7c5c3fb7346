//! How long something that is away is left alone.
use std::time::Duration;

/// Most outages are a restart somewhere.
const FIRST: Duration = Duration::from_secs(1);
/// An operator who has mended it sees it work within half a minute.
const LONGEST: Duration = Duration::from_secs(30);

/// Pauses that double. Each is shortened by up to half at random, so that processes do not come back all at once.
#[derive(Debug)]
pub(super) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Pause {
    pub(super) fn next(&mut self) -> Duration {
        let whole = self.0;
        self.0 = (whole * 2).min(LONGEST);
        whole.mul_f64(1.0 - fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_minute_and_never_get_shorter_than_half() {
        let mut pause = Pause::default();
        for whole in [1, 2, 4, 8, 16, 30, 30] {
            let (pause, whole) = (pause.next(), Duration::from_secs(whole));
            assert!(pause <= whole && pause >= whole / 2, "{pause:?} of {whole:?}");
        }
    }
}
