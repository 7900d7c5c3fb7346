#!/usr/bin/env python3
"""Makes helm/values.schema.json and the table of helm/README.md from the comments of helm/values.yaml: `chart.py [--check]`.

`# --` describes the next key, `# @schema {...}` adds to what its default says of the type. The schema of `config` is that of the
program, as helm/config.schema.json has it. With --check nothing is written: what differs is told, exit 1.

values.yaml keeps to a part of YAML that is read here without a library: block mappings, lists of such under a `-`, and scalars and
flow collections that are JSON. Anything else is refused.
"""
import json
import re
import sys
from pathlib import Path

HELM = Path(__file__).resolve().parent.parent / "helm"
KEY = re.compile(r"^( *)((?:- )?)([A-Za-z0-9_./-]+):(?: (.*))?$")
SECRET_KEY = {"type": "object", "additionalProperties": False, "required": ["secret", "key"],
              "properties": {"secret": {"type": "string", "minLength": 1}, "key": {"type": "string", "minLength": 1}}}
SECRET_NAME = {"type": "object", "additionalProperties": False, "required": ["name"],
               "properties": {"name": {"type": "string", "minLength": 1}}}
LANES = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": ["fast", "standard", "bulk", "backfill"]},
         "description": "What the group takes: some of fast, standard, bulk, backfill."}


class Key:
    """A key with its comments; `default` is a scalar or a flow collection, else `children` hold what is below."""

    def __init__(self, line, name, indent):
        self.line, self.name, self.indent = line, name, indent
        self.description, self.schema, self.default, self.children = "", {}, None, []

    def value(self):
        if not self.children:
            return self.default
        return {child.name: child.value() for child in self.children}


def fail(line, sentence):
    sys.exit(f"helm/values.yaml:{line}: {sentence}")


def scalar(line, text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._%/-]*", text):
            return text
        fail(line, f"{text!r} is neither JSON nor a plain word: quote it")


def parse(text):
    root = Key(0, "", -1)
    above, description, schema = [root], [], {}
    in_list = None
    for line, raw in enumerate(text.splitlines(), 1):
        stripped = raw.strip()
        if not stripped:
            description, schema = [], {}
            continue
        if stripped.startswith("#"):
            comment = stripped[1:].strip()
            if comment.startswith("@schema "):
                schema = json.loads(comment[len("@schema "):])
            elif comment.startswith("-- "):
                description = [comment[3:]]
            elif description:
                description.append(comment)
            continue
        found = KEY.match(raw)
        if not found:
            fail(line, "this is no `key: value`, which is all that is read here")
        indent, dash, name, default = len(found[1]), found[2], found[3], found[4]
        # Entries of a list of mappings are free: they end where something stands further left.
        if in_list is not None and indent > in_list:
            continue
        in_list = None
        while above[-1].indent >= indent:
            above.pop()
        if dash:
            above[-1].default, in_list = [], indent - 1
            continue
        key = Key(line, name, indent)
        key.description, key.schema = " ".join(description), schema
        key.default = scalar(line, default) if default else {}
        above[-1].children.append(key)
        above.append(key)
        description, schema = [], {}
    return root


def type_of(default):
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object")):
        if isinstance(default, kind):
            return name
    raise TypeError(default)


def schema_of(key):
    """Mappings of values.yaml are closed; what is `{}` there is free, unless its comment says what it holds."""
    own = {"description": key.description} if key.description else {}
    if "$ref" in key.schema:
        # A neighbour of $ref says nothing in draft-07.
        return {**own, "allOf": [key.schema]}
    if not key.children or "additionalProperties" in key.schema or not is_told_apart(key):
        return {**own, "type": type_of(key.value()), **key.schema}
    return {**own, "type": "object", "additionalProperties": False, **key.schema,
            "properties": {child.name: schema_of(child) for child in key.children}}


def is_told_apart(key):
    """Does a comment stand at any key below? Else it is as Kubernetes spells it, and free."""
    return any(child.description or is_told_apart(child) for child in key.children)


def written_schema(root, config):
    definitions = {f"config.{name}": rewritten(schema) for name, schema in config.pop("definitions").items()}
    config = rewritten({name: value for name, value in config.items() if name not in ("$schema", "title")})
    # Nothing is said of an empty one: validate.yaml does, with a sentence.
    definitions["config"] = {"if": {"type": "object", "minProperties": 1}, "then": config, "else": {"type": "object"}}
    definitions["secretKey"], definitions["secretName"] = SECRET_KEY, SECRET_NAME
    defaults = next(child for child in root.children if child.name == "workerDefaults")
    group = schema_of(defaults)
    definitions["laneGroup"] = {**group, "properties": {"lanes": LANES, **group["properties"]},
                                "description": "A group of workers: what it takes, and what it does not have of workerDefaults."}
    properties = {child.name: schema_of(child) for child in root.children}
    # Charts around this one may put more there.
    properties["global"]["additionalProperties"] = True
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of the chart minilab", "type": "object",
            "additionalProperties": False, "properties": properties, "definitions": definitions}


def rewritten(schema):
    text = json.dumps(schema).replace('"#/definitions/', '"#/definitions/config.')
    return json.loads(text)


def rows(key, path=""):
    for child in key.children:
        name = f"{path}.{child.name}" if path else child.name
        free = "additionalProperties" in child.schema or not is_told_apart(child)
        if child.description:
            default = json.dumps(child.value()) if free else ""
            default = default if len(default) <= 60 else "see values.yaml"
            shown = f"`{default}`" if default and default != "see values.yaml" else default
            yield f"| `{name}` | {child.description.replace('|', chr(92) + '|')} | {shown} |"
        elif free:
            fail(child.line, f"{name} has no description: write `# -- ...` above it")
        if not free:
            yield from rows(child, name)


def readme(root, text):
    begin, end = "<!-- values: made by `make chart` -->\n", "<!-- end of values -->\n"
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    table = "\n".join(["| value | does | default |", "|---|---|---|", *rows(root)])
    return f"{before}{begin}\n{table}\n\n{end}{after}"


def refuse_idle(root):
    """Every value is used by a template, and every value that a template names is there."""
    text = "\n".join(path.read_text() for path in sorted((HELM / "templates").rglob("*")) if path.is_file())
    for path in sorted(set(re.findall(r"\.Values((?:\.[A-Za-z0-9]+)+)", text))):
        key = root
        for name in path[1:].split("."):
            found = [child for child in key.children if child.name == name]
            if not found and key.children:
                sys.exit(f"helm/templates: .Values{path} is named, and values.yaml has no {name} there")
            key = found[0] if found else key
    for row in rows(root):
        name = row.split("`")[1].split(".")[-1]
        if not re.search(rf"[.$\"]{name}\b", text):
            sys.exit(f"helm/values.yaml: {row.split('`')[1]} is used by no template")


def main():
    root = parse((HELM / "values.yaml").read_text())
    refuse_idle(root)
    schema = written_schema(root, json.loads((HELM / "config.schema.json").read_text()))
    made = {"values.schema.json": json.dumps(schema, indent=1, ensure_ascii=False) + "\n",
            "README.md": readme(root, (HELM / "README.md").read_text())}
    stale = [name for name, text in made.items() if not (HELM / name).exists() or (HELM / name).read_text() != text]
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit(f"helm/{', helm/'.join(stale)}: not what values.yaml says; run `make chart` and look at what changes")
        return
    for name in stale:
        (HELM / name).write_text(made[name])
        print(f"helm/{name} is written")


if __name__ == "__main__":
    main()
