"""Who does the work: each contender turns a list of originals and a set of settings into a command and finds its files.

All write with mozjpeg's options, libwebp's effort and aom's effort of the settings; what a contender cannot do is said by
its name and shows in bytes and score.
"""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

RECIPE = """version: 1
from: {{ folder: {originals} }}
to: {{ folder: {out} }}
limits: {{ bytes: 500MB, pixels: 101M }}
recipes:
  bench:
{looks}    derivatives:
{derivatives}"""
DERIVATIVE = """      {name}:
        resize: {{ widths: {widths} }}
        formats: {formats}
        encodings: {encodings}
"""


class Settings:
    """One set of the settings, as a file for those that read it and as a recipe for minilab."""

    def __init__(self, name, widths, formats, work, lanes=None, looks=()):
        self.name, self.widths, self.formats, self.work = name, widths, formats, work
        # Lanes by format, of what is not in the fast one; and what is looked for in each original besides.
        self.lanes, self.looks = lanes or {}, looks
        self.path = work / f"{name}.json"
        self.path.write_text(json.dumps({"widths": widths, "formats": formats}))

    def at_quality(self, quality):
        """The same set at another quality, for reading bytes off at equal scores."""
        formats = [{**encoding, "quality": quality} for encoding in self.formats]
        return Settings(f"{self.name}-q{quality}", self.widths, formats, self.work)

    def files(self):
        return len(self.widths) * len(self.formats)

    def recipe(self, originals="in", out="out", fast_up_to=0):
        """Widths up to `fast_up_to` go into the fast lane, so that it and the rest have queues of their own."""
        derivatives = ""
        for name, lane, widths in [("small", "fast", [w for w in self.widths if w <= fast_up_to]),
                                   ("photo", "standard", [w for w in self.widths if w > fast_up_to])]:
            if widths:
                of = {} if lane == "fast" else self.lanes
                told = {f["format"]: {k: v for k, v in f.items() if k != "format"} | {"lane": of.get(f["format"], lane)}
                        for f in self.formats}
                derivatives += DERIVATIVE.format(name=name, widths=widths, formats=json.dumps(list(told)),
                                                 encodings=json.dumps(told))
        looks = "".join(f"    {line}\n" for line in self.looks)
        path = self.work / f"{self.name}-{fast_up_to}-{abs(hash((str(originals), str(out)))):x}.yaml"
        path.write_text(RECIPE.format(originals=json.dumps(str(originals)), out=json.dumps(str(out)), looks=looks,
                                      derivatives=derivatives))
        return path


class Floor:
    name, says = "floor", "plain libvips loop on minilab's own binding: one decode, chained sizes, one thread"

    def __init__(self, programs):
        self.program = programs / "minilab-floor"

    def command(self, settings, out, originals):
        return [self.program, settings.path, out, *originals], {}


class Render:
    name, says = "minilab render", "the recipe through planner and an isolated renderer process"

    def __init__(self, programs):
        self.program = programs / "minilab"

    def command(self, settings, out, originals):
        return [self.program, "render", settings.recipe(), *originals, "--out", out], {}


class Standalone:
    """The whole worker: watched folder, SQLite queue, lanes, records, isolated renderers."""

    def __init__(self, programs, slots, fast_up_to=0, level="warn"):
        self.program, self.slots, self.fast_up_to, self.level = programs / "minilab", slots, fast_up_to, level
        lanes = ", two lanes" if fast_up_to else ""
        self.name = f"minilab standalone, {slots} slot{'s' if slots > 1 else ''}{lanes}"
        self.says = "the whole worker: folder, queue, lanes, records, isolated renderers"

    def command(self, settings, out, originals):
        recipe = settings.recipe(originals[0].parent, out, self.fast_up_to)
        return self.started(recipe), {}

    def started(self, recipe):
        return [self.program, "standalone", "--config", recipe, "--listen", "127.0.0.1:0", "--until-idle",
                "--slots", self.slots, "--log-level", self.level, "--log-format", "json"]


class Sharp:
    STYLES = {
        "single": "one pipeline per output from the buffer, cache off, concurrency 1",
        "default": "the same with sharp's own threads and cache",
        "own-avif": "as `sharp` with its own AVIF settings",
        "chained": "chained by hand from raw pixels, concurrency 1",
    }

    def __init__(self, folder, style):
        self.folder, self.style = folder, style
        self.name = "sharp" if style == "single" else f"sharp, {style}"
        self.says = self.STYLES[style]

    def command(self, settings, out, originals):
        return ["node", self.folder / "ladder.mjs", self.style, settings.path, out, *originals], {}


class VipsThumbnail:
    """Debian's program on Debian's libvips: another libjpeg and an older aom, so mozjpeg's options do nothing."""

    name, says = "vipsthumbnail", "Debian's program, one process per output"
    OPTIONS = {
        "jpeg": "Q={quality},optimize_coding,interlace,strip",
        "webp": "Q={quality},reduction_effort={effort},strip",
        "avif": "Q={quality},effort={effort},compression=av1,strip",
    }
    EXTENSION = {"jpeg": "jpg", "webp": "webp", "avif": "avif"}

    def command(self, settings, out, originals):
        lines = ["set -e"]
        for original in originals:
            folder = out / original.name
            lines.append(f"mkdir -p '{folder}'")
            for width in settings.widths:
                for encoding in settings.formats:
                    name = encoding["format"]
                    target = f"{folder}/{width}.{self.EXTENSION[name]}[{self.OPTIONS[name].format(**encoding)}]"
                    lines.append(f"vipsthumbnail '{original}' --size {width}x -o '{target}'")
        return ["sh", "-c", "\n".join(lines)], {"VIPS_CONCURRENCY": "1"}


def install_sharp(source, folder):
    """Puts the locked sharp into a folder of its own; None, said aloud, where there is no npm or registry."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None, "node and npm are not on the PATH"
    folder.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.is_file():
            shutil.copyfile(file, folder / file.name)
    if not (folder / "node_modules" / "sharp").is_dir():
        command = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run(command, cwd=folder).returncode != 0:
            shutil.rmtree(folder / "node_modules", ignore_errors=True)
            return None, "npm could not fetch it"
    return folder, None


def outputs(out):
    """The image files below a contender's folder: {(original, width, extension): path}."""
    found = {}
    for path in Path(out).rglob("*"):
        relative = path.relative_to(out)
        named = re.fullmatch(r"(?:\w+-)?(\d+)w?(?:\.g\d+-\w+)?\.(jpg|webp|avif)", path.name)
        if path.is_file() and named and not any(part == ".minilab" for part in relative.parts):
            found[relative.parts[0], int(named[1]), named[2]] = path
    return found
