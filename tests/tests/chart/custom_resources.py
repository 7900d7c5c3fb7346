"""Objects (a JSON array on stdin) against the CustomResourceDefinitions of a folder, closed: an unknown field is an error."""
import json
import pathlib
import sys

import jsonschema
import yaml


def closed(schema):
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    if schema.get("x-kubernetes-int-or-string"):
        schema.pop("type", None)
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    return schema


schemas = {}
for path in pathlib.Path(sys.argv[1]).glob("*.yaml"):
    for definition in filter(None, yaml.safe_load_all(path.read_text())):
        spec = definition["spec"]
        for version in spec["versions"]:
            schema = closed(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            schemas[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema

wrong = []
for thing in json.load(sys.stdin):
    schema = schemas.get((thing["apiVersion"], thing["kind"]))
    name = f"{thing['kind']} {thing['metadata']['name']}"
    if schema is None:
        wrong.append(f"{name}: no definition of it in {sys.argv[1]}")
        continue
    for error in jsonschema.Draft7Validator(schema).iter_errors(thing):
        wrong.append(f"{name}: {'/'.join(map(str, error.path))}: {error.message}")
if wrong:
    sys.exit("\n".join(wrong))
