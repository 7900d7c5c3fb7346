//! Senders on paused time: receivers that are away, slow or refuse, and what they are told once they are back.
use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use minilab_protos::{
    manifest::{Original, Status},
    notification::{Kind, Link, Notification, Told},
};
use minilab_queue::{Announcement, Memory as MemoryQueue, NotTaken, dead_queue};
use minilab_store::{Calls, Fault, Faulty, Memory, Operation};
use tokio::time::{Instant, sleep};

use super::*;
use crate::{Replayed, replay};

/// tokio's time as calendar time, so that pausing pauses both.
#[derive(Debug)]
struct TokioClock(Instant, SystemTime);

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        self.1 + self.0.elapsed()
    }

    async fn sleep_until(&self, at: SystemTime) {
        sleep(at.duration_since(self.now()).unwrap_or_default()).await;
    }
}

/// How a receiver behaves from now on.
#[derive(Debug, Clone, Copy, Default)]
enum Mood {
    #[default]
    Takes,
    Refuses(Option<u64>),
    Silent,
    /// Takes each after so long.
    Slow(Duration),
}

#[derive(Debug, Default)]
struct Scripted {
    mood: Mutex<Mood>,
    asked: Mutex<u32>,
    heard: Mutex<Vec<(String, String)>>,
}

#[async_trait]
impl Outlet for Scripted {
    async fn give(&self, announcement: &Announcement) -> Result<(), NotTaken> {
        *self.asked.lock().unwrap() += 1;
        let mood = *self.mood.lock().unwrap();
        if let Mood::Slow(time) = mood {
            sleep(time).await;
        }
        match mood {
            Mood::Takes | Mood::Slow(_) => {
                let said: Notification = serde_json::from_slice(&announcement.body).unwrap();
                assert_eq!(said.id, announcement.id);
                let heard = (said.subject, said.id);
                self.heard.lock().unwrap().push(heard);
                Ok(())
            }
            Mood::Refuses(seconds) => Err(NotTaken {
                sentence: "it answered 503".into(),
                after: seconds.map(Duration::from_secs),
            }),
            Mood::Silent => std::future::pending().await,
        }
    }
}

impl Scripted {
    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn asked(&self) -> u32 {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// Ids by original, in the order in which they came.
    fn heard(&self) -> BTreeMap<String, Vec<String>> {
        let mut heard: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, id) in self.heard.lock().unwrap().iter() {
            heard.entry(key.clone()).or_default().push(id.clone());
        }
        heard
    }
}

struct World {
    state: Faulty,
    queue: Arc<dyn Queue>,
    clock: Arc<TokioClock>,
    metrics: Arc<Metrics>,
    receivers: BTreeMap<&'static str, Arc<Scripted>>,
    drain: CancellationToken,
}

impl World {
    fn new(targets: &[&'static str]) -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        Self {
            state: Faulty::new(Arc::new(Memory::new())),
            queue: Arc::new(MemoryQueue::default()),
            clock: Arc::new(TokioClock(Instant::now(), start)),
            metrics: Arc::new(Metrics::new("test")),
            receivers: targets.iter().map(|name| (*name, Arc::default())).collect(),
            drain: CancellationToken::new(),
        }
    }

    fn start(&self) -> tokio::task::JoinHandle<()> {
        let targets = self.receivers.iter().map(|(name, receiver)| Target {
            name: (*name).to_owned(),
            kind: ReceiverKind::Webhook,
            outlet: Arc::clone(receiver) as Arc<dyn Outlet>,
        });
        let sender = Sender::new(SenderParts {
            state: Arc::new(self.state.clone()),
            queue: Arc::clone(&self.queue),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            metrics: Arc::clone(&self.metrics),
            targets: targets.collect(),
        });
        tokio::spawn(sender.run(self.drain.clone(), CancellationToken::new()))
    }

    fn outboxes(&self) -> Outboxes {
        Outboxes::new(Arc::new(self.state.clone()))
    }

    /// Notes one more thing of an original, for all targets, without waking anybody.
    async fn note_silently(&self, key: &str, number: u64) {
        let said = self.said(key, number);
        for target in self.receivers.keys() {
            let append = |outbox: &mut crate::Outbox| outbox.append(number, std::slice::from_ref(&said));
            self.outboxes().change(target, key, append).await.unwrap();
        }
    }

