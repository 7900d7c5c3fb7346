// Makes tests/goldens/originals from the sample photographs of scikit-image: `node originals.mjs SKIMAGE_DATA_FOLDER`.
//
// Rarely needed: the originals are committed, with their credits in tests/goldens/README.md.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { press, tagged, wide } from './profiles.mjs';

const photos = process.argv[2];
if (!photos) {
  console.error('originals: name the folder skimage/data of an unpacked wheel of scikit-image');
  process.exit(64);
}
const into = (name) => fileURLToPath(new URL(`../../tests/goldens/originals/${name}`, import.meta.url));
const photo = (name) => join(photos, name);
const png = { compressionLevel: 9, adaptiveFiltering: true };
const work = mkdtempSync(join(tmpdir(), 'originals-'));
const wideProfile = join(work, 'wide.icc');
writeFileSync(wideProfile, wide());

// Lossless photographs of 3 to 2 and 2 to 3: sizes that need no rounding compare pixel for pixel.
await sharp(photo('coffee.png')).resize(300, 200).png(png).toFile(into('coffee.png'));
await sharp(photo('astronaut.png')).resize(240).extract({ left: 0, top: 0, width: 160, height: 240 }).png(png).toFile(into('portrait.png'));
// As a camera writes them: with halved chroma.
await sharp(photo('chelsea.png')).jpeg({ quality: 88 }).toFile(into('cat.jpg'));
await sharp(photo('rocket.jpg')).resize(480, 320).jpeg({ quality: 86 }).toFile(into('rocket.jpg'));

// The eight orientations of one stored picture; a colour in each corner.
const corner = (colour) => sharp({ create: { width: 24, height: 24, channels: 3, background: colour } }).png().toBuffer();
const corners = await Promise.all(['#e01020', '#10b030', '#2040e0', '#f0d010'].map(corner));
const marked = await sharp(photo('chelsea.png'))
  .resize(144, 96)
  .composite(['northwest', 'northeast', 'southwest', 'southeast'].map((gravity, index) => ({ input: corners[index], gravity })))
  .png()
  .toBuffer();
for (let orientation = 1; orientation <= 8; orientation += 1) {
  await sharp(marked)
    .withMetadata({ orientation })
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
    .toFile(into(`orientation-${orientation}.jpg`));
}

// Colour spaces.
const colours = () => sharp(photo('astronaut.png')).resize(160, 160);
await colours().withIccProfile('p3').jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toFile(into('p3.jpg'));
await colours().withIccProfile(wideProfile).jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toFile(into('wide.jpg'));
const inks = await colours().toColourspace('cmyk').jpeg({ quality: 90 }).toBuffer();
writeFileSync(into('inks-bare.jpg'), inks);
writeFileSync(into('inks.jpg'), tagged(inks, press()));
await sharp(photo('camera.png')).resize(200, 150).toColourspace('b-w').png(png).toFile(into('grey.png'));

// Deep samples: resampled in 16 bits, so that the lower byte means something.
const deep = (name) => sharp(photo(name)).pipelineColourspace('rgb16').toColourspace('rgb16');
await deep('coffee.png').resize(132, 88).png(png).toFile(into('deep.png'));

// Transparency: a soft-edged disc, pure red where nothing shows. Red fringes would tell of samples mixed unweighted.
const [width, height] = [180, 120];
const { data } = await sharp(photo('coffee.png')).resize(width, height).raw().toBuffer({ resolveWithObject: true });
const clear = Buffer.alloc(width * height * 4);
for (let y = 0; y < height; y += 1) {
  for (let x = 0; x < width; x += 1) {
    const distance = Math.hypot((x - width / 2) / (width / 2), (y - height / 2) / (height / 2));
    const alpha = Math.max(0, Math.min(1, (0.95 - distance) / 0.12));
    const at = y * width + x;
    const colour = alpha > 0 ? data.subarray(at * 3, at * 3 + 3) : [255, 0, 0];
    clear.set([...colour, Math.round(alpha * 255)], at * 4);
  }
}
const raw = { raw: { width, height, channels: 4 } };
await sharp(clear, raw).png(png).toFile(into('clear.png'));

// A photograph in a frame to be trimmed, thicker on two sides.
await sharp(photo('chelsea.png'))
  .resize(141, 94)
  .extend({ top: 9, left: 14, bottom: 23, right: 31, background: '#f2efe8' })
  .png(png)
  .toFile(into('framed.png'));

rmSync(work, { recursive: true });
