#!/usr/bin/env python3
"""Makes the sample files of crates/imaging/tests/samples from photographs of tests/goldens/originals.

Other encoders than ours, and other decoders for the pictures that ours are compared with (`*.ref.png`). Needs
`pip install pillow==13.0.0 pillow-heif==1.8.1 pillow-jxl-plugin==1.3.8 imagecodecs==2026.3.6 pyvips[binary]==3.2.0`.
"""
import io
import pathlib

import imagecodecs
import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401  (registers itself)
import pyvips
from PIL import Image

pillow_heif.register_heif_opener()
HERE = pathlib.Path(__file__).parent.parent
OUT = HERE / "crates/imaging/tests/samples"
ORIGINALS = HERE / "tests/goldens/originals"

coffee = Image.open(ORIGINALS / "coffee.png").convert("RGB").resize((120, 80), Image.LANCZOS)
clear = Image.open(ORIGINALS / "clear.png").convert("RGBA").resize((90, 60), Image.LANCZOS)
grey = Image.open(ORIGINALS / "grey.png").convert("L").resize((80, 60), Image.LANCZOS)
display_p3 = Image.open(ORIGINALS / "p3.jpg").resize((80, 80), Image.LANCZOS)
P3 = display_p3.info["icc_profile"]
# Sixteen bits with something in the lower eight: a smooth blend of the photograph.
wide = (np.asarray(coffee, dtype=np.float64) / 255.0) ** 0.9
wide = np.clip(wide * 65535, 0, 65535).astype(np.uint16)


def reference(name):
    """What another decoder makes of the file."""
    image = Image.open(OUT / name)
    image.load()
    image.convert("RGBA" if "A" in image.mode else "RGB").save(OUT / f"{name}.ref.png", optimize=True, icc_profile=None)


def heic(name, image, **options):
    image.save(OUT / name, format="HEIF", quality=70, **options)
    reference(name)


exif = Image.Exif()
exif[0x8298] = "Rachel Michetti, CC0"
exif[0x0112] = 6
heic("photo.heic", coffee, exif=exif.tobytes())
heic("turned.heic", coffee.rotate(90, expand=True), exif=exif.tobytes())
heic("clear.heic", clear)
heic("grey.heic", grey)
# Three pictures, the second of them primary; each with a thumbnail.
pages = pillow_heif.HeifFile()
for picture in (clear, coffee, grey.convert("RGB")):
    pages.add_from_pillow(picture)
pages.save(OUT / "pages.heic", quality=70, primary_index=1, save_all=True, thumbnails=[32])
heic("p3.heic", display_p3, icc_profile=P3)
heic("full-chroma.heic", coffee, chroma=444)
pillow_heif.options.SAVE_HDR_TO_12_BIT = False
deep = pillow_heif.from_bytes(mode="RGB;16", size=coffee.size, data=wide.tobytes())
deep.save(OUT / "deep.heic", quality=70)
reference("deep.heic")



def boxed(kind, *parts):
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def children(data):
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + length]
        at += length


def coded(image):
    """The decoder configuration and the coded bytes of a picture in one tile."""
    file = io.BytesIO()
    image.save(file, format="HEIF", quality=70)
    found = dict(children(file.getvalue()))
    meta = dict(children(found[b"meta"][4:]))
    properties = dict(children(dict(children(meta[b"iprp"]))[b"ipco"]))
    return boxed(b"hvcC", properties[b"hvcC"]), found[b"mdat"]