    async fn note(&self, key: &str, number: u64) {
        self.note_silently(key, number).await;
        for target in self.receivers.keys() {
            let now = Timestamp::try_from(self.clock.now()).unwrap();
            let wake_up = WakeUp::new(target, key, Cause::Noted, now);
            self.queue.send(vec![wake_up.outgoing()]).await.unwrap();
        }
    }

    fn said(&self, key: &str, number: u64) -> Notification {
        let link = Link {
            key: format!("{key}/manifest.json"),
            url: String::new(),
        };
        Notification {
            specversion: "1.0".into(),
            id: format!("{key}-{number:0>28}"),
            source: "minilab".into(),
            kind: Kind::Complete,
            subject: key.into(),
            time: Timestamp::try_from(self.clock.now()).unwrap().to_string(),
            datacontenttype: "application/json".into(),
            data: Told {
                schema: 1,
                original: Original::default(),
                lanes: vec!["fast".into()],
                status: Status::Complete,
                files: Vec::new(),
                files_left_out: 0,
                failures: Vec::new(),
                manifest: link,
            },
        }
    }

    async fn replay(&self, target: &str, prefix: &str) -> Replayed {
        let now = Timestamp::try_from(self.clock.now()).unwrap();
        replay(&self.outboxes(), Some(&self.queue), (target, prefix), now)
            .await
            .unwrap()
    }

    async fn wake_ups(&self) -> u64 {
        self.queue.depth(&notify_queue()).await.unwrap().known()
    }
}

