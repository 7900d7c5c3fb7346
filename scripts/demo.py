#!/usr/bin/env python3
"""The demo: starts `minilab standalone` on a fresh folder, drops photos in, waits for every manifest, shows the result.

Run by `make demo`; everything it makes is under demo/. A second run finds all made and makes nothing.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"
IN, OUT, SHEET, LOG = DEMO / "photos", DEMO / "out", DEMO / "sheet.html", DEMO / "minilab.log"
MINILAB = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "minilab"
PATIENCE_S = 900


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def start():
    log = LOG.open("w")
    worker = subprocess.Popen([MINILAB, "standalone", IN, OUT, "--listen", "127.0.0.1:0", "--json"],
                              stdout=subprocess.PIPE, stderr=log, text=True)
    for line in worker.stdout:
        said = json.loads(line)
        if "listening" in said:
            return worker, said["listening"].rstrip("/")
    sys.exit(f"demo: minilab did not start; its log is {LOG}:\n{LOG.read_text()[-2000:]}")


def drop(photos):
    for photo in photos:
        target = IN / photo.name
        if not target.exists():
            partial = target.with_name(f".{photo.name}.part")
            shutil.copyfile(photo, partial)
            partial.rename(target)


def status(base, name):
    try:
        return json.loads(get(f"{base}/{urllib.parse.quote(name)}/manifest.json"))["status"]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return "waiting"
        raise


def wait(base, names):
    started, shown = time.monotonic(), None
    while True:
        states = {name: status(base, name) for name in names}
        done = sum(s in ("complete", "failed") for s in states.values())
        line = f"{done} of {len(names)} photos complete"
        if line != shown:
            print(f"  {time.monotonic() - started:5.1f} s  {line}", flush=True)
            shown = line
        if done == len(names):
            return states
        if time.monotonic() - started > PATIENCE_S:
            sys.exit(f"demo: not complete after {PATIENCE_S} s; the log is {LOG}")
        time.sleep(0.2)


def rendered(base):
    total = 0
    for line in get(f"{base}/metrics").decode().splitlines():
        if line.startswith("minilab_files_rendered_total"):
            total += float(line.rsplit(" ", 1)[1])
    return int(total)


def main():
    photos = sorted(p for p in Path(sys.argv[1]).iterdir() if p.is_file() and not p.name.startswith("."))
    if not photos:
        sys.exit(f"demo: no photos in {sys.argv[1]}")
    IN.mkdir(parents=True, exist_ok=True)
    OUT.mkdir(parents=True, exist_ok=True)
    print(f"minilab standalone {IN.relative_to(ROOT)} {OUT.relative_to(ROOT)}", flush=True)
    worker, base = start()
    try:
        drop(photos)
        states = wait(base, [p.name for p in photos])
        made = rendered(base)
    finally:
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(timeout=120)
    report = subprocess.run([MINILAB, "report", IN, OUT, "--html", SHEET])
    print(f"\n{made} files rendered in this run" + (" (all were there already)" if made == 0 else ""))
    print(f"  derivatives    {OUT.relative_to(ROOT)}/")
    print(f"  contact sheet  {SHEET.relative_to(ROOT)}   (open it in a browser)")
    print(f"  a manifest     {OUT.relative_to(ROOT)}/{photos[0].name}/manifest.json")
    print(f"  log            {LOG.relative_to(ROOT)}")
    failed = [name for name, state in states.items() if state == "failed"]
    if failed:
        print("failed: " + ", ".join(failed))
    sys.exit(report.returncode or code or (3 if failed else 0))


main()
