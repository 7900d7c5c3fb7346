//! A picture of runs side by side: for each lane what comes, how long the slowest take, and how many pods there are.
use std::fmt::Write as _;

use crate::{Minute, OfLane, Outcome};

const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 130.0;
const MARGIN: f64 = 64.0;
const GAP: f64 = 46.0;
/// Points in a line: each the largest of its minutes.
const POINTS: usize = 240;
/// Blue, orange and green that the colour-blind tell apart, and more for whoever compares more.
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555"];

/// One row of panels.
struct Row {
    title: &'static str,
    of: fn(&Minute) -> f64,
    /// By powers of ten.
    by_powers: bool,
    /// The same for every policy.
    once: bool,
}

const ROWS: [Row; 3] = [
    Row {
        title: "jobs that come, a second",
        of: |minute| minute.rate,
        by_powers: false,
        once: true,
    },
    Row {
        title: "slowest job, seconds from the upload",
        of: |minute| minute.longest_seconds,
        by_powers: true,
        once: false,
    },
    Row {
        title: "pods that take work",
        of: |minute| f64::from(minute.pods),
        by_powers: false,
        once: false,
    },
];

/// Draws it.
pub fn svg(title: &str, outcomes: &[Outcome]) -> String {
    let lanes: Vec<&str> = outcomes.first().map_or_else(Vec::new, |outcome| {
        outcome.lanes.iter().map(|lane| lane.lane).collect()
    });
    let width = MARGIN + lanes.len() as f64 * (WIDTH + MARGIN);
    let height = 84.0 + ROWS.len() as f64 * (HEIGHT + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{MARGIN}\" y=\"24\" font-size=\"15\">{}</text>\n",
        escaped(title)
    );
    let mut x = MARGIN;
    for (outcome, colour) in outcomes.iter().zip(COLOURS.iter().cycle()) {
        let name = escaped(&format!(
            "{} ({:.0} pod hours)",
            outcome.policy, outcome.pod_hours
        ));
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.0}\" y=\"38\" width=\"18\" height=\"4\" fill=\"{colour}\"/><text x=\"{:.0}\" y=\"45\">{name}</text>",
            x + 24.0
        );
        x += 60.0 + 7.0 * name.len() as f64;
    }
    for (column, lane) in lanes.iter().enumerate() {
        for (index, row) in ROWS.iter().enumerate() {
            let at = (
                MARGIN + column as f64 * (WIDTH + MARGIN),
                84.0 + index as f64 * (HEIGHT + GAP),
            );
            panel(&mut svg, at, lane, row, outcomes);
        }
    }
    svg + "</svg>\n"
}

fn panel(svg: &mut String, (left, top): (f64, f64), lane: &str, row: &Row, outcomes: &[Outcome]) {
    let shown = if row.once { &outcomes[..1] } else { outcomes };
    let lines: Vec<Vec<f64>> = shown
        .iter()
        .filter_map(|outcome| outcome.lanes.iter().find(|of| of.lane == lane))
        .map(|of| points(of, row.of))
        .collect();
    let largest = lines.iter().flatten().copied().fold(0.0, f64::max);
    let scale = Scale::of(largest, row.by_powers);
    let _ = writeln!(
        svg,
        "<text x=\"{left:.0}\" y=\"{:.0}\">{lane}: {}</text>\n<rect x=\"{left:.0}\" y=\"{top:.0}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" fill=\"none\" stroke=\"#bbbbbb\"/>",
        top - 8.0,
        row.title
    );
    for mark in scale.marks() {
        let y = top + HEIGHT * (1.0 - scale.part(mark));
        let _ = writeln!(
            svg,
            "<line x1=\"{left:.0}\" x2=\"{:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#e5e5e5\"/><text x=\"{:.0}\" \
             y=\"{:.1}\" text-anchor=\"end\" fill=\"#555555\">{}</text>",
            left + WIDTH,
            left - 6.0,
            y + 4.0,
            number(mark)
        );
    }
    let minutes = shown
        .first()
        .and_then(|outcome| outcome.lanes.iter().find(|of| of.lane == lane));
    let hours = minutes.map_or(0.0, |of| of.minutes.len() as f64 / 60.0);
    for part in [0.0, 0.5, 1.0] {
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#555555\">{} h</text>",
            left + WIDTH * part,
            top + HEIGHT + 15.0,
            number(hours * part)
        );
    }
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let step = WIDTH / (line.len().max(2) - 1) as f64;
        let drawn: Vec<_> = line
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let (x, y) = (left + at as f64 * step, top + HEIGHT * (1.0 - scale.part(*value)));
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-opacity=\"0.85\"/>",
            drawn.join(" ")
        );
    }
}

fn points(of: &OfLane, value: fn(&Minute) -> f64) -> Vec<f64> {
    let each = of.minutes.len().div_ceil(POINTS).max(1);
    let parts = of.minutes.chunks(each);
    parts
        .map(|minutes| minutes.iter().map(value).fold(0.0, f64::max))
        .collect()
}

/// From a value to its height.
struct Scale {
    least: f64,
    largest: f64,
    by_powers: bool,
}

impl Scale {
    fn of(largest: f64, by_powers: bool) -> Self {
        if by_powers {
            return Self {
                least: 0.01,
                largest: 10_f64.powf(largest.max(1.0).log10().ceil()),
                by_powers,
            };
        }
        let power = 10_f64.powf(largest.max(1.0).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].into_iter();
        let round = steps.map(|step| step * power).find(|round| *round >= largest);
        Self {
            least: 0.0,
            largest: round.unwrap_or(largest).max(1.0),
            by_powers,
        }
    }

    fn part(&self, value: f64) -> f64 {
        let part = if self.by_powers {
            (value.max(self.least) / self.least).log10() / (self.largest / self.least).log10()
        } else {
            value / self.largest
        };
        part.clamp(0.0, 1.0)
    }

    fn marks(&self) -> Vec<f64> {
        if !self.by_powers {
            return vec![0.0, self.largest / 2.0, self.largest];
        }
        let powers = std::iter::successors(Some(self.least), |mark| Some(mark * 10.0));
        powers.take_while(|mark| *mark <= self.largest * 1.01).collect()
    }
}

fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
