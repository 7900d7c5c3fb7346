//! Numbers of any number of bits, one after the other, the lowest first; beyond 64 there are zeros.

#[derive(Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    pub(super) fn put(mut self, value: u64, count: u32) -> Self {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().expect("one was pushed");
            *last |= ((value.checked_shr(bit).unwrap_or(0) & 1) as u8) << (self.used % 8);
            self.used += 1;
        }
        self
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.bytes
    }
}
