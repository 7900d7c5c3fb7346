"""The curves as one SVG: above, score against bits; below, what each effort costs and saves at one score."""
import curves_report
from svg import COLOURS, Canvas, Scale

PANEL, GAP, LEFT, TALL = 260, 40, 60, 230
UPPER = 90
LOWER = UPPER + TALL + 94
BLACK = "#222"
SERIES = {
    "JPEG": (("jpeg", "mozjpeg", 0), COLOURS[4]),
    "WebP, effort 4": (("webp", "lossy", 4), COLOURS[2]),
    "AVIF, effort 0": (("avif", "4:2:0", 0), COLOURS[5]),
    "AVIF, effort 3": (("avif", "4:2:0", 3), COLOURS[0]),
    "AVIF, effort 4": (("avif", "4:2:0", 4), COLOURS[3]),
}
VARIANTS = {"4:2:0": BLACK, "4:4:4": COLOURS[4], "10 bits": COLOURS[3], "tune=ssim": COLOURS[0], "tune=psnr": COLOURS[2]}
# What is aimed at against sharp's defaults, at equal score: CPU at most this at bytes at most that.
TARGETS = [(0.75, 1.05), (0.30, 1.15)]


class Panel:
    """A frame with a grid; marks and lines outside it are left out."""

    def __init__(self, canvas, left, top, across, upwards, x_ticks, y_ticks):
        self.canvas, self.left, self.top = canvas, left, top
        self.across, self.upwards = across, upwards
        self.x = Scale(*across, left, left + PANEL, log=True)
        self.y = Scale(*upwards, top + TALL, top)
        for tick in x_ticks:
            canvas.line(self.x(tick), top, self.x(tick), top + TALL, "#e4e4e4")
            canvas.text(self.x(tick), top + TALL + 16, f"{tick:g}", 11, "middle")
        for tick in y_ticks:
            canvas.line(left, self.y(tick), left + PANEL, self.y(tick), "#e4e4e4")
            canvas.text(left - 6, self.y(tick) + 4, f"{tick:g}", 11, "end")

    def holds(self, x, y):
        return self.across[0] <= x <= self.across[1] and self.upwards[0] <= y <= self.upwards[1]

    def curve(self, points, colour):
        inside = [(self.x(x), self.y(y)) for x, y in points if self.holds(x, y)]
        for (x1, y1), (x2, y2) in zip(inside, inside[1:]):
            self.canvas.line(x1, y1, x2, y2, colour, 1.6)
        for x, y in inside:
            self.canvas.mark(x, y, colour, size=3)

    def label(self, x, y, words, colour):
        if self.holds(x, y):
            self.canvas.mark(self.x(x), self.y(y), colour, size=3)
            self.canvas.text(self.x(x) + 5, self.y(y) - 5, words, 11, colour=colour)


def quality(canvas, rows, width, left):
    panel = Panel(canvas, left, UPPER, (0.08, 3), (45, 92), (0.1, 0.2, 0.5, 1, 2), range(50, 91, 10))
    canvas.text(left + PANEL / 2, UPPER - 8, f"{width} px", 13, "middle", weight="bold")
    for way, colour in SERIES.values():
        qualities = sorted({row["quality"] for row in rows if (row["format"], row["variant"], row["effort"]) == way})
        found = [curves_report.averages(rows, width, (*way, quality)) for quality in qualities]
        panel.curve([(bits, score) for score, bits, _ in filter(None, found)], colour)
    score, bits, _ = curves_report.averages(rows, width, curves_report.SHARP)
    canvas.mark(panel.x(bits), panel.y(score), BLACK, "square", 4)


def efforts(canvas, ratios, width, left):
    panel = Panel(canvas, left, LOWER, (0.02, 2.5), (0.9, 1.5), (0.03, 0.1, 0.3, 0.75, 2), (0.9, 1, 1.05, 1.15, 1.3, 1.5))
    for cpu, size in TARGETS:
        canvas.line(left, panel.y(size), panel.x(cpu), panel.y(size), "#c00", 1.2, "4 3")
        canvas.line(panel.x(cpu), panel.y(size), panel.x(cpu), LOWER + TALL, "#c00", 1.2, "4 3")
    here = {way: value for (way, at), value in ratios.items() if at == width}
    panel.curve([(cpu, size) for way, (size, cpu, _) in sorted(here.items()) if way[1] == "4:2:0"], BLACK)
    for way, (size, cpu, _) in here.items():
        panel.label(cpu, size, str(way[2]), VARIANTS[way[1]])


def legend(canvas, entries, y):
    x = LEFT
    for name, colour, shape in entries:
        canvas.mark(x, y - 4, colour, shape)
        canvas.text(x + 9, y, name)
        x += 30 + 7 * len(name)


def draw(rows, ratios, path):
    across = LEFT + len(curves_report.WIDTHS) * (PANEL + GAP)
    canvas = Canvas(across, LOWER + TALL + 40, "SSIMULACRA2 against bits per pixel, mean of the photos")
    legend(canvas, [(name, colour, "circle") for name, (_, colour) in SERIES.items()]
           + [("sharp's AVIF defaults", BLACK, "square")], 52)
    canvas.text(16, LOWER - 50, "Bytes against CPU time at the score of sharp's AVIF defaults, both as multiples of theirs; numbers "
                "are efforts; left of and below a red corner a target is met", 14, weight="bold")
    legend(canvas, [(f"AVIF {name}", colour, "circle") for name, colour in VARIANTS.items()], LOWER - 22)
    for index, width in enumerate(curves_report.WIDTHS):
        left = LEFT + index * (PANEL + GAP)
        quality(canvas, rows, width, left)
        efforts(canvas, ratios, width, left)
    canvas.save(path)
