"""A little SVG: a canvas, axes in linear or logarithmic scale, marks. Enough for four plots, so that nothing is installed."""
import math
from html import escape

# Okabe and Ito: told apart by everybody.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


class Canvas:
    def __init__(self, width, height, title):
        self.width, self.height, self.parts = width, height, []
        self.text(16, 24, title, size=16, weight="bold")

    def add(self, part):
        self.parts.append(part)

    def text(self, x, y, words, size=12, anchor="start", colour="#222", weight="normal"):
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
                 f'font-weight="{weight}">{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, colour="#ccc", width=1.0, dash=""):
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.add(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"{dashed}/>')

    def bar(self, x, y, width, height, colour):
        self.add(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" fill="{colour}"/>')

    def mark(self, x, y, colour, shape="circle", size=4.0):
        if shape == "circle":
            self.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" fill="{colour}" fill-opacity="0.85"/>')
        else:
            points = {"square": [(-1, -1), (1, -1), (1, 1), (-1, 1)], "triangle": [(0, -1.2), (1.1, 0.9), (-1.1, 0.9)]}[shape]
            path = " ".join(f"{x + dx * size:.1f},{y + dy * size:.1f}" for dx, dy in points)
            self.add(f'<polygon points="{path}" fill="{colour}" fill-opacity="0.85"/>')

    def save(self, path):
        body = "\n".join(self.parts)
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
                        f'viewBox="0 0 {self.width} {self.height}" font-family="system-ui, sans-serif">\n'
                        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n')


class Scale:
    def __init__(self, low, high, start, end, log=False):
        self.low, self.high, self.start, self.end, self.log = low, high, start, end, log

    def __call__(self, value):
        position = math.log if self.log else float
        low, high = position(self.low), position(self.high)
        return self.start + (position(value) - low) / (high - low) * (self.end - self.start)

    def ticks(self):
        if self.log:
            steps = (m * 10.0 ** e for e in range(-4, 8) for m in (1, 2, 5))
            return [tick for tick in steps if self.low <= tick <= self.high]
        step = 10.0 ** math.floor(math.log10((self.high - self.low) / 2))
        while (self.high - self.low) / step > 6:
            step *= 2 if (self.high - self.low) / step < 13 else 5
        first = math.ceil(self.low / step)
        return [n * step for n in range(first, int(self.high / step + 1e-9) + 1)]


def axes(canvas, x, y, x_label, y_label):
    """Grid, tick labels and names of both axes; y runs upward."""
    for tick in x.ticks():
        canvas.line(x(tick), y.start, x(tick), y.end)
        canvas.text(x(tick), y.start + 16, f"{tick:g}", anchor="middle", size=11)
    for tick in y.ticks():
        canvas.line(x.start, y(tick), x.end, y(tick))
        canvas.text(x.start - 6, y(tick) + 4, f"{tick:g}", anchor="end", size=11)
    canvas.text((x.start + x.end) / 2, y.start + 34, x_label, anchor="middle")
    canvas.text(x.start - 6, y.end - 8, y_label, anchor="start")
