// sharp as a peer: `node ladder.mjs STYLE SETTINGS.json OUT_DIR FILE...` writes OUT_DIR/FILE's name/WIDTH.EXTENSION.
//
// Styles: `single` one thread and no cache, the recommended one pipeline for each output, from the buffer; `default` the
// same with sharp's own settings of threads and cache; `own-avif` as `single` with sharp's own AVIF settings; `chained`
// what one can build by hand: decoded once to raw pixels, each size from the one above.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';

const [style, settingsPath, out, ...files] = process.argv.slice(2);
const { widths, formats } = JSON.parse(await readFile(settingsPath));
if (style !== 'default') {
  sharp.concurrency(1);
  sharp.cache(false);
}

function encode(image, { format, quality, effort, progressive }) {
  // With `mozjpeg` it is always progressive.
  if (format === 'jpeg') return image.jpeg(effort === 0 ? { quality, progressive } : { quality, mozjpeg: true });
  if (format === 'webp') return image.webp({ quality, effort });
  if (style === 'own-avif') return image.avif();
  // libvips' own choice of subsampling below quality 90, as for the other contenders.
  return image.avif({ quality, effort, chromaSubsampling: '4:2:0' });
}

const extension = { jpeg: 'jpg', webp: 'webp', avif: 'avif' };
const path = (file, width, { format }) => join(out, basename(file), `${width}.${extension[format]}`);

async function pipelines(file) {
  const original = await readFile(file);
  await Promise.all(widths.flatMap((width) => formats.map(async (format) => {
    const encoded = await encode(sharp(original).resize(width), format).toBuffer();
    await writeFile(path(file, width, format), encoded);
  })));
}

async function chained(file) {
  let image = sharp(await readFile(file), { sequentialRead: true });
  for (const width of widths) {
    const { data, info } = await image.resize(width).raw().toBuffer({ resolveWithObject: true });
    const raw = { width: info.width, height: info.height, channels: info.channels };
    for (const format of formats) {
      await writeFile(path(file, width, format), await encode(sharp(data, { raw }), format).toBuffer());
    }
    image = sharp(data, { raw });
  }
}

for (const file of files) {
  await mkdir(join(out, basename(file)), { recursive: true });
  await (style === 'chained' ? chained(file) : pipelines(file));
}
