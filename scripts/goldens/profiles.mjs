// Colour profiles written by hand, so that no profile under somebody's copyright is committed.

const number = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Math.round(value * 65536));
  return bytes;
};
const word = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const ascii = (text) => Buffer.from(text, 'latin1');
const empty = (length) => Buffer.alloc(length);

const xyz = (values) => Buffer.concat([ascii('XYZ '), empty(4), ...values.map(number)]);
const gamma = (value) =>
  Buffer.concat([ascii('curv'), empty(4), word(1), Buffer.from([Math.trunc(value), Math.round((value % 1) * 256)])]);
const text = (value) => Buffer.concat([ascii('text'), empty(4), ascii(`${value}\0`)]);
const description = (value) =>
  Buffer.concat([ascii('desc'), empty(4), word(value.length + 1), ascii(`${value}\0`), empty(4 + 4 + 2 + 1 + 67)]);

const D50 = [0.9642, 1, 0.8249];

/** An ICC profile of version 2: header, table of tags, tags. */
function profile(signature, name, own) {
  const tags = [['desc', description(name)], ['cprt', text('No copyright, use freely')], ['wtpt', xyz(D50)], ...own];
  const table = [word(tags.length)];
  const bodies = [];
  let at = 128 + 4 + 12 * tags.length;
  for (const [tag, body] of tags) {
    table.push(ascii(tag), word(at), word(body.length));
    const padded = Buffer.concat([body, empty((4 - (body.length % 4)) % 4)]);
    bodies.push(padded);
    at += padded.length;
  }
  const header = empty(128);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02400000, 8);
  ascii(signature).copy(header, 12);
  header.writeUInt16BE(2026, 24);
  header.writeUInt16BE(1, 26);
  header.writeUInt16BE(1, 28);
  ascii('acsp').copy(header, 36);
  Buffer.concat(D50.map(number)).copy(header, 68);
  return Buffer.concat([header, ...table, ...bodies]);
}

/** A display with the primaries (as XYZ at D50) and the gamma of Adobe RGB (1998). */
export function wide() {
  const curve = gamma(2 + 51 / 256);
  return profile('mntrRGB XYZ ', 'Wide RGB, gamma 2.2', [
    ['rXYZ', xyz([0.60974, 0.31111, 0.01947])],
    ['gXYZ', xyz([0.20528, 0.62567, 0.06087])],
    ['bXYZ', xyz([0.14919, 0.06322, 0.74457])],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ]);
}

/** A press that prints darker and greener than any real one, so that nobody's fallback profile looks like it. */
export function press() {
  const grid = 3;
  const cells = [];
  const levels = [0, 0.5, 1];
  for (const c of levels) {
    for (const m of levels) {
      for (const y of levels) {
        for (const k of levels) {
          const light = (1 - k) * (1 - 0.25 * c) * (1 - 0.45 * m) * (1 - 0.05 * y);
          const a = (1 - k) * (-45 * c + 70 * m - 12);
          const b = (1 - k) * (-45 * c - 5 * m + 85 * y);
          cells.push(Math.round(light * 255), Math.round(a) + 128, Math.round(b) + 128);
        }
      }
    }
  }
  const clamped = cells.map((sample) => Math.max(0, Math.min(255, sample)));
  const identity = (channels) => Buffer.from(Array.from({ length: 256 * channels }, (_, index) => index % 256));
  const matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1].map(number);
  const shape = Buffer.from([4, 3, grid, 0]);
  const table = Buffer.concat([ascii('mft1'), empty(4), shape, ...matrix, identity(4), Buffer.from(clamped), identity(3)]);
  return profile('prtrCMYKLab ', 'Strange press', [['A2B0', table]]);
}

/** A JPEG with that profile in place of none. */
export function tagged(jpeg, icc) {
  const body = Buffer.concat([ascii('ICC_PROFILE\0'), Buffer.from([1, 1]), icc]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length + 2);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe2]), length, body, jpeg.subarray(2)]);
}
