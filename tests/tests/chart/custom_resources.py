"""Objects (a JSON array on stdin) against the CustomResourceDefinitions of a folder, or against the types of Python's models of them if
none is named; closed: an unknown field is an error."""
import json
import pathlib
import sys

import jsonschema
import yaml
from cloudcoil.models.keda import v1alpha1
from cloudcoil.models.prometheus_operator import v1

MODELS = {
    "keda.sh/v1alpha1": (v1alpha1.ScaledObject, v1alpha1.TriggerAuthentication),
    "monitoring.coreos.com/v1": (v1.PodMonitor, v1.ServiceMonitor, v1.PrometheusRule),
}


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


def of_folder(folder):
    for path in pathlib.Path(folder).glob("*.yaml"):
        for definition in filter(None, yaml.safe_load_all(path.read_text())):
            spec = definition["spec"]
            for version in spec["versions"]:
                yield (f"{spec['group']}/{version['name']}", spec["names"]["kind"]), version["schema"]["openAPIV3Schema"]


def of_models():
    for version, kinds in MODELS.items():
        for kind in kinds:
            yield (version, kind.__name__), kind.model_json_schema(by_alias=True)


schemas = {}
for name, schema in of_folder(sys.argv[1]) if sys.argv[1:] else of_models():
    schemas[name] = closed(schema)
    schemas[name]["properties"]["metadata"] = {"type": "object"}

wrong = []
for thing in json.load(sys.stdin):
    schema = schemas.get((thing["apiVersion"], thing["kind"]))
    name = f"{thing['kind']} {thing['metadata']['name']}"
    if schema is None:
        wrong.append(f"{name}: no definition of it")
        continue
    for error in jsonschema.Draft7Validator(schema).iter_errors(thing):
        wrong.append(f"{name}: {'/'.join(map(str, error.path))}: {error.message}")
if wrong:
    sys.exit("\n".join(wrong))