def grid(name, image, tile, turns):
    """As phones write them: tiles that overhang the picture, put together, then turned."""
    columns, rows = -(-image.width // tile), -(-image.height // tile)
    canvas = Image.new("RGB", (columns * tile, rows * tile))
    canvas.paste(image)
    boxes = [(x * tile, y * tile, (x + 1) * tile, (y + 1) * tile) for y in range(rows) for x in range(columns)]
    tiles = [coded(canvas.crop(box)) for box in boxes]
    count = len(tiles)
    plan = bytes([0, 0, rows - 1, columns - 1]) + image.width.to_bytes(2, "big") + image.height.to_bytes(2, "big")
    items = [data for _, data in tiles] + [plan]
    short = lambda number: number.to_bytes(2, "big")
    long = lambda number: number.to_bytes(4, "big")
    kinds = [b"hvc1"] * count + [b"grid"]
    entries = [boxed(b"infe", b"\2\0\0", bytes([i < count]), short(i + 1), short(0), kind, b"\0") for i, kind in enumerate(kinds)]
    side = lambda width, height: boxed(b"ispe", bytes(4), long(width), long(height))
    ipco = boxed(b"ipco", tiles[0][0], side(tile, tile), side(image.width, image.height), boxed(b"irot", bytes([turns])))
    of = lambda item, *numbers: short(item) + bytes([len(numbers), *numbers])
    ipma = boxed(b"ipma", bytes(4), long(count + 1), *(of(i + 1, 0x81, 2) for i in range(count)), of(count + 1, 3, 0x84))

    def meta(start):
        places, at = [], start
        for index, data in enumerate(items):
            places.append(short(index + 1) + short(0) + short(1) + long(at) + long(len(data)))
            at += len(data)
        return boxed(
            b"meta",
            bytes(4),
            boxed(b"hdlr", bytes(8), b"pict", bytes(13)),
            boxed(b"pitm", bytes(4), short(count + 1)),
            boxed(b"iloc", bytes(4), b"\x44\0", short(count + 1), *places),
            boxed(b"iinf", bytes(4), short(count + 1), *entries),
            boxed(b"iref", bytes(4), boxed(b"dimg", short(count + 1), short(count), *(short(i + 1) for i in range(count)))),
            boxed(b"iprp", ipco, ipma),
        )

    head = boxed(b"ftyp", b"heic", bytes(4), b"mif1heic")
    start = len(head) + len(meta(0)) + 8
    (OUT / name).write_bytes(head + meta(start) + boxed(b"mdat", *items))
    reference(name)


grid("grid.heic", coffee, 64, 3)

for name, image, options in [
    ("photo.jxl", coffee, {"quality": 80}),
    ("lossless.jxl", coffee.resize((60, 40), Image.LANCZOS), {"lossless": True}),
    ("clear.jxl", clear, {"quality": 80}),
    ("grey.jxl", grey, {"quality": 80}),
    ("p3.jxl", display_p3, {"quality": 85, "icc_profile": P3}),
]:
    image.save(OUT / name, **options)
    reference(name)
# This encoder says of sixteen bits that they are linear light.
(OUT / "deep.jxl").write_bytes(imagecodecs.jpegxl_encode(wide[::2, ::2], level=100))
Image.fromarray((wide[::2, ::2] / 257.0 + 0.5).astype(np.uint8)).save(OUT / "deep.jxl.ref.png", optimize=True)
frames = np.stack([np.roll(np.asarray(coffee)[::2, ::2], shift, axis=1) for shift in (0, 10, 20)])
(OUT / "animation.jxl").write_bytes(imagecodecs.jpegxl_encode(frames, level=70))
Image.fromarray(imagecodecs.jpegxl_decode((OUT / "animation.jxl").read_bytes(), index=0)).save(
    OUT / "animation.jxl.ref.png", optimize=True
)

# JPEG: twelve bits, and one with a gain map behind it.
twelve = (wide >> 4).astype(np.uint16)
(OUT / "twelve-bits.jpg").write_bytes(imagecodecs.jpeg8_encode(twelve, level=80, bitspersample=12))
linear = np.asarray(coffee, dtype=np.float32) / 255.0
hdr = np.dstack([linear**2.2 * 4, np.ones(linear.shape[:2], np.float32)]).astype(np.float16)
(OUT / "gain-map.jpg").write_bytes(imagecodecs.ultrahdr_encode(hdr, level=80))

# AVIF of ten and twelve bits.
deep = pyvips.Image.new_from_array(wide[::2, ::2]).copy(interpretation="rgb16")
for bits in (10, 12):
    deep.heifsave(str(OUT / f"deep-{bits}.avif"), compression="av1", Q=80, bitdepth=bits, effort=4)
pyvips.Image.new_from_array(np.asarray(clear)).copy(interpretation="srgb").heifsave(
    str(OUT / "clear.avif"), compression="av1", Q=80, effort=4
)

# TIFF: pages of several sizes, one of them lying; tiles of sixteen bits.
pages = [coffee, grey.resize((40, 30)), clear.resize((45, 30))]
lying = Image.Exif()
lying[0x0112] = 6
pages[0].save(OUT / "pages.tiff", save_all=True, append_images=pages[1:], compression="tiff_lzw")
coffee.save(OUT / "lying.tiff", compression="jpeg", exif=lying)
deep.tiffsave(str(OUT / "tiled.tiff"), tile=True, tile_width=32, tile_height=32, compression="deflate", predictor="horizontal")

# PNG: sixteen bits, a palette, an animation.
Image.fromarray((wide[..., 0][::2, ::2])).save(OUT / "deep.png", optimize=True)
coffee.quantize(32).save(OUT / "palette.png", optimize=True)
small = [Image.fromarray(frame).quantize(16) for frame in frames]
small[0].save(OUT / "animation.png", save_all=True, append_images=small[1:], duration=100, loop=0)

# WebP and GIF.
coffee.save(OUT / "photo.webp", quality=75, method=6)
clear.save(OUT / "lossless.webp", lossless=True, method=6)
small[0].save(OUT / "animation.webp", save_all=True, append_images=[f.convert("RGB") for f in small[1:]], duration=100)
small[0].save(OUT / "animation.gif", save_all=True, append_images=small[1:], duration=100, loop=3)