fn in_order(heard: &[String]) -> bool {
    heard.is_sorted() && heard.windows(2).all(|pair| pair[0] != pair[1])
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(start_paused = true)]
async fn receiver_that_was_down_for_an_hour_hears_everything_in_order_once_it_is_back() {
    let world = World::new(&["site"]);
    world.receivers["site"].set(Mood::Refuses(None));
    let running = world.start();
    for number in 1..=60 {
        for original in 0..10 {
            world.note(&format!("o{original}"), number).await;
        }
        sleep(Duration::from_mins(1)).await;
    }
    assert!(
        world.receivers["site"].asked() < 100,
        "it is left alone while it is down"
    );
    world.receivers["site"].set(Mood::Takes);
    sleep(HOUR + SECOND).await;
    let heard = world.receivers["site"].heard();
    assert_eq!(heard.len(), 10);
    for (original, heard) in heard {
        assert_eq!(heard.len(), 60, "{original}");
        assert!(in_order(&heard), "{heard:?}");
    }
    assert_eq!(world.wake_ups().await, 0, "nothing goes round any more");
    let metrics = &world.metrics.notify;
    assert_eq!(
        metrics.notifications_delivered_total.get(ReceiverKind::Webhook),
        600
    );
    assert_eq!(metrics.receiver_breakers_open.get(ReceiverKind::Webhook), 0);
    world.drain.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn most_hear_within_minutes_of_the_return() {
    let world = World::new(&["site"]);
    world.receivers["site"].set(Mood::Refuses(None));
    let _running = world.start();
    for original in 0..500 {
        world.note(&format!("o{original}"), 1).await;
    }
    sleep(HOUR).await;
    world.receivers["site"].set(Mood::Takes);
    sleep(Duration::from_mins(10)).await;
    let heard = world.receivers["site"].heard().len();
    assert!(heard > 450, "only {heard} were told what they wait for");
}

#[tokio::test(start_paused = true)]
async fn dead_receiver_costs_the_others_nothing() {
    let world = World::new(&["dead", "site"]);
    world.receivers["dead"].set(Mood::Silent);
    let _running = world.start();
    for original in 0..200 {
        world.note(&format!("o{original}"), 1).await;
    }
    sleep(10 * SECOND).await;
    assert_eq!(world.receivers["site"].heard().len(), 200);
    assert_eq!(
        world.receivers["dead"].asked(),
        16,
        "no more at a time than places"
    );
}

#[tokio::test(start_paused = true)]
async fn refused_notification_waits_for_its_turn_and_holds_back_what_follows_of_its_original_alone() {
    let world = World::new(&["site"]);
    let _running = world.start();
    world.receivers["site"].set(Mood::Refuses(Some(90)));
    world.note("a", 1).await;
    sleep(SECOND).await;
    world.receivers["site"].set(Mood::Takes);
    world.note("a", 2).await;
    world.note("b", 1).await;
    sleep(88 * SECOND).await;
    assert_eq!(world.receivers["site"].heard().keys().collect::<Vec<_>>(), ["b"]);
    sleep(5 * SECOND).await;
    assert!(in_order(&world.receivers["site"].heard()["a"]));
    assert_eq!(world.receivers["site"].heard()["a"].len(), 2);
}

#[tokio::test(start_paused = true)]
async fn receiver_that_takes_nothing_for_three_days_is_told_again_when_an_operator_asks() {
    let world = World::new(&["site"]);
    world.receivers["site"].set(Mood::Refuses(None));
    let _running = world.start();
    world.note("a", 1).await;
    sleep(80 * HOUR).await;
    let given_up = &world.metrics.notify.notifications_given_up_total;
    assert_eq!(given_up.get(ReceiverKind::Webhook), 1);
    assert_eq!(world.wake_ups().await, 0);
    assert_eq!(world.queue.depth(&dead_queue()).await.unwrap().known(), 0);
    world.receivers["site"].set(Mood::Takes);
    sleep(3 * HOUR).await;
    assert!(world.receivers["site"].heard().is_empty(), "it was given up");
    let other = world.replay("site", "b").await;
    assert_eq!(other, Replayed::default());
    let replayed = world.replay("site", "").await;
    assert_eq!(
        (replayed.originals, replayed.notifications, replayed.given_up),
        (1, 1, 1)
    );
    sleep(SECOND).await;
    assert_eq!(world.receivers["site"].heard()["a"].len(), 1);
    assert_eq!(
        world.replay("site", "").await,
        Replayed::default(),
        "nothing is left"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_round_for_good_for_a_receiver_that_never_comes_back_and_all_is_found_if_it_does() {
    let world = World::new(&["site"]);
    world.receivers["site"].set(Mood::Silent);
    let _running = world.start();
    for original in 0..50 {
        world.note(&format!("o{original}"), 1).await;
    }
    sleep(80 * HOUR).await;
    assert!(
        world.wake_ups().await <= 8,
        "one more each hour to find out whether it is back"
    );
    assert!(
        world.receivers["site"].asked() < 80 * 30,
        "once in two minutes at most"
    );
    world.receivers["site"].set(Mood::Takes);
    world.note("new", 1).await;
    sleep(2 * HOUR).await;
    let heard = world.receivers["site"].heard().len();
    // Those that were tried for three days by themselves are an operator's.
    let given_up = world
        .metrics
        .notify
        .notifications_given_up_total
        .get(ReceiverKind::Webhook);
    assert_eq!(heard as u64 + given_up, 51);
    assert_eq!(world.replay("site", "").await.originals, given_up);
}

#[tokio::test(start_paused = true)]
async fn lost_wake_up_is_found_by_the_look_at_all_outboxes() {
    let world = World::new(&["site"]);
    let _running = world.start();
    world.note_silently("a", 1).await;
    sleep(Duration::from_mins(62)).await;
    assert!(world.receivers["site"].heard().is_empty(), "it may be on its way");
    let waiting = &world.metrics.notify.notification_outboxes_waiting;
    assert_eq!(waiting.get(ReceiverKind::Webhook), 1);
    sleep(HOUR).await;
    assert_eq!(world.receivers["site"].heard()["a"].len(), 1);
}

#[tokio::test(start_paused = true)]
async fn store_that_forgets_what_was_taken_costs_repetitions_with_the_same_ids() {
    let world = World::new(&["site"]);
    world.note("a", 1).await;
    world.note("a", 2).await;
    world
        .state
        .fail(Calls::nth(Operation::Put, 2).under("outbox/"), Fault::Refuse);
    let _running = world.start();
    sleep(Duration::from_mins(1)).await;
    let mut heard = world.receivers["site"].heard()["a"].clone();
    assert_eq!((heard.len(), &heard[..2]), (4, &heard.clone()[2..]));
    heard.dedup();
    heard.truncate(2);
    assert!(in_order(&heard));
}

#[tokio::test(start_paused = true)]
async fn drain_ends_what_is_being_told_and_leaves_the_rest_for_the_next() {
    let world = World::new(&["site"]);
    let running = world.start();
    world.note("a", 1).await;
    sleep(SECOND).await;
    world.drain.cancel();
    running.await.unwrap();
    world.note("a", 2).await;
    assert_eq!(world.receivers["site"].heard()["a"].len(), 1);
    assert_eq!(world.wake_ups().await, 1);
}

#[tokio::test(start_paused = true)]
async fn wake_up_of_an_unknown_target_waits_for_who_knows_it_and_garbage_is_given_up() {
    let world = World::new(&["site"]);
    let now = Timestamp::try_from(world.clock.now()).unwrap();
    let unknown = WakeUp::new("new", "a", Cause::Noted, now).outgoing();
    let garbage = minilab_queue::Outgoing::new(notify_queue(), "garbage");
    world.queue.send(vec![unknown, garbage]).await.unwrap();
    let _running = world.start();
    sleep(Duration::from_mins(30)).await;
    assert_eq!(world.wake_ups().await, 1);
    sleep(HOUR).await;
    assert_eq!(world.wake_ups().await, 0);
    let dead = world
        .queue
        .receive(&dead_queue(), 2, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].reason.as_ref().unwrap().starts_with("envelope: "));
}

/// A queue that lets wake-ups of one outbox be out at the same time, as brokers do.
async fn wake_twice(world: &World, key: &str) {
    for _ in 0..2 {
        let now = Timestamp::try_from(world.clock.now()).unwrap();
        let mut outgoing = WakeUp::new("site", key, Cause::Noted, now).outgoing();
        outgoing.coalesce = None;
        world.queue.send(vec![outgoing]).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn two_senders_tell_each_thing_of_one_original_once_and_in_order() {
    let world = World::new(&["site"]);
    world.receivers["site"].set(Mood::Slow(Duration::from_millis(700)));
    let running = [world.start(), world.start()];
    for number in 1..=40 {
        for original in ["a", "b", "c"] {
            world.note_silently(original, number).await;
            wake_twice(&world, original).await;
        }
        sleep(SECOND / 2).await;
    }
    sleep(Duration::from_mins(10)).await;
    for (original, heard) in world.receivers["site"].heard() {
        assert_eq!(heard.len(), 40, "{original}: {heard:?}");
        assert!(in_order(&heard), "{original}: {heard:?}");
    }
    assert_eq!(world.wake_ups().await, 0);
    world.drain.cancel();
    for sender in running {
        sender.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn outbox_of_a_sender_that_was_killed_is_told_when_its_claim_has_ended() {
    let world = World::new(&["site"]);
    let until = Timestamp::try_from(world.clock.now() + Duration::from_mins(1)).unwrap();
    world.note_silently("a", 1).await;
    let killed = |outbox: &mut crate::Outbox| {
        outbox.held = Some(crate::Held {
            by: "killed".into(),
            until,
        });
    };
    world.outboxes().change("site", "a", killed).await.unwrap();
    wake_twice(&world, "a").await;
    let _running = world.start();
    sleep(59 * SECOND).await;
    assert_eq!(world.receivers["site"].asked(), 0, "somebody else has it");
    sleep(2 * SECOND).await;
    assert_eq!(world.receivers["site"].heard()["a"].len(), 1);
    let outbox = world.outboxes().load("site", "a").await.unwrap();
    assert_eq!((outbox.held, outbox.waiting.len()), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_that_the_claim_could_not_outlast() {
    let world = World::new(&["site"]);
    world.receivers["site"].set(Mood::Slow(Duration::from_secs(14)));
    for number in 1..=10 {
        world.note_silently("a", number).await;
    }
    wake_twice(&world, "a").await;
    let _running = [world.start(), world.start()];
    for _ in 0..160 {
        sleep(SECOND).await;
        let outbox = world.outboxes().load("site", "a").await.unwrap();
        let now = Timestamp::try_from(world.clock.now()).unwrap();
        if let Some(held) = outbox.held {
            assert!(
                held.until.duration_since(now).as_secs() >= 30,
                "{held:?} at {now}"
            );
        }
    }
    let heard = world.receivers["site"].heard();
    assert!(heard["a"].len() == 10 && in_order(&heard["a"]), "{heard:?}");
}
