//! How many pods there are to be: KEDA between nothing and something, above that the HPA of Kubernetes, as they document it.
//!
//! The HPA looks every 15 s and asks KEDA for the figures as they are then; `AverageValue` makes the wanted number the figure by
//! the target, rounded up. It changes nothing within its tolerance, takes the largest wish of the scale-down window, and keeps to
//! its policies. From and to zero it is KEDA that scales, by its own looks.
use std::collections::VecDeque;

/// Kubernetes' defaults.
const LOOK_EVERY: u32 = 15;
const TOLERANCE: f64 = 0.1;

/// As the chart's `autoscaling`.
#[derive(Debug, Clone, PartialEq)]
pub struct Behaviour {
    /// Fewest pods.
    pub min: u32,
    /// Most pods.
    pub max: u32,
    /// Seconds between looks whether there is anything to do at all.
    pub polling: u32,
    /// Seconds without anything to do, before there are no pods.
    pub cooldown: u32,
    /// Scaling up, in a period of 15 s: by so many percent, or so many pods, whichever is more.
    pub up_percent: u32,
    /// See there.
    pub up_pods: u32,
    /// Seconds whose largest wish counts when scaling down.
    pub down_window: u32,
    /// Scaling down, in a period of 60 s: by so many percent.
    pub down_percent: u32,
}

impl Default for Behaviour {
    /// The chart's.
    fn default() -> Self {
        Self {
            min: 1,
            max: 50,
            polling: 15,
            cooldown: 600,
            up_percent: 100,
            up_pods: 10,
            down_window: 300,
            down_percent: 25,
        }
    }
}

const UP_PERIOD: u32 = 15;
const DOWN_PERIOD: u32 = 60;

/// One autoscaler.
#[derive(Debug, Clone)]
pub struct Autoscaler {
    behaviour: Behaviour,
    wishes: VecDeque<(u32, u32)>,
    changes: VecDeque<(u32, i64)>,
    active: u32,
}

impl Autoscaler {
    /// It has seen nothing yet.
    pub fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour,
            wishes: VecDeque::new(),
            changes: VecDeque::new(),
            active: 0,
        }
    }

    /// How many pods there are to be, where there are `current`. `loads`: each figure by its target for one pod; `is_active`: is
    /// there anything to do?
    pub fn look(&mut self, now: u32, current: u32, loads: &[f64], is_active: bool) -> u32 {
        let behaviour = &self.behaviour;
        if is_active {
            self.active = now;
        }
        if current == 0 {
            let wakes = is_active && now.is_multiple_of(behaviour.polling);
            return self.change(now, 0, if wakes { behaviour.min.max(1) } else { 0 });
        }
        if behaviour.min == 0 && !is_active && now - self.active >= behaviour.cooldown {
            return self.change(now, current, 0);
        }
        if !now.is_multiple_of(LOOK_EVERY) {
            return current;
        }
        let wished = loads.iter().map(|load| Self::wished(*load, current)).max();
        let wished = wished
            .unwrap_or(current)
            .clamp(behaviour.min.max(1), behaviour.max);
        let wished = self.stabilised(now, current, wished);
        let allowed = self.allowed(now, current, wished);
        self.change(now, current, allowed)
    }

    fn wished(load: f64, current: u32) -> u32 {
        let ratio = load / f64::from(current);
        if (ratio - 1.0).abs() <= TOLERANCE {
            current
        } else {
            load.ceil() as u32
        }
    }

    fn stabilised(&mut self, now: u32, current: u32, wished: u32) -> u32 {
        let window = self.behaviour.down_window;
        self.wishes.retain(|(at, _)| now - at < window);
        self.wishes.push_back((now, wished));
        let largest = self.wishes.iter().map(|(_, wish)| *wish).max().unwrap_or(wished);
        if wished < current {
            largest.min(current)
        } else {
            wished
        }
    }

    fn allowed(&mut self, now: u32, current: u32, wished: u32) -> u32 {
        self.changes.retain(|(at, _)| now - at < DOWN_PERIOD);
        let within = |period: u32, sign: i64| -> i64 {
            let changes = self
                .changes
                .iter()
                .filter(|(at, by)| now - at < period && by * sign > 0);
            changes.map(|(_, by)| by * sign).sum()
        };
        let behaviour = &self.behaviour;
        if wished > current {
            let begin = (i64::from(current) - within(UP_PERIOD, 1)).max(0) as f64;
            let percent = (begin * (1.0 + f64::from(behaviour.up_percent) / 100.0)).ceil();
            let most = percent.max(begin + f64::from(behaviour.up_pods)) as u32;
            wished.min(most.max(current))
        } else {
            let begin = (i64::from(current) + within(DOWN_PERIOD, -1)) as f64;
            let least = (begin * (1.0 - f64::from(behaviour.down_percent) / 100.0)) as u32;
            wished.max(least.min(current))
        }
    }

    fn change(&mut self, now: u32, from: u32, to: u32) -> u32 {
        if from != to {
            self.changes.push_back((now, i64::from(to) - i64::from(from)));
        }
        to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(behaviour: Behaviour, mut current: u32, loads: impl Fn(u32) -> f64, until: u32) -> Vec<u32> {
        let mut autoscaler = Autoscaler::new(behaviour);
        (0..until)
            .filter_map(|now| {
                let load = loads(now);
                current = autoscaler.look(now, current, &[load], load > 0.0);
                now.is_multiple_of(LOOK_EVERY).then_some(current)
            })
            .collect()
    }

    #[test]
    fn it_doubles_or_takes_ten_more_every_quarter_of_a_minute() {
        let max = Behaviour {
            max: 500,
            ..Behaviour::default()
        };
        assert_eq!(looks(max, 1, |_| 120.0, 76), [11, 22, 44, 88, 120, 120]);
    }

    #[test]
    fn it_comes_down_by_a_quarter_a_minute_once_nothing_more_was_wished_for_five() {
        let found = looks(
            Behaviour::default(),
            40,
            |now| if now == 0 { 40.0 } else { 1.0 },
            481,
        );
        let changes: Vec<_> = (0..)
            .zip(&found)
            .filter(|(at, _)| at % 4 == 0)
            .map(|(_, pods)| *pods)
            .collect();
        assert_eq!(changes, [40, 40, 40, 40, 40, 30, 22, 16, 12]);
    }

    #[test]
    fn little_changes_nothing() {
        assert_eq!(looks(Behaviour::default(), 20, |_| 21.9, 31), [20, 20, 20]);
        assert_eq!(looks(Behaviour::default(), 20, |_| 22.1, 1), [23]);
    }

    #[test]
    fn it_goes_to_nothing_after_the_cooldown_and_wakes_at_a_look() {
        let none = Behaviour {
            min: 0,
            ..Behaviour::default()
        };
        let found = looks(none.clone(), 1, |_| 0.0, 631);
        assert_eq!((found[39], found[40], found[42]), (1, 0, 0));
        assert_eq!(looks(none, 0, |now| f64::from(u8::from(now > 3)), 16), [0, 1]);
    }
}
