#!/usr/bin/env python3
"""Draws the dashboards from what their queries answered in a run: `dashboard_pictures.py FOLDER TARGET`.

FOLDER holds panels.json, which the test of tests/tests/fleet/watched.rs keeps there when MINILAB_WATCHED names it; TARGET gets an SVG for
each of helm/files/dashboards. It is no Grafana: it shows which series a panel has and how they went, in the dashboard's own layout.
"""
import json
import math
import sys
from html import escape
from pathlib import Path

DASHBOARDS = Path(__file__).resolve().parent.parent / "helm" / "files" / "dashboards"
CELL_WIDTH, CELL_HEIGHT, GAP = 50, 26, 6
COLOURS = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#e02f44", "#b877d9", "#37872d", "#8ab8ff", "#fade2a", "#ffa6b0", "#705da0", "#96d98d"]
LEGEND_MAX = 6
GAP_SECONDS = 3


def shown(value, unit):
    if value is None or math.isnan(value):
        return "-"
    if unit == "percentunit":
        return f"{100 * value:.4g} %"
    if unit in ("s", "bytes", "Bps", "ops", "reqps"):
        suffix = {"s": " s", "bytes": " B", "Bps": " B/s", "ops": "/s", "reqps": "/s"}[unit]
        for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if unit in ("bytes", "Bps") and abs(value) >= limit:
                return f"{value / limit:.3g} {letter}{suffix.strip()}"
        return f"{value:.3g}{suffix}"
    return f"{value:.4g}"


def unbroken(points):
    """Stretches without a gap: a process that was not there drew no line."""
    stretch = []
    for point in points:
        if stretch and point[0] - stretch[-1][0] > GAP_SECONDS:
            yield stretch
            stretch = []
        stretch.append(point)
    yield stretch


