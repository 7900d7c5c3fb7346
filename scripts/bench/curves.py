#!/usr/bin/env python3
"""Measures what encodings cost and how they look, at four widths, and says what the defaults are chosen from.

`make curves` encodes real photos in many ways with minilab's own engine (`minilab-curves`), scores each file against its
lossless reference (`minilab-score`), and writes docs/performance/avif-curves.{csv,svg} and, with the tables of
docs/adr/0005, target/bench/curves/report.md. What was measured of a photo is kept in target/bench/curves, so that an
interrupted run goes on where it was; remove the folder to measure again. It takes half an hour of one core.
"""
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import curves_report

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "bench" / "curves"
PROGRAMS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
CSV = ROOT / "docs" / "performance" / "avif-curves.csv"
PASSES = {320: 5, 640: 3, 1280: 2, 2560: 1}
# Of different character: sharp bark before a blurred ground, a dense painting, stars on a smooth sky, grass, saturated
# petals, a macro with fine edges.
PHOTOS = ["Kleiber_by_Lukas_Baubkus.jpg", "Elephants_5640x3172.jpg", "Infinite-Sea_by_Aury88.jpg", "Dune.jpg",
          "Garden.jpg", "LadyBird.jpg"]
FIELDS = ["photo", "width", "pixels", "format", "variant", "effort", "quality", "bytes", "cpu_ms", "score"]


def avif(effort, qualities, chroma="auto"):
    variant = "4:4:4" if chroma == "off" else "4:2:0"
    return {f"avif {variant} {effort} {quality}": {"format": "avif", "quality": quality, "effort": effort,
            "lossless": False, "subsampling": chroma} for quality in qualities}


def heif(variant, effort, qualities, tune="iq", bitdepth=8):
    return {f"avif {variant} {effort} {quality}": {"quality": quality, "effort": effort, "bitdepth": bitdepth,
            "tune": tune} for quality in qualities}


def trials(width):
    """Densely what is likely to be chosen, thinly what is not, and less of what is slow where it is slowest."""
    large = width > 1280
    dense, thin = [30, 40, 50, 55, 60, 70, 80], [40, 55, 70]
    product = avif(0, dense) | avif(3, dense) | avif(4, [50, 60] if large else [40, 50, 55, 70])
    if not large:
        product |= avif(1, thin) | avif(2, thin)
    if width < 1280:
        product |= avif(5, thin)
    # Quality 50, effort 4, no subsampling: sharp's defaults.
    product |= avif(4, [50], "off") | avif(3, [50, 60], "off")
    for quality in (60, 70, 75, 80, 85, 90):
        product[f"jpeg mozjpeg 0 {quality}"] = {"format": "jpeg", "quality": quality, "effort": 2, "progressive": True,
                                                "subsampling": "auto"}
        product[f"webp lossy 4 {quality}"] = {"format": "webp", "quality": quality, "effort": 4, "lossless": False}
    direct = heif("tune=ssim", 3, [45, 60, 75], "ssim") | heif("tune=psnr", 3, [45, 60, 75], "psnr")
    direct |= heif("10 bits", 3, [40, 55], bitdepth=10)
    if not large:
        direct |= heif("tune=ssim", 4, [45, 60], "ssim")
    return {"passes": PASSES[width], "product": product, "direct": direct}


def measure(photo, folder):
    """Encodes and scores all files of one photo; rows in the order of FIELDS."""
    settings = WORK / "trials.json"
    settings.write_text(json.dumps({width: trials(width) for width in PASSES}))
    run = subprocess.run([PROGRAMS / "minilab-curves", settings, photo, folder], stdout=subprocess.PIPE, check=True)
    told = [json.loads(line) for line in run.stdout.splitlines()]
    for row in told:
        row["path"] = folder / str(row["width"]) / row["file"]
    pairs = "".join(f"{row['path'].parent}/reference.png\t{row['path']}\n" for row in told)
    run = subprocess.run([PROGRAMS / "minilab-score"], input=pairs.encode(), stdout=subprocess.PIPE, check=True)
    rows = []
    for row, line in zip(told, run.stdout.splitlines(), strict=True):
        scored = json.loads(line)
        way, effort, quality = row["path"].stem.rsplit(" ", 2)
        form, variant = way.split(" ", 1)
        pixels = scored["width"] * scored["height"]
        rows.append([photo.stem, row["width"], pixels, form, variant, int(effort), int(quality), row["bytes"],
                     round(row["cpu_ms"], 2), round(scored["score"], 2)])
        row["path"].unlink()
    return rows


def main():
    photos = Path(subprocess.run([sys.executable, ROOT / "scripts" / "photos.py"], stdout=subprocess.PIPE, text=True,
                                 check=True).stdout.strip())
    WORK.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in PHOTOS:
        kept = WORK / f"{name}.json"
        if not kept.exists():
            if not (photos / name).exists():
                sys.exit(f"curves: {photos} has no {name}; the curves need the photos of Debian's packages (see scripts/photos.py)")
            print(f"curves: {name}", file=sys.stderr)
            partial = kept.with_suffix(".partial")
            partial.write_text(json.dumps(measure(photos / name, WORK / Path(name).stem)))
            os.replace(partial, kept)
        rows += json.loads(kept.read_text())
    CSV.parent.mkdir(parents=True, exist_ok=True)
    with CSV.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(FIELDS)
        out.writerows(rows)
    curves_report.write(CSV, CSV.with_suffix(".svg"), WORK / "report.md")


if __name__ == "__main__":
    main()
