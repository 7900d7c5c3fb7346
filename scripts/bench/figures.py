"""What the raw runs say: medians, ratios of neighbours in a turn, and each target with met or missed."""
from statistics import median


def middle(contender, what="cpu_s"):
    return median(run[what] for run in contender["runs"])


def ratio(a, b, what="cpu_s"):
    """The median of the ratios turn by turn: both ran within the same minute."""
    return median(x[what] / y[what] for x, y in zip(a["runs"], b["runs"]))


def bytes_of(contender):
    return sum(file["bytes"] for file in contender["files"].values())


def scores_of(contender):
    return [file["score"] for file in contender["files"].values()]


def at_most(what, limit, value, unit=""):
    return {"what": what, "target": f"<= {limit:g}{unit}", "value": value, "unit": unit, "met": value <= limit,
            "off_by": value / limit - 1}


def at_least(what, limit, value):
    return {"what": what, "target": f">= {limit:g}", "value": value, "unit": "", "met": value >= limit,
            "off_by": 1 - value / limit}


def per_job_ms(small, name):
    """CPU of a job: what a run took more than one on an empty folder."""
    return median((run["cpu_s"] - empty["cpu_s"]) / small["jobs"] * 1000 for run, empty in zip(small[name], small["empty"]))


def targets(results):
    rows = []
    if "end_to_end" in results:
        rows += end_to_end(results["end_to_end"]["sets"])
    for photo, told in results.get("forty", {}).items():
        decodes = max(told["forty"]["decodes"] + told["forty, looked at"]["decodes"])
        rows.append(at_most(f"{photo}: 40 files over three lanes, decodes", 1, decodes))
        rows.append(at_most(f"{photo}: 40 files over three lanes, CPU of the whole worker over the floor", 1.15,
                            ratio(told["forty"], told["floor"])))
    if "avif" in results:
        rows += avif(results["avif"])
    for row in results.get("memory", []):
        limit = {(20, "jpg"): 120, (100, "jpg"): 350, (100, "png"): 350}.get((row["mpx"], row["format"]))
        if limit:
            files = "with AVIF" if row["set"] == "all" else "JPEG and WebP"
            name = {"jpg": "JPEG", "png": "PNG"}[row["format"]]
            rows.append(at_most(f"peak memory of the renderer, {row['mpx']} Mpx {name}, six widths, {files}", limit,
                                row["peak_mb"], " MB"))
    if "small_jobs" in results:
        small = results["small_jobs"]
        rows.append(at_most("tiny original (64 px PNG, one file), CPU per job", 3, per_job_ms(small, "first"), " ms"))
        rows.append(at_most("original with everything there already, CPU at the next start", 5, per_job_ms(small, "again"), " ms"))
    if "isolation" in results:
        ladder, tiny = (toll(results["isolation"][name]) for name in ("ladder", "tiny"))
        rows.append(at_most("isolation, 20 Mpx ladder, CPU over the same in one process", 1.05, ladder["pooled"]["over"]))
        rows.append(at_most("isolation, tiny job, CPU more than in one process", 1, tiny["pooled"]["more_ms"], " ms"))
    if "service" in results:
        rows.append(at_most("start of the program to ready", 300, median(results["service"]["ready_ms"]), " ms"))
        rows.append(at_most("CPU of an idle worker", 0.5, median(results["service"]["idle_cpu"]) * 100, " % of a core"))
    return rows


def toll(part):
    """Of each way: CPU of a job, and how it stands to the same job in one process, turn by turn."""
    alone = part["ways"]["in-process"]
    return {way: {"cpu_ms": median(run["cpu_s"] for run in runs) * 1000,
                  "wall_ms": median(run["wall_s"] for run in runs) * 1000,
                  "over": median(run["cpu_s"] / other["cpu_s"] for run, other in zip(runs, alone)),
                  "more_ms": median(run["cpu_s"] - other["cpu_s"] for run, other in zip(runs, alone)) * 1000}
            for way, runs in part["ways"].items()}


def end_to_end(sets):
    rows = whole_worker(sets["ladder"], "plain JPEG and WebP") + whole_worker(sets["mozjpeg"], "mozjpeg and WebP")
    one, two = (sets["ladder"].get(f"minilab standalone, {slots}") for slots in ("1 slot", "2 slots"))
    if two:
        rows.append(at_least("throughput of 2 slots over 1", 1.9, ratio(one, two, "wall_s")))
    return rows


def whole_worker(contenders, files):
    one = contenders["minilab standalone, 1 slot"]
    rows = [at_most(f"CPU per original, whole worker over the floor, {files}", 1.10, ratio(one, contenders["floor"]))]
    if "sharp" in contenders:
        rows.append(at_most(f"CPU per original, whole worker over sharp, {files}", 0.55, ratio(one, contenders["sharp"])))
    return rows


def avif(part):
    """Against sharp's own AVIF settings: CPU at the recipe's quality, and what the quality that scores alike takes."""
    rows = []
    for photo, contenders in part["photos"].items():
        peer, ours = contenders.get("sharp, own-avif"), contenders["minilab render"]
        if peer is None:
            continue
        alike = at_score(median(scores_of(peer)), [ours, *part["curves"][photo]])
        if alike is None:
            rows.append(at_most(f"AVIF ladder over sharp's own settings, {photo}: no quality scores alike", 0.30, float("inf")))
            continue
        more = alike / bytes_of(peer) - 1
        limit = 0.75 if more <= 0.05 else 0.30
        # CPU hardly depends on the quality; the recipe's own is the higher one.
        row = at_most(f"AVIF ladder over sharp's own settings, {photo}, CPU; {more:+.0%} bytes at equal score", limit, ratio(ours, peer))
        row["met"] = row["met"] and more <= 0.15
        row["note"] = None if more <= 0.15 else "more than 15 % more bytes"
        rows.append(row)
    return rows


def at_score(score, points):
    """Bytes at a score, in proportion between the two qualities around it."""
    known = sorted((median(scores_of(point)), bytes_of(point)) for point in points)
    for (low, fewer), (high, more) in zip(known, known[1:]):
        if low <= score <= high:
            return fewer + (more - fewer) * (score - low) / (high - low)
    return None