class Panel:
    def __init__(self, panel, answers, begin):
        place = panel["gridPos"]
        self.panel, self.unit = panel, panel["fieldConfig"]["defaults"]["unit"]
        self.x, self.y = place["x"] * CELL_WIDTH + GAP, place["y"] * CELL_HEIGHT + GAP
        self.width, self.height = place["w"] * CELL_WIDTH - GAP, place["h"] * CELL_HEIGHT - GAP
        self.lines = []
        for target in panel["targets"]:
            for series in answers.get((panel["id"], target["refId"]), []):
                legend = target["legendFormat"]
                for name, value in series["metric"].items():
                    legend = legend.replace("{{%s}}" % name, value)
                points = [(float(time), float(value)) for time, value in series["values"]]
                points = [(time, value) for time, value in points if math.isfinite(value) and time >= begin]
                if points:
                    self.lines.append((legend, series["metric"], points))

    def drawn(self, begin, end):
        out = [f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="3" fill="#181b1f" stroke="#2c3235"/>',
               f'<text x="{self.x + 8}" y="{self.y + 16}" fill="#d8d9da" font-size="12">{escape(self.panel["title"])}</text>']
        if not self.lines:
            out.append(self.word("of Kubernetes, KEDA or a figure that this run did not have"))
        elif self.panel["type"] == "stat":
            value = self.lines[0][2][-1][1]
            steps = self.panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            colour = [step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]
            value, colour = shown(value, self.unit), {"green": "#73bf69", "orange": "#ff9830", "red": "#e02f44"}[colour]
            out.append(f'<text x="{self.x + self.width / 2}" y="{self.y + self.height - 22}" fill="{colour}" font-size="32" text-anchor="middle">{value}</text>')
        elif self.panel["type"] == "heatmap":
            out += self.heatmap(begin, end)
        else:
            out += self.curves(begin, end)
        return out

    def word(self, text):
        return (f'<text x="{self.x + self.width / 2}" y="{self.y + self.height / 2}" fill="#6e7681" font-size="11" '
                f'text-anchor="middle">{escape(text)}</text>')

    def area(self):
        return self.x + 62, self.y + 26, self.width - 72, self.height - 58

    def curves(self, begin, end):
        left, top, width, height = self.area()
        stacked = self.panel["fieldConfig"]["defaults"].get("custom", {}).get("stacking", {}).get("mode") == "normal"
        base, out, tops = {}, [], []
        for _, _, points in self.lines:
            raised = [(time, value + base.get(time, 0) * stacked) for time, value in points]
            base.update(raised)
            tops.append(raised)
        highest = max((value for points in tops for _, value in points), default=0) or 1
        lowest = min((value for points in tops for _, value in points if value > 0), default=highest)
        is_logarithmic = self.panel["fieldConfig"]["defaults"].get("custom", {}).get("scaleDistribution", {}).get("type") == "log"

        def part_of(value):
            if not is_logarithmic or lowest == highest:
                return value / highest
            return math.log(max(value, lowest) / lowest) / math.log(highest / lowest)

        for part in (0, 0.5, 1):
            y = top + height * (1 - part)
            at = lowest * (highest / lowest) ** part if is_logarithmic else highest * part
            out.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.0f}" y2="{y:.0f}" stroke="#2c3235"/>')
            out.append(f'<text x="{left - 4}" y="{y + 4:.0f}" fill="#9fa7b3" font-size="10" text-anchor="end">{shown(at, self.unit)}</text>')
        for index, points in enumerate(tops):
            for stretch in unbroken(points):
                path = " ".join(f"{left + width * (time - begin) / (end - begin):.0f},{top + height * (1 - part_of(value)):.1f}" for time, value in stretch)
                out.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[index % len(COLOURS)]}" stroke-width="1.2"/>')
        return out + self.legend()

    def heatmap(self, begin, end):
        left, top, width, height = self.area()
        bounds = sorted((float(metric["le"]) if metric["le"] != "+Inf" else math.inf, points) for _, metric, points in self.lines)
        cells, before = [], {}
        for row, (_, points) in enumerate(bounds):
            for time, value in points:
                cells.append((row, time, max(0, value - before.get(time, 0))))
            before = dict(points)
        most = max((count for _, _, count in cells), default=0) or 1
        step, tall, out = max(1.0, width / max(1, end - begin)), height / len(bounds), []
        for row, time, count in cells:
            if count > 0:
                x, y = left + width * (time - begin) / (end - begin), top + height - (row + 1) * tall
                out.append(f'<rect x="{x:.0f}" y="{y:.1f}" width="{step + 1:.0f}" height="{tall:.1f}" fill="#ff9830" opacity="{0.15 + 0.85 * count / most:.2f}"/>')
        for row, (bound, _) in enumerate(bounds):
            y = top + height - row * tall - tall / 2 + 3
            name = "more" if math.isinf(bound) else shown(bound, self.unit)
            out.append(f'<text x="{left - 4}" y="{y:.0f}" fill="#9fa7b3" font-size="8" text-anchor="end">{name}</text>')
        return out

    def legend(self):
        x, y, out = self.x + 8, self.y + self.height - 12, []
        room = self.x + self.width - 40
        named = [(index, legend) for index, (legend, _, points) in enumerate(self.lines) if legend and any(value for _, value in points)]
        named = named or [(index, legend) for index, (legend, _, _) in enumerate(self.lines) if legend]
        for index, legend in named[:LEGEND_MAX]:
            length = 7 * len(legend) + 22
            if x + length > room:
                out.append(f'<text x="{x}" y="{y}" fill="#9fa7b3" font-size="10">...</text>')
                break
            out.append(f'<rect x="{x}" y="{y - 6}" width="10" height="3" fill="{COLOURS[index % len(COLOURS)]}"/>')
            out.append(f'<text x="{x + 14}" y="{y}" fill="#9fa7b3" font-size="10">{escape(legend)}</text>')
            x += length
        return out


def main():
    folder, target = map(Path, sys.argv[1:])
    answers = json.loads((folder / "panels.json").read_text())
    # What has no labels may be there without anything having been scraped.
    told = [series for answer in answers for series in answer["series"] if "instance" in series["metric"] or "component" in series["metric"]]
    times = [float(time) for series in told for time, _ in series["values"]]
    begin, end = min(times), max(times)
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(DASHBOARDS.glob("*.json")):
        dashboard = json.loads(path.read_text())
        own = {(answer["panel"], answer["target"]): answer["series"] for answer in answers if answer["dashboard"] == dashboard["uid"]}
        panels = [Panel(panel, own, begin) for panel in dashboard["panels"]]
        width, height = 24 * CELL_WIDTH + 2 * GAP, max(panel.y + panel.height for panel in panels) + GAP
        body = "\n".join(line for panel in panels for line in panel.drawn(begin, end))
        (target / f"{path.stem}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="DejaVu Sans, Verdana, sans-serif">\n'
            f'<rect width="{width}" height="{height}" fill="#111217"/>\n{body}\n</svg>\n')


if __name__ == "__main__":
    main()
