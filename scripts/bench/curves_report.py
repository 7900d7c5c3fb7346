"""What the measured curves say: tables at equal score, and a picture of them. Reads the CSV alone, so it can run again."""
import csv
import math
import statistics
import sys
from collections import defaultdict
from pathlib import Path

WIDTHS = [320, 640, 1280, 2560]
SHARP = ("avif", "4:4:4", 4, 50)
# minilab's defaults, as crates/recipe/src/document/encodings.rs has them.
DEFAULTS = [("avif", "4:2:0", 3, 57), ("webp", "lossy", 4, 81), ("jpeg", "mozjpeg", 0, 75)]


class Curve:
    """One photo, one width, one way to encode: what each quality gave, worst first."""

    def __init__(self, rows):
        self.rows = sorted(rows, key=lambda row: row["quality"])

    def at(self, score, what):
        """Bytes, CPU time or quality where the score is reached: between the two nearest points; None far outside them."""
        rows = self.rows
        if len(rows) < 2 or not rows[0]["score"] - 3 <= score <= rows[-1]["score"] + 3:
            return None
        return self.between("score", score, what)

    def between(self, of, value, what):
        """One figure where another has a value."""
        rows = self.rows
        upper = next((i for i in range(1, len(rows)) if rows[i][of] >= value), len(rows) - 1)
        low, high = rows[upper - 1], rows[upper]
        part = (value - low[of]) / (high[of] - low[of])
        return math.exp((1 - part) * math.log(low[what]) + part * math.log(high[what]))


def read(path):
    rows = list(csv.DictReader(path.open()))
    for row in rows:
        for name in ("width", "pixels", "effort", "quality", "bytes"):
            row[name] = int(row[name])
        for name in ("cpu_ms", "score"):
            row[name] = float(row[name])
    return rows


def grouped(rows):
    """Curves by photo, width and (format, variant, effort)."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["photo"], row["width"], (row["format"], row["variant"], row["effort"])].append(row)
    return {key: Curve(rows) for key, rows in groups.items()}


def geomean(values):
    return statistics.geometric_mean(values)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def point(rows, width, way):
    """The same file of all photos at one width."""
    form, variant, effort, quality = way
    return {row["photo"]: row for row in rows if row["width"] == width and row["format"] == form
            and row["variant"] == variant and row["effort"] == effort and row["quality"] == quality}


def averages(rows, width, way):
    found = list(point(rows, width, way).values())
    if not found:
        return None
    score = statistics.mean(row["score"] for row in found)
    bits = geomean([8 * row["bytes"] / row["pixels"] for row in found])
    cpu = geomean([row["cpu_ms"] / row["pixels"] * 1e6 for row in found])
    return score, bits, cpu


def defaults(curves, width, way, quality):
    """Mean score, bits per pixel and CPU ms per Mpx at one width, also between the qualities that were measured."""
    found = [curve for (_, at, what), curve in curves.items() if (at, what) == (width, way)]
    told = [(curve.between("quality", quality, "score"),
             8 * curve.between("quality", quality, "bytes") / curve.rows[0]["pixels"],
             1e6 * curve.between("quality", quality, "cpu_ms") / curve.rows[0]["pixels"]) for curve in found]
    score, bits, cpu = zip(*told)
    return statistics.mean(score), geomean(bits), geomean(cpu)


def against(rows, curves, base):
    """Bytes and CPU of each way at the score of a file, as multiples of that file's; by (way, width)."""
    found = {}
    for way in sorted({key[2] for key in curves if key[2][0] == "avif"}):
        for width in WIDTHS:
            ratios = []
            for photo, row in point(rows, width, base).items():
                curve = curves.get((photo, width, way))
                size = curve and curve.at(row["score"], "bytes")
                if size:
                    ratios.append((size / row["bytes"], curve.at(row["score"], "cpu_ms") / row["cpu_ms"],
                                   curve.at(row["score"], "quality")))
            if ratios:
                found[way, width] = [geomean(column) for column in zip(*ratios)]
    return found


def alike(rows, curves, base, ways):
    """Which quality of each way scores as a file does, with the bytes it takes as a multiple; by (way, width)."""
    found = {}
    for way in ways:
        for width in WIDTHS:
            pairs = [(curve.at(row["score"], "quality"), curve.at(row["score"], "bytes") / row["bytes"])
                     for photo, row in point(rows, width, base).items()
                     if (curve := curves.get((photo, width, way))) and curve.at(row["score"], "quality")]
            if pairs:
                qualities, sizes = zip(*pairs)
                found[way, width] = statistics.mean(qualities), geomean(sizes)
    return found


def report(rows):
    curves = grouped(rows)
    text = ["# Curves\n", "## sharp's AVIF defaults (quality 50, effort 4, 4:4:4)\n"]
    text.append(table(["width", "score", "bits per pixel", "CPU ms per Mpx"], [
        [str(width), *(f"{value:.2f}" for value in averages(rows, width, SHARP))]
        for width in WIDTHS if averages(rows, width, SHARP)]))
    text.append("## minilab's defaults: score, bits per pixel, CPU ms per Mpx\n")
    text.append(table(["", "effort", "quality", *map(str, WIDTHS)], [
        [form, str(effort), str(quality), *("{:.1f}, {:.2f}, {:.0f}".format(
            *defaults(curves, width, (form, variant, effort), quality)) for width in WIDTHS)]
        for form, variant, effort, quality in DEFAULTS]))
    text.append("## At the score of sharp's: bytes and CPU as multiples of theirs, and the quality that gives it\n")
    ratios = against(rows, curves, SHARP)
    cell = lambda value: "{:.2f}, {:.2f} (q {:.0f})".format(*value) if value else ""
    text.append(table(["AVIF", "effort", *map(str, WIDTHS)], [
        [way[1], str(way[2]), *(cell(ratios.get((way, width))) for width in WIDTHS)]
        for way in sorted({key[0] for key in ratios})]))
    text.append("## As good as JPEG 80: quality, and bytes as a multiple of JPEG's\n")
    ways = [("webp", "lossy", 4), *(("avif", "4:2:0", effort) for effort in (0, 3, 4))]
    same = alike(rows, curves, ("jpeg", "mozjpeg", 0, 80), ways)
    cell = lambda value: "{:.0f} ({:.2f})".format(*value) if value else ""
    text.append(table(["", "effort", *map(str, WIDTHS)], [
        [way[0], str(way[2]), *(cell(same.get((way, width))) for width in WIDTHS)] for way in ways]))
    text.append("## Score, bits per pixel, CPU ms per Mpx by quality\n")
    settings = sorted({(row["format"], row["variant"], row["effort"], row["quality"]) for row in rows})
    cell = lambda value: "{:.1f}, {:.2f}, {:.0f}".format(*value) if value else ""
    text.append(table(["", "", "effort", "quality", *map(str, WIDTHS)], [
        [way[0], way[1], str(way[2]), str(way[3]), *(cell(averages(rows, width, way)) for width in WIDTHS)]
        for way in settings]))
    return "\n".join(text)


def write(data, picture, into):
    import curves_plot  # which reads this module's averages

    rows = read(data)
    into.write_text(report(rows))
    curves_plot.draw(rows, against(rows, grouped(rows), SHARP), picture)


if __name__ == "__main__":
    data, picture, into = map(Path, sys.argv[1:])
    write(data, picture, into)
