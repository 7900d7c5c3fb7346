// What sharp has no call for, by hand on RGBA samples, or put together from calls of sharp.
import sharp from 'sharp';

/** Samples, four per pixel. */
async function raw(pipeline) {
  const { data, info } = await pipeline.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  // Greys lose their alpha on the way.
  const greys = () => Buffer.from(Array.from(data).flatMap((grey) => [grey, grey, grey, 255]));
  return { data: channels === 1 ? greys() : data, width, height };
}

const picture = ({ data, width, height }) => sharp(data, { raw: { width, height, channels: 4 } });

/** Every pixel made anew from its samples and its place. */
async function map(pipeline, pixel) {
  const { data, width, height } = await raw(pipeline);
  const made = Buffer.alloc(data.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 4;
      made.set(pixel([...data.subarray(at, at + 4)], x, y, { data, width, height }), at);
    }
  }
  return picture({ data: made, width, height });
}

const clamped = (sample) => Math.max(0, Math.min(255, Math.round(sample)));

/** Shades from one colour to another by the luminance that sharp's greyscale finds. */
const duotone = (pipeline, run, dark, bright) =>
  map(pipeline.greyscale(), ([grey, , , alpha]) => [...dark.map((from, band) => clamped(from + ((bright[band] - from) * grey) / 255)), alpha]);

/** Mean colours of squares; what is cut off at the right and below is as if its last pixels went on. */
async function pixelate(pipeline, run, size) {
  return map(pipeline, (_, x, y, { data, width, height }) => {
    const sums = [0, 0, 0, 0];
    for (let j = 0; j < size; j += 1) {
      for (let i = 0; i < size; i += 1) {
        const column = Math.min(x - (x % size) + i, width - 1);
        const row = Math.min(y - (y % size) + j, height - 1);
        sums.forEach((_, band) => { sums[band] += data[(row * width + column) * 4 + band]; });
      }
    }
    return sums.map((sum) => clamped(sum / size / size));
  });
}

/** How much of a pixel lies in a box with round corners, counted at 16 x 16 places. */
function covered(x, y, width, height, radius) {
  let inside = 0;
  for (let j = 0.5; j < 16; j += 1) {
    for (let i = 0.5; i < 16; i += 1) {
      const [px, py] = [x + i / 16, y + j / 16];
      const dx = Math.max(radius - px, px - (width - radius), 0);
      const dy = Math.max(radius - py, py - (height - radius), 0);
      inside += Math.hypot(dx, dy) <= radius ? 1 : 0;
    }
  }
  return inside / 256;
}

/** Round corners, transparent or on a colour. */
const round = (pipeline, run, radius, ground) =>
  map(pipeline, ([red, green, blue, alpha], x, y, { width, height }) => {
    const share = covered(x, y, width, height, radius);
    return ground
      ? [...[red, green, blue].map((sample, band) => clamped(sample * share + ground[band] * (1 - share))), alpha]
      : [red, green, blue, clamped(alpha * share)];
  });

/** Calls of sharp that are seen in one part only. */
async function within(pipeline, run, part, calls) {
  const whole = await pipeline.png().toBuffer();
  const changed = await (await run(sharp(whole), calls)).png().toBuffer();
  const input = await sharp(changed).extract(part).png().toBuffer();
  return sharp(await sharp(whole).composite([{ input, left: part.left, top: part.top }]).png().toBuffer());
}

/** In the middle of a canvas that it covers itself, blurred. */
async function ground(pipeline, run, width, height, sigma) {
  const input = await pipeline.png().toBuffer();
  const behind = await sharp(input).resize(width, height, { fit: 'cover', kernel: 'linear' }).blur(sigma).png().toBuffer();
  return sharp(await sharp(behind).composite([{ input, gravity: 'centre' }]).png().toBuffer());
}

export default { duotone, pixelate, round, within, ground };
