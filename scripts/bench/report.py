"""Writes what was measured: report.json with every run, report.md with the tables, plots, and the targets to the terminal."""
import json

import figures
import plots


def write(results, work):
    results["targets"] = figures.targets(results)
    (work / "report.json").write_text(json.dumps(results, indent=1))
    drawn = plots.draw(results, work)
    markdown = "\n".join(text(results, drawn)) + "\n"
    (work / "report.md").write_text(markdown)
    print("\n".join(targets(results["targets"])))
    print(f"\n{results['seconds']} s; the whole report is {work / 'report.md'}")


def text(results, drawn):
    machine = results["machine"]
    yield "# minilab benchmark"
    yield ""
    yield (f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}; {machine['profile']} build; {results['runs']} runs of each "
           f"contender in turns; load average {machine['load before']} before, {machine['load after']} after. Figures are medians, ratios the "
           "median of the ratios turn by turn. CPU is user and system time of all processes of a contender.")
    if machine["load before"] > machine["cores"] / 4:
        yield "\n**The machine was busy with other work: CPU ratios hold, wall times and throughput do not.**"
    for name, reason in results["missing"].items():
        yield f"\n**{name} took no part: {reason}.**"
    yield "\n## Targets\n"
    yield from targets(results["targets"])
    if "end_to_end" in results:
        yield from end_to_end(results["end_to_end"])
    if "forty" in results:
        yield from forty(results["forty"])
    if "predicted" in results:
        yield from predicted(results["predicted"])
    if "one_photo" in results:
        yield "\n## JPEG and WebP, six widths, one photo in a process\n"
        yield from peers(results["one_photo"])
    if "avif" in results:
        yield "\n## AVIF, six widths, one photo in a process\n"
        yield from peers(results["avif"]["photos"])
    if "memory" in results:
        yield from memory(results["memory"])
    if "small_jobs" in results:
        yield from small_jobs(results["small_jobs"])
    if "isolation" in results:
        yield from isolation(results["isolation"])
    yield "\n## Plots\n"
    yield from (f"![{name}]({name})" for name in drawn)


def targets(rows):
    yield "| target | wanted | measured | |"
    yield "|---|---|---|---|"
    for row in rows:
        verdict = "met" if row["met"] else f"**missed**: {row['note']}" if row.get("note") else f"**missed** by {row['off_by']:.0%}"
        yield f"| {row['what']} | {row['target']} | {row['value']:.3g}{row['unit']} | {verdict} |"


def span(contender, what, digits=2):
    values = sorted(run[what] for run in contender["runs"])
    middle = figures.middle(contender, what)
    return f"{middle:.{digits}f}" + (f" ({values[0]:.{digits}f} to {values[-1]:.{digits}f})" if len(values) > 1 else "")


def end_to_end(part):
    for told, contenders in (("plain JPEG", part["sets"]["ladder"]), ("JPEG with mozjpeg's options", part["sets"]["mozjpeg"])):
        yield f"\n## {part['originals']} originals of 20 Mpx, twelve files each: {told} and WebP\n"
        yield "| contender | CPU s per original | of the floor | originals/s | peak MB |"
        yield "|---|---|---|---|---|"
        yield from rates(part, contenders)


def rates(part, contenders):
    floor = contenders["floor"]
    for name, contender in contenders.items():
        cpu = figures.middle(contender) / part["originals"]
        rate = part["originals"] / figures.middle(contender, "wall_s")
        yield (f"| {name} | {cpu:.3f} | {figures.ratio(contender, floor):.2f} | {rate:.2f} | "
               f"{figures.middle(contender, 'peak_mb'):.0f} |")


def forty(photos):
    yield "\n## Forty files over three lanes of one original, the whole worker, process included\n"
    yield "| original | CPU s of the floor | CPU s | of the floor | with faces and placeholders | decodes |"
    yield "|---|---|---|---|---|---|"
    for photo, told in photos.items():
        plain, looked = told["forty"], told["forty, looked at"]
        decodes = sorted({*plain["decodes"], *looked["decodes"]})
        yield (f"| {photo} | {span(told['floor'], 'cpu_s')} | {span(plain, 'cpu_s')} | {figures.ratio(plain, told['floor']):.2f} | "
               f"{figures.ratio(looked, told['floor']):.2f} | {', '.join(map(str, decodes))} |")


def predicted(rows):
    yield "\n## CPU that plans are expected to take\n"
    yield "| original or plan | expected s | took s | expected over taken |"
    yield "|---|---|---|---|"
    for row in rows:
        yield f"| {row['what']} | {row['predicted_s']:.2f} | {row['measured_s']:.2f} | {row['predicted_s'] / row['measured_s']:.1f} |"


def peers(photos):
    for photo, contenders in photos.items():
        yield f"\n### {photo}\n"
        yield "| contender | CPU s | of the floor | wall s | peak MB | kB | SSIMULACRA2 median | lowest |"
        yield "|---|---|---|---|---|---|---|---|"
        for name, contender in contenders.items():
            scores = figures.scores_of(contender)
            yield (f"| {name} | {span(contender, 'cpu_s')} | {figures.ratio(contender, contenders['floor']):.2f} | "
                   f"{span(contender, 'wall_s')} | {figures.middle(contender, 'peak_mb'):.0f} | "
                   f"{figures.bytes_of(contender) / 1000:.0f} | {figures.median(scores):.1f} | {min(scores):.1f} |")
    yield ""
    yield from (f"- {name}: {contender['says']}" for name, contender in next(iter(photos.values())).items())


def memory(rows):
    yield "\n## Peak memory of the renderer, MB\n"
    yield "| original | JPEG and WebP | with AVIF |"
    yield "|---|---|---|"
    found = {(row["mpx"], row["format"], row["set"]): row["peak_mb"] for row in rows}
    for mpx, extension in dict.fromkeys((row["mpx"], row["format"]) for row in rows):
        yield (f"| {mpx} Mpx {extension.upper().replace('JPG', 'JPEG')} | {found[mpx, extension, 'mozjpeg']:.0f} | "
               f"{found[mpx, extension, 'all']:.0f} |")


def small_jobs(part):
    yield f"\n## {part['jobs']} tiny originals, one file each, one slot\n"
    yield "| run | CPU s | CPU ms per original | wall s |"
    yield "|---|---|---|---|"
    for name, says in [("empty", "on an empty folder"), ("first", "making everything"), ("again", "everything there")]:
        runs = {"runs": part[name]}
        each = "-" if name == "empty" else f"{figures.per_job_ms(part, name):.2f}"
        yield f"| {says} | {span(runs, 'cpu_s', 3)} | {each} | {span(runs, 'wall_s')} |"


def isolation(part):
    for name, says in [("ladder", "20 Mpx, twelve files"), ("tiny", "a tiny original, one file")]:
        yield f"\n## What isolation costs: {says}\n"
        yield "| way | CPU ms per job | of one process | CPU ms more | wall ms |"
        yield "|---|---|---|---|---|"
        for way, figure in figures.toll(part[name]).items():
            yield (f"| {way} | {figure['cpu_ms']:.2f} | {figure['over']:.2f} | {figure['more_ms']:.2f} | "
                   f"{figure['wall_ms']:.2f} |")
