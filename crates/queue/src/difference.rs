//! What a broker or service lacks of what queues need, or has otherwise.
use std::fmt;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The exchange's or queue's name.
    pub name: String,
    /// What is wrong with it.
    pub state: State,
}

/// What is wrong with an exchange or a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is not there; applying makes it.
    Missing,
    /// It is there with another type or with other arguments or attributes, in words. RabbitMQ changes nothing that is there: it
    /// has to be deleted, when it is empty, or another prefix chosen.
    Differs(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::Missing => write!(f, "{} is missing", self.name),
            State::Differs(how) => write!(f, "{} differs: {how}", self.name),
        }
    }
}
