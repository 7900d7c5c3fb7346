//! Which queue the next job is taken from.
use std::{sync::Arc, time::Duration};

use futures::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use minilab_queue::{Delivery, QueueName};
use minilab_recipe::Lane;

use super::{
    delivery::Courier,
    lanes::Lanes,
    slots::{Permit, Seat, Slots},
};
use crate::{Error, envelope::lane_queue};

/// How long one look into empty queues lasts. Brokers end long polls at 20 s.
const WAIT: Duration = Duration::from_secs(20);
/// Of so many jobs, each queue has the first choice of at least one.
const TURNS: usize = 10;

/// Takes deliveries, one per permit.
pub(super) struct Intake {
    courier: Arc<Courier>,
    turn: usize,
}

impl Intake {
    pub fn new(courier: Arc<Courier>) -> Self {
        Self { courier, turn: 0 }
    }

    /// Waits for a slot, and for a job for it. Dropping it loses neither.
    pub async fn next(&mut self, slots: &Slots) -> (Seat, Delivery) {
        let mut permit = slots.acquire().await;
        loop {
            self.courier.until_ready().await;
            // While a job runs alone, what is taken would only be handed back.
            drop(self.courier.solitude.read().await);
            match self.look(slots, &mut permit).await {
                Ok(Some(delivery)) if delivery.queue == lane_queue(Lane::Fast) => {
                    return (slots.seat(permit.for_fast()), delivery);
                }
                Ok(Some(delivery)) => return (slots.seat(permit), delivery),
                Ok(None) => {}
                Err(error) => self.courier.health.failed(&Error::Queue(error)),
            }
        }
    }

    /// In order first; if all are empty, at all of them at once.
    async fn look(
        &mut self,
        slots: &Slots,
        permit: &mut Permit,
    ) -> Result<Option<Delivery>, minilab_queue::Error> {
        let queue = &self.courier.world.queue;
        let order = if permit.is_common() {
            order(&self.courier.world.lanes, self.turn)
        } else {
            vec![lane_queue(Lane::Fast)]
        };
        for name in &order {
            if let Some(delivery) = queue.receive(name, 1, Duration::ZERO).await?.pop() {
                self.turn = (self.turn + 1) % TURNS;
                return Ok(Some(delivery));
            }
        }
        let mut waiting: FuturesUnordered<_> = order
            .iter()
            .map(|name| {
                queue
                    .receive(name, 1, WAIT)
                    .map(|got| got.map(|mut got| got.pop()))
            })
            .collect();
        let may_widen = !permit.is_common();
        tokio::select! {
            biased;
            () = self.courier.health.broken() => Ok(None),
            got = waiting.next() => got.unwrap_or(Ok(None)),
            common = slots.widen(), if may_widen => {
                permit.widened(common);
                Ok(None)
            }
        }
    }
}

/// The most urgent of the served queues first, but one turn in ten is each other queue's, so that none starves.
fn order(lanes: &Lanes, turn: usize) -> Vec<QueueName> {
    let mut order = lanes.queues();
    let first = match turn {
        3 => 1,
        6 => 2,
        9 => 3,
        _ => 0,
    };
    if let Some(until_first) = order.get_mut(..=first) {
        until_first.rotate_right(1);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_queue_has_the_first_choice_of_a_tenth_at_least() {
        let all = Lanes::default();
        let firsts: Vec<_> = (0..TURNS).map(|turn| order(&all, turn).remove(0)).collect();
        for queue in order(&all, 0) {
            assert!(firsts.contains(&queue), "{queue}");
        }
        assert_eq!(firsts.iter().filter(|first| first.as_str() == "fast").count(), 7);
    }

    #[test]
    fn every_turn_looks_into_every_queue_that_is_served_and_no_other() {
        for served in ["fast,standard,bulk,backfill", "standard,bulk", "backfill"] {
            let lanes: Lanes = served.parse().unwrap();
            let mut queues = lanes.queues();
            queues.sort();
            for turn in 0..TURNS {
                let mut looked = order(&lanes, turn);
                looked.sort();
                assert_eq!(looked, queues);
            }
        }
    }
}
