// Makes crates/imaging/src/placeholders.tsv: what the reference implementations of BlurHash and ThumbHash say of small
// pictures, each after its pixels. `make goldens` runs it. Thumbhash's own mean colour and aspect are not used, only the hash.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encode } from 'blurhash';
import sharp from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';

const original = (name) => fileURLToPath(new URL(`../../tests/goldens/originals/${name}`, import.meta.url));

async function photo(name, width, height) {
  const pixels = await sharp(original(name)).resize(width, height, { fit: 'fill' }).ensureAlpha().raw().toBuffer();
  return { name, width, height, pixels };
}

function drawn(name, width, height, pixel) {
  const pixels = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      pixels.set(pixel(x, y), (y * width + x) * 4);
    }
  }
  return { name, width, height, pixels };
}

const pictures = [
  await photo('coffee.png', 24, 16),
  await photo('portrait.png', 16, 24),
  await photo('clear.png', 20, 20),
  drawn('black', 5, 3, () => [0, 0, 0, 255]),
  drawn('white', 1, 1, () => [255, 255, 255, 255]),
  drawn('checks', 8, 8, (x, y) => ((x + y) % 2 ? [255, 0, 0, 255] : [0, 0, 255, 255])),
];
const lines = [];
for (const { name, width, height, pixels } of pictures) {
  const line = (...cells) => lines.push(cells.join('\t'));
  line('picture', name, width, height, pixels.toString('hex'));
  for (const [x, y] of [[4, 3], [1, 1], [9, 9], [3, 5]]) {
    line('blurhash', x, y, encode(new Uint8ClampedArray(pixels), width, height, x, y));
  }
// Waves of checks are rounding noise, which each implementation scales up in its own way.
  if (name !== 'checks') line('thumbhash', Buffer.from(rgbaToThumbHash(width, height, pixels)).toString('hex'));
}
const into = fileURLToPath(new URL('../../crates/imaging/src/placeholders.tsv', import.meta.url));
writeFileSync(into, `${lines.join('\n')}\n`);
console.log(`goldens: ${lines.length - pictures.length} placeholders`);
