//! A receipt of this adapter: which message, and which of its hand-outs.
use crate::Receipt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LeaseId {
    pub id: i64,
    pub token: i64,
}

impl LeaseId {
    pub fn receipt(self) -> Receipt {
        Receipt(format!("{}.{}", self.id, self.token))
    }

    /// `None`: not one of ours, so it proves nothing.
    pub fn parse(receipt: &Receipt) -> Option<Self> {
        let (id, token) = receipt.0.split_once('.')?;
        Some(Self {
            id: id.parse().ok()?,
            token: token.parse().ok()?,
        })
    }
}
