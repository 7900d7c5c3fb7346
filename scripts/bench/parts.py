"""What is measured, part by part. Contenders take turns, A B C A B C, so that a machine that slows down slows all of them."""
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import contenders
import inputs
import process

BATCH = 16
TINY_JOBS = 300
AVIF_PHOTOS = 2
AVIF_QUALITIES = [35, 40, 45, 50]
IDLE_S = 5
LADDER_JOBS = 8
WAYS = ["in-process", "pooled", "unwalled", "per-job"]


@dataclass
class Bench:
    root: Path
    programs: Path
    work: Path
    runs: int
    sets: dict
    sharp: Path | None
    has_vipsthumbnail: bool
    photos: list

    def folder(self, *names):
        folder = self.work / "run" / "-".join(str(name).replace(" ", "_") for name in names)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def log(self):
        return self.work / "run" / "log"

    def contender_run(self, contender, settings, originals):
        out = self.folder("out", contender.name)
        command, environment = contender.command(settings, out, originals)
        return process.run(command, self.log(), **environment), out

    def take_turns(self, group, settings, originals):
        """Runs a group `runs` times in turn: {contender: {runs, files by width and extension}}."""
        told = {c.name: {"says": c.says, "runs": [], "files": {}} for c in group}
        for turn in range(self.runs):
            for contender in group:
                done, out = self.contender_run(contender, settings, originals)
                told[contender.name]["runs"].append(asdict(done))
                files = contenders.outputs(out)
                expected = settings.files() * len(originals)
                if len(files) != expected:
                    sys.exit(f"bench: {contender.name} made {len(files)} files where {expected} were asked for: {out}")
                if turn == 0:
                    kept = self.folder("kept", contender.name, originals[0].stem)
                    for (original, width, extension), path in files.items():
                        if original == originals[0].name:
                            shutil.copyfile(path, kept / f"{width}.{extension}")
                    told[contender.name]["files"] = {
                        f"{width}.{extension}": str(kept / f"{width}.{extension}")
                        for original, width, extension in sorted(files) if original == originals[0].name}
                shutil.rmtree(out)
        return told

    def score(self, told, original):
        """Replaces paths by bytes and SSIMULACRA2 against the original resized directly; equal files are scored once."""
        distinct = {}
        for contender in told.values():
            for path in contender["files"].values():
                distinct.setdefault(Path(path).read_bytes(), path)
        ordered = sorted(distinct.values(), key=lambda path: Path(path).name)
        scorer = subprocess.run([self.programs / "minilab-score"], check=True, text=True, capture_output=True,
                                input="".join(f"{original}\t{path}\n" for path in ordered))
        scored = {line["file"]: line for line in map(json.loads, scorer.stdout.splitlines())}
        for contender in told.values():
            contender["files"] = {name: {k: scored[distinct[Path(path).read_bytes()]][k] for k in ("bytes", "score")}
                                  for name, path in contender["files"].items()}

    def peers(self, styles):
        return [contenders.Sharp(self.sharp, style) for style in styles] if self.sharp else []


def quality(bench, photos, set_name, group):
    results = {}
    for photo in photos:
        print(f"  {photo.name}", file=sys.stderr, flush=True)
        told = bench.take_turns(group, bench.sets[set_name], [photo.path])
        bench.score(told, photo.path)
        results[photo.name] = told
    return results


def one_photo(bench):
    """JPEG, as the default recipe encodes it, and WebP of one photo in a process of its own, start-up included."""
    group = [contenders.Floor(bench.programs), contenders.Render(bench.programs), *bench.peers(["single", "default", "chained"])]
    if bench.has_vipsthumbnail:
        group.append(contenders.VipsThumbnail())
    return quality(bench, bench.photos, "mozjpeg", group)


def avif(bench):
    """The AVIF ladder beside sharp with its own settings of AVIF, and at what bytes both score alike."""
    group = [contenders.Floor(bench.programs), contenders.Render(bench.programs), *bench.peers(["single", "own-avif"])]
    photos = bench.photos[:AVIF_PHOTOS]
    results = quality(bench, photos, "avif", group)
    curves = {photo.name: [curve_point(bench, photo, quality) for quality in AVIF_QUALITIES] for photo in photos}
    return {"photos": results, "curves": curves}


def curve_point(bench, photo, quality):
    """Bytes and scores of the floor, whose files are minilab's, at another quality; one run, as no time is read off it."""
    floor = contenders.Floor(bench.programs)
    once = replace(bench, runs=1)
    told = once.take_turns([floor], bench.sets["avif"].at_quality(quality), [photo.path])
    once.score(told, photo.path)
    return {"quality": quality, "runs": told[floor.name]["runs"], "files": told[floor.name]["files"]}


