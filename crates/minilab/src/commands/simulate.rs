//! `minilab simulate`: days of uploads against fleets that nobody has. Asks nobody, and costs seconds.
use std::fs;

use anyhow::{Context as _, Result};
use minilab_simulate::{
    Class, LaneTerms, Outcome, Scenario, Trace, hpa::Behaviour, run as replay, svg, usual,
};
use serde_json::json;

use crate::{
    cli::Simulate,
    exit::{Exit, Refusal},
    speech::{self, Form},
    table::{Lean, Table},
};

/// What the lanes promise; backfill nothing.
const TARGETS: [Option<f64>; 4] = [Some(10.0), Some(60.0), Some(1800.0), None];
/// The rest of a pod is for what comes meanwhile, as in the chart.
const FILL: f64 = 0.8;

pub fn run(args: &Simulate, form: Form) -> Result<Exit> {
    let scenario = scenario(args)?;
    let outcomes: Vec<_> = args
        .policy
        .iter()
        .map(|policy| replay(&scenario, *policy))
        .collect();
    if let Some(path) = &args.plot {
        let title = title(args);
        fs::write(path, svg(&title, &outcomes))
            .with_context(|| format!("the picture cannot be written to {}", path.display()))?;
    }
    let value = || json!({ "trace": args.trace, "seed": args.seed, "outcomes": outcomes });
    speech::result(form, || table(&outcomes), value)?;
    Ok(Exit::Ok)
}

fn scenario(args: &Simulate) -> Result<Scenario, Refusal> {
    let mix = if args.mix.is_empty() {
        usual()
    } else {
        args.mix
            .iter()
            .map(|text| class(text))
            .collect::<Result<_, _>>()?
    };
    let drain = drain(&args.drain)?;
    let lane = |lane: usize| LaneTerms {
        target_seconds: TARGETS[lane],
        drain_seconds: drain[lane],
        mean_seconds: None,
        behaviour: Behaviour {
            // As the chart, but that backfill has a group of its own, which is there only while it has work.
            min: u32::from(lane < 3),
            max: args.pods_max,
            down_window: seconds(args.down_window),
            ..Behaviour::default()
        },
    };
    Ok(Scenario {
        trace: trace(&args.trace, &mix)?,
        rate: args.rate,
        seconds: seconds(args.time),
        seed: args.seed,
        lanes: [lane(0), lane(1), lane(2), lane(3)],
        mix,
        slots: args.slots,
        start_seconds: seconds(args.pod_start),
        fill: FILL,
    })
}

fn trace(name: &str, mix: &[Class]) -> Result<Trace, Refusal> {
    Ok(match name {
        "steady" => Trace::Steady,
        "diurnal" => Trace::Diurnal,
        "flash" => Trace::Flash,
        "backfill" => Trace::Backfill,
        path => {
            let fix = "take steady, diurnal, flash, backfill, or a file of lines `second,class,uploads`";
            let text = fs::read_to_string(path).map_err(|error| {
                Refusal::new(
                    Exit::Usage,
                    format!("the trace {path} cannot be read: {error}"),
                    fix,
                )
            })?;
            Trace::parse(&text, mix).map_err(|error| Refusal::new(Exit::Usage, error.to_string(), fix))?
        }
    })
}

/// `NAME=SHARE:FAST/STANDARD/BULK`
fn class(text: &str) -> Result<Class, Refusal> {
    let read = || {
        let (name, rest) = text.split_once('=')?;
        let (share, lanes) = rest.split_once(':')?;
        let lanes: Vec<f64> = lanes.split('/').map(number).collect::<Option<_>>()?;
        let [fast, standard, bulk] = lanes[..] else {
            return None;
        };
        Some(Class {
            name: name.to_owned(),
            share: number(share)?,
            seconds: [fast, standard, bulk, fast + standard + bulk],
        })
    };
    read().ok_or_else(|| {
        let fix = "write NAME=SHARE:FAST/STANDARD/BULK, such as photo=0.4:0.15/0.5/2";
        Refusal::new(Exit::Usage, format!("`{text}` is no class of originals"), fix)
    })
}

fn drain(text: &str) -> Result<[f64; 4], Refusal> {
    let seconds: Option<Vec<f64>> = text.split('/').map(number).collect();
    seconds
        .and_then(|seconds| seconds.try_into().ok())
        .ok_or_else(|| {
            let fix = "write seconds of all four queues, such as 2/30/900/900";
            Refusal::new(Exit::Usage, format!("--drain is `{text}`"), fix)
        })
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>()
        .ok()
        .filter(|number| number.is_finite() && *number > 0.0)
}

fn seconds(time: std::time::Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

fn title(args: &Simulate) -> String {
    let rate = match args.trace.as_str() {
        "steady" | "diurnal" | "flash" | "backfill" => {
            format!(", {} uploads a second in the mean", args.rate)
        }
        _ => String::new(),
    };
    format!(
        "minilab simulate --trace {}{rate}; pods of {} slots, {} s to start",
        args.trace,
        args.slots,
        args.pod_start.as_secs()
    )
}

fn table(outcomes: &[Outcome]) -> String {
    let mut table = Table::new([
        ("policy", Lean::Left),
        ("lane", Lean::Left),
        ("jobs", Lean::Right),
        ("p50", Lean::Right),
        ("p95", Lean::Right),
        ("p99", Lean::Right),
        ("slowest", Lean::Right),
        ("in time", Lean::Right),
        ("pods, most", Lean::Right),
        ("pod hours", Lean::Right),
    ]);
    for outcome in outcomes {
        for lane in &outcome.lanes {
            let time = |seconds: f64| format!("{seconds:.2} s");
            let attained = lane
                .attained
                .map(|part| format!("{:.2} %", (part * 1e4).floor() / 100.0));
            table.push(&[
                outcome.policy.clone(),
                lane.lane.to_owned(),
                format!("{:.0}", lane.jobs),
                time(lane.p50_seconds),
                time(lane.p95_seconds),
                time(lane.p99_seconds),
                time(lane.longest_seconds),
                attained.unwrap_or_else(|| "-".to_owned()),
                lane.pods_max.to_string(),
                format!("{:.1}", lane.pod_hours),
            ]);
        }
        let mut sum = vec![outcome.policy.clone(), "all".to_owned()];
        sum.resize(9, String::new());
        sum.push(format!("{:.1}", outcome.pod_hours));
        table.push(&sum);
    }
    table.to_string()
}
