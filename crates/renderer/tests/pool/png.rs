//! A writer of PNG without compression, so that the tests need no pictures.

/// A square picture with a gradient.
pub fn gradient(side: u32) -> Vec<u8> {
    let row = |y: u32| {
        let pixels = (0..side).flat_map(move |x| [(x * 255 / side) as u8, (y * 255 / side) as u8, 128]);
        std::iter::once(0).chain(pixels)
    };
    let pixels: Vec<u8> = (0..side).flat_map(row).collect();
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let body = [
        chunk(*b"IHDR", &header),
        chunk(*b"IDAT", &stored(&pixels)),
        chunk(*b"IEND", b""),
    ]
    .concat();
    [b"\x89PNG\r\n\x1a\n", &body[..]].concat()
}

/// A zlib stream of stored blocks.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        stream.push(u8::from(blocks.peek().is_none()));
        let length = block.len() as u16;
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65521;
        (low, (high + low) % 65521)
    });
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}

fn chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let named = [&kind[..], body].concat();
    let crc = named.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    });
    [
        &(body.len() as u32).to_be_bytes()[..],
        &named,
        &(!crc).to_be_bytes(),
    ]
    .concat()
}