def end_to_end(bench):
    """Several originals through the whole worker; CPU for each original against the floor's and sharp's."""
    originals = inputs.copies(bench.photos[0].path, BATCH, bench.folder("in"))
    cores = len(os.sched_getaffinity(0))
    slots = sorted({1, 2, cores} & set(range(1, cores + 1)))
    group = [contenders.Floor(bench.programs), *(contenders.Standalone(bench.programs, n) for n in slots),
             contenders.Standalone(bench.programs, 1, fast_up_to=320), *bench.peers(["single"])]
    searching = [contenders.Floor(bench.programs), contenders.Standalone(bench.programs, 1), *bench.peers(["single"])]
    told = {"ladder": bench.take_turns(group, bench.sets["ladder"], originals),
            "mozjpeg": bench.take_turns(searching, bench.sets["mozjpeg"], originals)}
    for contender in [*told["ladder"].values(), *told["mozjpeg"].values()]:
        contender.pop("files")
    return {"originals": BATCH, "slots": slots, "sets": told}


def forty(bench):
    """Forty files over three lanes of one original at a time, as an idle worker makes them: one decode, said by the worker."""
    fast_up_to = json.loads((Path(__file__).parent / "settings.json").read_text())["forty"]["fast_up_to"]
    floor, worker = contenders.Floor(bench.programs), contenders.Standalone(bench.programs, 1, fast_up_to, level="info")
    results = {}
    for photo in bench.photos:
        [original] = inputs.copies(photo.path, 1, bench.folder("in-forty", photo.name))
        told = {name: {"runs": [], "decodes": []} for name in ("floor", "forty", "forty, looked at")}
        for _ in range(bench.runs):
            for name in told:
                settings = bench.sets["forty" if name == "floor" else name]
                done, out = bench.contender_run(floor if name == "floor" else worker, settings, [original])
                made = len(contenders.outputs(out))
                if made != settings.files():
                    sys.exit(f"bench: {name} made {made} files of {photo.name} where {settings.files()} were asked for")
                told[name]["runs"].append(asdict(done))
                if name != "floor":
                    told[name]["decodes"].append(decodes(bench.log()))
                shutil.rmtree(out)
        results[photo.name] = told
    return results


