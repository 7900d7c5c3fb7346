"""The plots of the report: what bytes buy, what CPU is spent, how slots scale, what memory is held."""
import figures
import svg

SHAPES = {"jpg": "circle", "webp": "square", "avif": "triangle"}
PANEL_WIDTH, PANEL_HEIGHT = 420, 300


def draw(results, work):
    drawn = []
    for name, part, plot in [("quality.svg", "one_photo", quality), ("cpu.svg", "one_photo", cpu),
                             ("throughput.svg", "end_to_end", throughput), ("memory.svg", "memory", memory)]:
        if part in results:
            plot(results).save(work / name)
            drawn.append(name)
    return drawn


def by_photo(results):
    """JPEG, WebP and AVIF runs of a photo together: {photo: {contender: {file: ...}}}."""
    photos = {}
    for part in (results.get("one_photo", {}), results.get("avif", {}).get("photos", {})):
        for photo, contenders in part.items():
            for name, contender in contenders.items():
                photos.setdefault(photo, {}).setdefault(name, {}).update(contender["files"])
    return photos


def legend(canvas, names, y):
    """A line of coloured names; returns their colours."""
    colours = {name: svg.COLOURS[i % len(svg.COLOURS)] for i, name in enumerate(names)}
    x = 16
    for name, colour in colours.items():
        canvas.mark(x + 5, y - 4, colour)
        canvas.text(x + 14, y, name)
        x += 30 + 7 * len(name)
    return colours


def quality(results):
    photos = by_photo(results)
    # The floor's files are minilab's, byte for byte: one of them is enough.
    names = [n for n in dict.fromkeys(n for c in photos.values() for n in c) if n not in ("floor", "sharp, default")]
    rows = (len(photos) + 1) // 2
    canvas = svg.Canvas(2 * PANEL_WIDTH + 40, rows * PANEL_HEIGHT + 100, "Bytes against score: one mark for each file, widths 320 to 2560")
    colours = legend(canvas, names, 48)
    canvas.text(16, 68, "circle JPEG, square WebP, triangle AVIF; up and to the left is better", size=11)
    widest = max(results["settings"]["widths"])
    marks = {photo: [(name, file.split(".")[1], told["bytes"] / 1000, told["score"]) for name in names
                     for file, told in contenders.get(name, {}).items()] for photo, contenders in photos.items()}
    every = [mark for group in marks.values() for mark in group]
    sizes, scores = [m[2] for m in every], [m[3] for m in every]
    for index, (photo, group) in enumerate(marks.items()):
        left, top = 60 + index % 2 * PANEL_WIDTH, 100 + index // 2 * PANEL_HEIGHT
        x = svg.Scale(min(sizes) * 0.8, max(sizes) * 1.2, left, left + PANEL_WIDTH - 60, log=True)
        y = svg.Scale(min(scores) - 2, max(scores) + 2, top + PANEL_HEIGHT - 80, top + 20)
        svg.axes(canvas, x, y, f"kB of a file, up to {widest} wide", "SSIMULACRA2")
        canvas.text(left + PANEL_WIDTH - 60, top + 12, photo, anchor="end", weight="bold")
        for name, extension, size, score in group:
            canvas.mark(x(size), y(score), colours[name], SHAPES[extension])
    return canvas


def cpu(results):
    photos = results["one_photo"]
    names = list(dict.fromkeys(name for contenders in photos.values() for name in contenders))
    height = 20 * len(names) + 34
    canvas = svg.Canvas(860, height * len(photos) + 60, "CPU of one photo to twelve JPEG and WebP files, seconds")
    highest = max(figures.middle(c) for contenders in photos.values() for c in contenders.values())
    scale = svg.Scale(0, highest * 1.08, 190, 820)
    for row, (photo, contenders) in enumerate(photos.items()):
        top = 44 + row * height
        canvas.text(16, top + 12, photo, weight="bold")
        for index, (name, contender) in enumerate(contenders.items()):
            y, value = top + 20 + index * 20, figures.middle(contender)
            canvas.text(182, y + 12, name, anchor="end")
            canvas.bar(190, y, scale(value) - 190, 15, svg.COLOURS[names.index(name) % len(svg.COLOURS)])
            canvas.text(scale(value) + 5, y + 12, f"{value:.2f}", size=11)
    return canvas


def throughput(results):
    part = results["end_to_end"]
    slots = part["slots"]
    rates = [part["originals"] / figures.middle(part["sets"]["ladder"][f"minilab standalone, {n} slot{'s' if n > 1 else ''}"], "wall_s")
             for n in slots]
    canvas = svg.Canvas(640, 380, "Throughput of the whole worker, 20 Mpx originals to twelve files")
    x = svg.Scale(0, max(slots) + 0.5, 70, 610)
    y = svg.Scale(0, max(*rates, rates[0] * max(slots)) * 1.1, 320, 70)
    svg.axes(canvas, x, y, "slots", "originals per second")
    canvas.line(x(0), y(0), x(max(slots)), y(rates[0] * max(slots)), colour="#888", dash="4 4")
    canvas.text(x(max(slots)) - 8, y(rates[0] * max(slots)) - 6, "in proportion", anchor="end", size=11, colour="#666")
    for n, rate in zip(slots, rates):
        canvas.mark(x(n), y(rate), svg.COLOURS[0], size=5)
        canvas.text(x(n) + 9, y(rate) + 14, f"{rate:.2f}", size=11)
    return canvas


def memory(results):
    rows = results["memory"]
    canvas = svg.Canvas(860, 20 * len(rows) + 90, "Peak memory of the renderer, MB")
    scale = svg.Scale(0, max(row["peak_mb"] for row in rows) * 1.08, 190, 820)
    colours = legend(canvas, ["JPEG and WebP files", "with AVIF"], 46)
    for index, row in enumerate(rows):
        y = 60 + index * 20
        canvas.text(182, y + 12, f"{row['mpx']} Mpx {row['format'].upper().replace('JPG', 'JPEG')}", anchor="end")
        colour = colours["with AVIF" if row["set"] == "all" else "JPEG and WebP files"]
        canvas.bar(190, y, scale(row["peak_mb"]) - 190, 15, colour)
        canvas.text(scale(row["peak_mb"]) + 5, y + 12, f"{row['peak_mb']:.0f}", size=11)
    return canvas
