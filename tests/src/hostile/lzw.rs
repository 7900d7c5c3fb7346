//! LZW of one colour all over: a few kilobytes for tens of millions of pixels.

/// How codes are put into bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Lowest bit first; a code grows when the table is full.
    Gif,
    /// Highest bit first; a code grows one entry earlier.
    Tiff,
}

/// The last entry that both kinds of decoders have room for.
const ENTRY_MAX: u32 = 4094;

/// So many pixels of index 0, of so many bits: each code is the entry that the one before has made, one pixel longer.
pub(super) fn run(pixels: u64, bits: u32, order: Order) -> Vec<u8> {
    let clear: u32 = 1 << bits;
    let early = u32::from(order == Order::Tiff);
    let mut out = Packed::new(order);
    let (mut left, mut length, mut next, mut width) = (pixels, 1_u32, clear + 2, bits + 1);
    out.put(clear, width);
    while left > 0 {
        let now = u64::from(length).min(left) as u32;
        out.put(if now == 1 { 0 } else { clear + now }, width);
        left -= u64::from(now);
        if next + early >= 1 << width && width < 12 {
            width += 1;
        }
        (next, length) = (next + 1, length + 1);
        if next > ENTRY_MAX && left > 0 {
            out.put(clear, width);
            (length, next, width) = (1, clear + 2, bits + 1);
        }
    }
    out.put(clear + 1, width);
    out.bytes()
}

struct Packed {
    order: Order,
    bytes: Vec<u8>,
    bits: u64,
    held: u32,
}

impl Packed {
    fn new(order: Order) -> Self {
        Self {
            order,
            bytes: Vec::new(),
            bits: 0,
            held: 0,
        }
    }

    fn put(&mut self, code: u32, width: u32) {
        match self.order {
            Order::Gif => self.bits |= u64::from(code) << self.held,
            Order::Tiff => self.bits = self.bits << width | u64::from(code),
        }
        self.held += width;
        while self.held >= 8 {
            self.held -= 8;
            match self.order {
                Order::Gif => {
                    self.bytes.push(self.bits as u8);
                    self.bits >>= 8;
                }
                Order::Tiff => self.bytes.push((self.bits >> self.held) as u8),
            }
        }
    }

    fn bytes(mut self) -> Vec<u8> {
        if self.held > 0 {
            self.bytes.push(match self.order {
                Order::Gif => self.bits as u8,
                Order::Tiff => (self.bits << (8 - self.held)) as u8,
            });
        }
        self.bytes
    }
}