def decodes(log):
    """How often the worker says that it decoded originals."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return sum(fields.get("decodes", 0) for fields in lines)


def small_jobs(bench):
    """What a job costs that has next to nothing to do, and one that has nothing to do."""
    tiny = inputs.tiny(bench.programs / "minilab-enlarge", bench.photos[0], bench.work / "inputs")
    settings = contenders.Settings("tiny", [32], [bench.sets["ladder"].formats[1]], bench.work / "run")
    standalone = contenders.Standalone(bench.programs, 1)
    told = {"jobs": TINY_JOBS, "empty": [], "first": [], "again": []}
    empty = bench.folder("in-empty")
    for _ in range(bench.runs):
        originals = inputs.copies(tiny, TINY_JOBS, bench.folder("in-tiny"))
        nothing, made = bench.folder("out-empty"), bench.folder("out-tiny")
        starts = [("empty", settings.recipe(empty, nothing)), ("first", settings.recipe(originals[0].parent, made)),
                  ("again", settings.recipe(originals[0].parent, made))]
        for name, recipe in starts:
            told[name].append(asdict(process.run(standalone.started(recipe), bench.log())))
        found = len(contenders.outputs(made))
        if found != TINY_JOBS:
            sys.exit(f"bench: {found} files were made of {TINY_JOBS} tiny originals")
    return told


# What a plan may say besides sizes and formats, for the prediction of its cost: `(name, derivatives)`.
PLANS = [("effects", "e: { resize: { width: 1600 }, formats: [jpeg], "
                     "steps: [ { modulate: { saturation: 1.2 } }, { blur: 4 }, { sharpen: { sigma: 1 } } ] }"),
         ("sought look", "s: { resize: { width: 1600 }, target: { ssimulacra2: 75 }, formats: [webp, jpeg] }"),
         ("tiff", "t: { resize: { width: 2560 }, formats: [tiff] }"),
         ("gif", "g: { resize: { width: 640 }, formats: [gif] }")]
KINDS = ["png", "webp", "avif", "tiff"]


def predicted(bench):
    """CPU that plans are expected to take beside what they took: originals of many kinds, then plans of many kinds."""
    minilab, work = bench.programs / "minilab", bench.folder("predicted")
    originals = {photo.name: photo.path for photo in bench.photos}
    for kind in KINDS:
        quick = f", encodings: {{ {kind}: {{ effort: 0 }} }}" if kind in ("webp", "avif") else ""
        document = loose(work, f"to-{kind}", f"all: {{ formats: [{kind}]{quick} }}")
        process.run([minilab, "render", document, bench.photos[0].path, "--out", work / kind], bench.log())
        [originals[f"{bench.photos[0].name}, {kind}"]] = [path for path in (work / kind).rglob("*") if path.is_file()]
    tiny = inputs.tiny(bench.programs / "minilab-enlarge", bench.photos[0], bench.work / "inputs")
    ladder = bench.sets["mozjpeg"].recipe()
    jobs = [(name, ladder, path) for name, path in originals.items()]
    jobs += [(f"{bench.photos[0].name}: {name}", loose(work, name.replace(" ", "-"), derivatives), bench.photos[0].path)
             for name, derivatives in PLANS]
    return [expected(bench, minilab, name, document, path, tiny) for name, document, path in jobs]


def expected(bench, minilab, name, document, path, tiny):
    told = subprocess.run([minilab, "--json", "explain", path, "--config", document], check=True, capture_output=True, text=True)
    made = lambda original: process.run([minilab, "render", document, original, "--out", bench.folder("out-predicted")], bench.log()).cpu_s
    # What a run costs that makes next to nothing is no part of the plan.
    measured = sorted(made(path) - made(tiny) for _ in range(bench.runs))[bench.runs // 2]
    return {"what": name, "predicted_s": json.loads(told.stdout)["plan"]["predicted"]["cpu_ms"] / 1000, "measured_s": round(measured, 3)}


def loose(folder, name, derivatives):
    path = folder / f"{name}.yaml"
    path.write_text("version: 1\nfrom: { folder: in }\nto: { folder: out }\nlimits: { bytes: 500MB, pixels: 101M }\nrecipes:\n  r:\n"
                    f"    derivatives:\n      {derivatives}\n")
    return path


def memory(bench):
    """Peak memory of the largest process, the renderer, for originals of many sizes."""
    made = inputs.large(bench.programs / "minilab-enlarge", bench.photos[0], bench.work / "inputs")
    render = contenders.Render(bench.programs)
    rows = []
    for (mpx, extension), path in made.items():
        for set_name in ("mozjpeg", "all"):
            done, out = bench.contender_run(render, bench.sets[set_name], [path])
            shutil.rmtree(out)
            rows.append({"mpx": mpx, "format": extension, "set": set_name, "peak_mb": round(done.peak_mb, 1),
                         "cpu_s": round(done.cpu_s, 2)})
    return rows


def service(bench):
    """How soon the worker is ready, and what it costs while it waits."""
    told = {"ready_ms": [], "idle_cpu": []}
    for turn in range(bench.runs):
        recipe = bench.sets["ladder"].recipe(bench.folder("in-service"), bench.folder("out-service"))
        began = time.monotonic()
        command = [bench.programs / "minilab", "standalone", "--config", recipe, "--listen", "127.0.0.1:0", "--json",
                   "--log-level", "warn"]
        worker = process.start(command, bench.log())
        address = listening(bench.log(), worker)
        while not is_ready(address):
            time.sleep(0.001)
        told["ready_ms"].append(round((time.monotonic() - began) * 1000, 1))
        if turn == 0:
            before = process.cpu_of_tree(worker.pid)
            time.sleep(IDLE_S)
            told["idle_cpu"].append((process.cpu_of_tree(worker.pid) - before) / IDLE_S)
        worker.terminate()
        worker.wait(60)
    return told


def isolation(bench):
    """CPU of a job by a pool of renderers, with walls and without, and by one for each job, beside the same in one process."""
    toll = bench.programs / "examples" / "toll"
    unwalled = bench.folder("unwalled") / "without-seccomp"
    unwalled.symlink_to(bench.programs / "examples" / "without")
    tiny = inputs.tiny(bench.programs / "minilab-enlarge", bench.photos[0], bench.work / "inputs")
    once = contenders.Settings("tiny", [32], [bench.sets["ladder"].formats[1]], bench.work / "run")
    told = {}
    for name, original, settings, jobs in [("ladder", bench.photos[0].path, bench.sets["ladder"], LADDER_JOBS),
                                           ("tiny", tiny, once, TINY_JOBS)]:
        told[name] = {"jobs": jobs, "ways": {way: [] for way in WAYS}}
        for _ in range(bench.runs):
            for way in WAYS:
                none, all_of_them = (process.run([toll, way, count, original, settings.recipe()]
                                                 + ([unwalled] if way == "unwalled" else []), bench.log())
                                     for count in (0, jobs))
                told[name]["ways"][way].append({"cpu_s": (all_of_them.cpu_s - none.cpu_s) / jobs,
                                                "wall_s": (all_of_them.wall_s - none.wall_s) / jobs})
    return told


def listening(log, worker):
    while worker.poll() is None:
        for line in log.read_text().splitlines():
            if line.startswith("{") and "listening" in line:
                return json.loads(line)["listening"]
        time.sleep(0.001)
    sys.exit(f"bench: the worker ended before it listened:\n{log.read_text()}")


def is_ready(address):
    try:
        with urllib.request.urlopen(f"{address}readyz", timeout=5) as answer:
            return answer.status == 200
    except urllib.error.URLError:
        return False


ALL = {"one_photo": one_photo, "end_to_end": end_to_end, "forty": forty, "predicted": predicted, "memory": memory,
       "small_jobs": small_jobs, "service": service, "avif": avif, "isolation": isolation}
