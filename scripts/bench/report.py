def write(results, work):
    import json
    (work / "report.json").write_text(json.dumps(results, indent=1))
