//! What holds of every run.
#![expect(clippy::unwrap_used, reason = "test code")]
use minilab_simulate::{
    Class, LaneTerms, Outcome, Policy, Scenario, Trace,
    hpa::Behaviour,
    run,
    station::{Batch, Station},
    svg, usual,
};
use proptest::prelude::*;

fn terms(target_seconds: f64, drain_seconds: f64, max: u32) -> LaneTerms {
    LaneTerms {
        target_seconds: Some(target_seconds),
        drain_seconds,
        mean_seconds: None,
        behaviour: Behaviour {
            max,
            ..Behaviour::default()
        },
    }
}

fn scenario(trace: Trace, rate: f64, seconds: u32, seed: u64) -> Scenario {
    Scenario {
        trace,
        rate,
        seconds,
        seed,
        mix: usual(),
        lanes: [
            terms(10.0, 15.0, 4000),
            terms(60.0, 60.0, 4000),
            terms(1800.0, 900.0, 4000),
            LaneTerms {
                target_seconds: None,
                ..terms(1.0, 900.0, 4000)
            },
        ],
        slots: 2,
        start_seconds: 30,
        fill: 0.8,
    }
}

fn traces() -> impl Strategy<Value = Trace> {
    prop_oneof![
        Just(Trace::Steady),
        Just(Trace::Diurnal),
        Just(Trace::Flash),
        Just(Trace::Backfill)
    ]
}

fn policies() -> impl Strategy<Value = Policy> {
    prop_oneof![
        (0_u32..40).prop_map(Policy::Fixed),
        Just(Policy::QueueLength),
        Just(Policy::CostWeighted)
    ]
}

fn fast(outcome: &Outcome) -> &minilab_simulate::OfLane {
    outcome.lanes.iter().find(|lane| lane.lane == "fast").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_seed_comes_to_the_same(trace in traces(), policy in policies(), seed: u64) {
        let scenario = scenario(trace, 3.0, 3_000, seed);
        prop_assert_eq!(run(&scenario, policy), run(&scenario, policy));
    }

    #[test]
    fn no_job_is_lost_and_none_comes_from_nowhere(trace in traces(), policy in policies(), seed: u64) {
        // Arrivals of the first lane are the same whatever the policy.
        let scenario = scenario(trace, 3.0, 3_000, seed);
        let all = |outcome: &Outcome| fast(outcome).jobs + fast(outcome).left;
        let (found, plenty) = (run(&scenario, policy), run(&scenario, Policy::Fixed(3_000)));
        prop_assert!((all(&found) - all(&plenty)).abs() < 1e-3, "{} {}", all(&found), all(&plenty));
        prop_assert!(fast(&plenty).left < 1e-6);
        // A lane takes what the one before has ended.
        for pair in found.lanes.windows(2).filter(|pair| pair[1].lane != "backfill") {
            prop_assert!(pair[1].jobs + pair[1].left <= pair[0].jobs + 1e-3, "{pair:?}");
        }
    }

    #[test]
    fn more_pods_are_never_slower(trace in traces(), few in 0_u32..12, more in 0_u32..12, seed: u64) {
        let scenario = scenario(trace, 3.0, 2_000, seed);
        let (slow, quick) = (run(&scenario, Policy::Fixed(few)), run(&scenario, Policy::Fixed(few + more)));
        prop_assert!(fast(&quick).jobs >= fast(&slow).jobs - 1e-3);
        prop_assert!(fast(&quick).attained >= fast(&slow).attained.map(|part| part - 1e-6));
    }

    #[test]
    fn slots_do_no_more_work_than_there_is_time(
        batches in proptest::collection::vec((0_usize..3, 0.1_f64..40.0), 1..60),
        slots in 1_u32..6,
    ) {
        let seconds = vec![0.02, 0.7, 3.6];
        let mut station = Station::new(seconds.clone());
        let (mut came, mut begun, mut ended) = (0.0, 0.0, 0.0);
        for (now, (class, jobs)) in (0..).zip(batches) {
            station.push(Batch { uploaded: now, class, jobs });
            came += jobs * seconds[class];
            let done = station.step(f64::from(slots), |batch, took| begun += batch.jobs * took);
            ended += done.iter().map(|batch| batch.jobs * seconds[batch.class]).sum::<f64>();
            prop_assert!((came - begun - station.waiting_seconds()).abs() < 1e-6);
            prop_assert!(ended <= f64::from(slots) * f64::from(now + 1) + 1e-6);
        }
    }
}

/// Of an idle station a job takes what it takes; of a full one the last waits for all before it.
#[test]
fn latencies_are_those_of_a_queue() {
    let mut mix = usual();
    mix.truncate(1);
    mix[0].seconds = [0.5; 4];
    let text = "second,class,uploads\n0,small,1\n10,small,40\n";
    let trace = Trace::parse(text, &mix).unwrap();
    let outcome = run(
        &Scenario {
            mix,
            ..scenario(trace, 1.0, 100, 0)
        },
        Policy::Fixed(1),
    );
    let fast = fast(&outcome);
    // Two slots begin four a second: the last four begin nine seconds after they came.
    assert!((fast.longest_seconds - 9.5).abs() < 1e-9, "{fast:?}");
    assert!((fast.p50_seconds - 5.0).abs() < 0.6, "{fast:?}");
    assert!(
        (fast.jobs - 41.0).abs() < 1e-9 && fast.attained == Some(1.0),
        "{fast:?}"
    );
}

/// The same number of messages, which are suddenly worth much more.
#[test]
fn a_flash_crowd_of_large_originals_is_served_sooner_by_cost_than_by_number() {
    let mut scenario = scenario(Trace::Flash, 5.0, 7_200, 1);
    scenario
        .lanes
        .iter_mut()
        .for_each(|lane| lane.behaviour.max = 200);
    let (number, cost) = (
        run(&scenario, Policy::QueueLength),
        run(&scenario, Policy::CostWeighted),
    );
    assert!(
        fast(&cost).p99_seconds < fast(&number).p99_seconds,
        "{cost:#?} {number:#?}"
    );
}

#[test]
fn a_hundred_million_uploads_a_day_on_thousands_of_pods_are_no_more_work_than_a_few() {
    let day = scenario(Trace::Diurnal, 100e6 / 86_400.0, 86_400, 1);
    let outcome = run(&day, Policy::CostWeighted);
    assert!(fast(&outcome).jobs > 99e6, "{outcome:?}");
    let bulk = outcome.lanes.iter().find(|lane| lane.lane == "bulk").unwrap();
    assert!(bulk.pods_max > 1_000, "{bulk:?}");
}

#[test]
fn a_trace_that_cannot_be_read_is_refused_by_its_line() {
    let mix: Vec<Class> = usual();
    for (text, line) in [
        ("second,class,uploads\n1,small\n", 2),
        ("1,tiny,3", 1),
        ("1,small,-3", 1),
        ("x,small,3", 1),
    ] {
        let error = Trace::parse(text, &mix).unwrap_err();
        assert_eq!(error.line, line, "{error}");
    }
}

#[test]
fn the_picture_has_every_policy_and_lane() {
    let scenario = scenario(Trace::Backfill, 2.0, 1_200, 1);
    let outcomes = [Policy::Fixed(3), Policy::CostWeighted].map(|policy| run(&scenario, policy));
    let drawn = svg("a < b", &outcomes);
    for text in ["fixed=3", "cost-weighted", "fast:", "backfill:", "a &lt; b"] {
        assert!(drawn.contains(text), "{text} is not in it");
    }
    assert_eq!(drawn.matches("<polyline").count(), 4 * (1 + 2 + 2));
}
