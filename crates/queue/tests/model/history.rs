//! Plays one history to an adapter and to the model, and compares.
use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use minilab_queue::{CoalescingKey, Disposition, Outgoing, Queue, QueueName, Receipt, Settled};
use proptest::{option, prelude::*, sample::Index};

use super::reference::{Change, Content, DEAD, QUEUES, Reference};

/// What the history happens to.
#[async_trait]
pub trait Subject {
    fn queue(&self) -> Arc<dyn Queue>;
    async fn advance(&self, by: Duration);
    async fn restart(&mut self);
}

#[derive(Debug, Clone)]
pub enum Step {
    Send {
        queue: usize,
        key: Option<u8>,
        delay: u64,
    },
    Receive {
        queue: usize,
        max: usize,
    },
    Extend {
        handout: Index,
    },
    Settle {
        handout: Index,
        how: How,
    },
    Advance {
        seconds: u64,
    },
    Restart,
}

#[derive(Debug, Clone, Copy)]
pub enum How {
    Complete,
    Retry { delay: u64 },
    Release { delay: u64 },
    Reject,
}

/// Steps of a process that lives on. Few queues, few keys, round times: so that things meet.
pub fn live() -> impl Strategy<Value = Step> + Clone {
    let delay = || (0..4_u64).prop_map(|n| n * 10);
    let how = prop_oneof![
        Just(How::Complete),
        delay().prop_map(|delay| How::Retry { delay }),
        delay().prop_map(|delay| How::Release { delay }),
        Just(How::Reject),
    ];
    prop_oneof![
        5 => (0..2_usize, option::of(0..2_u8), delay()).prop_map(|(queue, key, delay)| Step::Send { queue, key, delay }),
        5 => (0..QUEUES, 0..4_usize).prop_map(|(queue, max)| Step::Receive { queue, max }),
        1 => any::<Index>().prop_map(|handout| Step::Extend { handout }),
        4 => (any::<Index>(), how).prop_map(|(handout, how)| Step::Settle { handout, how }),
        2 => (1..5_u64).prop_map(|n| Step::Advance { seconds: n * 5 }),
    ]
}

/// The same, with deaths.
pub fn live_or_restart() -> impl Strategy<Value = Step> + Clone {
    prop_oneof![12 => live(), 1 => Just(Step::Restart)]
}

/// Plays and compares.
pub async fn play(subject: &mut dyn Subject, steps: &[Step]) {
    let lease = subject.queue().limits().lease.as_secs();
    let mut game = Game {
        model: Reference::new(lease),
        receipts: Vec::new(),
        contents: 0,
    };
    for step in steps {
        game.step(subject, step).await;
        for queue in 0..QUEUES {
            assert_eq!(
                subject.queue().depth(&name(queue)).await.unwrap(),
                game.model.depth(queue),
                "after {step:?}"
            );
        }
    }
}

struct Game {
    model: Reference,
    /// Of all hand-outs there ever were: most are stale, which is the point.
    receipts: Vec<Receipt>,
    contents: Content,
}

impl Game {
    fn fresh(&mut self) -> (Content, Bytes) {
        self.contents += 1;
        (
            self.contents,
            Bytes::copy_from_slice(&self.contents.to_be_bytes()),
        )
    }

    async fn step(&mut self, subject: &mut dyn Subject, step: &Step) {
        let queue = subject.queue();
        match step {
            Step::Send {
                queue: to,
                key,
                delay,
            } => {
                let (content, payload) = self.fresh();
                let delay_for = Duration::from_secs(*delay);
                let coalesce = key.map(|key| CoalescingKey(key.to_string()));
                let message = Outgoing {
                    queue: name(*to),
                    payload,
                    delay: delay_for,
                    coalesce,
                    group: None,
                };
                queue.send(vec![message]).await.unwrap();
                self.model.send(content, *to, *key, *delay);
            }
            Step::Receive { queue: from, max } => self.receive(&*queue, *from, *max).await,
            Step::Extend { handout } if !self.receipts.is_empty() => {
                let handout = handout.index(self.receipts.len());
                let counted = queue.extend(&self.receipts[handout]).await.unwrap() == Settled::Done;
                assert_eq!(counted, self.model.extend(handout));
            }
            Step::Settle { handout, how } if !self.receipts.is_empty() => {
                let handout = handout.index(self.receipts.len());
                self.settle(&*queue, handout, *how).await;
            }
            Step::Advance { seconds } => {
                subject.advance(Duration::from_secs(*seconds)).await;
                self.model.advance(*seconds);
            }
            Step::Restart => {
                subject.restart().await;
                self.model.restart();
            }
            Step::Extend { .. } | Step::Settle { .. } => {}
        }
    }

    async fn receive(&mut self, queue: &dyn Queue, from: usize, max: usize) {
        let deliveries = queue.receive(&name(from), max, Duration::ZERO).await.unwrap();
        assert_eq!(
            deliveries.len(),
            max.min(self.model.deliverable(from)),
            "as many as there are"
        );
        for delivery in deliveries {
            assert_eq!(delivery.reason.is_some(), from == DEAD);
            let handout = self.receipts.len();
            self.model
                .handed_out(from, content(&delivery.payload), delivery.redelivered, handout);
            self.receipts.push(delivery.receipt);
        }
    }

    async fn settle(&mut self, queue: &dyn Queue, handout: usize, how: How) {
        let (content, payload) = self.fresh();
        let (change, disposition) = match how {
            How::Complete => (Change::Complete, Disposition::Complete),
            How::Retry { delay } => (
                Change::Retry { content, delay },
                Disposition::Retry {
                    payload,
                    delay: Duration::from_secs(delay),
                },
            ),
            How::Release { delay } => (
                Change::Release { delay },
                Disposition::Release {
                    delay: Duration::from_secs(delay),
                },
            ),
            How::Reject => (
                Change::Reject { content },
                Disposition::Reject {
                    payload,
                    reason: "input: test".into(),
                },
            ),
        };
        let counted = queue.settle(&self.receipts[handout], disposition).await.unwrap() == Settled::Done;
        assert_eq!(counted, self.model.settle(handout, change));
    }
}

fn name(queue: usize) -> QueueName {
    QueueName::new(["fast", "bulk", "dead"][queue]).unwrap()
}

fn content(payload: &[u8]) -> Content {
    Content::from_be_bytes(payload.try_into().unwrap())
}
