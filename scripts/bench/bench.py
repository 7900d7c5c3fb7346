#!/usr/bin/env python3
"""`make bench`: minilab beside a floor and its peers on the same originals, in turns, and a report of what came out.

`bench.py PROGRAMS_DIR [--runs N] [--only PART,...]`. Nothing here fails for being slow: figures are reported, with the
targets beside them. Writes target/bench/report.{json,md} and the plots; docs/PERFORMANCE.md says how to read them.
"""
import argparse
import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path

import contenders
import inputs
import parts
import process
import report

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
WORK = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "bench"


def machine(profile):
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.machine())
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "system": f"{platform.system()} {platform.machine()}",
            "profile": profile, "load before": round(os.getloadavg()[0], 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=Path, help="folder of the built programs")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each contender")
    parser.add_argument("--only", default=",".join(parts.ALL), help=f"parts to run: {', '.join(parts.ALL)}")
    args = parser.parse_args()
    unknown = set(args.only.split(",")) - set(parts.ALL)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")

    process.adopt_orphans()
    began = time.monotonic()
    shutil.rmtree(WORK / "run", ignore_errors=True)
    (WORK / "run").mkdir(parents=True)
    told = json.loads((HERE / "settings.json").read_text())
    sets = {name: contenders.Settings(name, told["widths"], formats, WORK / "run") for name, formats in told["sets"].items()}
    everything = told["sets"]["mozjpeg"] + told["sets"]["avif"]
    sets["all"] = contenders.Settings("all", told["widths"], everything, WORK / "run")
    forty = told["forty"]
    for name, looks in (("forty", ()), ("forty, looked at", forty["looks"])):
        sets[name] = contenders.Settings(name.replace(", ", "-").replace(" ", "-"), forty["widths"], told["sets"]["mozjpeg"],
                                         WORK / "run", forty["lanes"], looks)
    sharp, why_not = contenders.install_sharp(HERE / "sharp", WORK / "sharp")
    missing = {} if sharp else {"sharp": why_not}
    if not shutil.which("vipsthumbnail"):
        missing["vipsthumbnail"] = "not on the PATH; Debian has it in libvips-tools"
    for name, reason in missing.items():
        print(f"bench: {name} takes no part: {reason}", file=sys.stderr)

    bench = parts.Bench(root=ROOT, programs=args.programs.resolve(), work=WORK, runs=args.runs, sets=sets, sharp=sharp,
                        has_vipsthumbnail="vipsthumbnail" not in missing, photos=inputs.photos(ROOT))
    results = {"machine": machine(args.programs.name), "runs": args.runs, "missing": missing,
               "settings": told}
    for part in args.only.split(","):
        print(f"bench: {part}", file=sys.stderr, flush=True)
        results[part] = parts.ALL[part](bench)
    results["seconds"] = round(time.monotonic() - began)
    results["machine"]["load after"] = round(os.getloadavg()[0], 2)
    report.write(results, WORK)


if __name__ == "__main__":
    main()
