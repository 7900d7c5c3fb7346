// Makes tests/goldens/references: what sharp makes of each case of tests/goldens/cases.json. `make goldens` runs it.
//
// A case names sharp's own calls in order: ["resize", { "width": 80 }]. ["then"] ends a pipeline and begins another with its
// result, where sharp's fixed order of operations differs from ours. ["hand", name, ...] is a function of hand.mjs.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import hand from './hand.mjs';

const goldens = new URL('../../tests/goldens/', import.meta.url);
const path = (name) => fileURLToPath(new URL(name, goldens));
const ENDINGS = { png: 'png', jpeg: 'jpg', webp: 'webp', avif: 'avif', gif: 'gif', tiff: 'tif' };
const SMALL = { compressionLevel: 9, adaptiveFiltering: true };

/** Pictures to lay on another are originals, too; `width` resizes one first. */
function overlays(list) {
  const read = async ({ input, width, ...options }) => {
    const picture = sharp(path(`originals/${input}`));
    return { input: await (width ? picture.resize(width) : picture).png().toBuffer(), ...options };
  };
  return Promise.all(list.map(read));
}

async function run(pipeline, calls) {
  for (const [method, ...args] of calls) {
    if (method === 'then') {
      pipeline = sharp(await pipeline.png().toBuffer());
    } else if (method === 'hand') {
      const [name, ...rest] = args;
      pipeline = await hand[name](pipeline, run, ...rest);
    } else if (method === 'composite') {
      pipeline = pipeline.composite(await overlays(args[0]));
    } else {
      pipeline = pipeline[method](...args);
    }
  }
  return pipeline;
}

async function make({ name, original, open, sharp: calls }) {
  let pipeline = await run(sharp(path(`originals/${original}`), { autoOrient: true, ...open }), calls);
  const format = calls.findLast(([method]) => method in ENDINGS)?.[0] ?? 'png';
  if (!calls.some(([method]) => method in ENDINGS)) {
    pipeline = pipeline.png(SMALL);
  }
  const bytes = await pipeline.toBuffer();
  writeFileSync(path(`references/${name}.${ENDINGS[format]}`), bytes);
  return bytes.length;
}

const cases = JSON.parse(readFileSync(path('cases.json'), 'utf8'));
rmSync(path('references'), { recursive: true, force: true });
mkdirSync(path('references'));
let total = 0;
for (const one of cases) {
  try {
    total += await make(one);
  } catch (error) {
    console.error(`goldens: ${one.name}: ${error.message}`);
    process.exitCode = 1;
  }
}
const { sharp: version, vips, mozjpeg, webp, aom, heif, lcms } = sharp.versions;
const versions = { sharp: version, vips, mozjpeg, webp, aom, heif, lcms };
writeFileSync(path('references/versions.json'), `${JSON.stringify(versions, null, 2)}\n`);
console.log(`goldens: ${cases.length} references, ${total} bytes, by sharp ${version} with libvips ${vips}`);
