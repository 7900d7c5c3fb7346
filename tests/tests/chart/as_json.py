"""Documents of YAML on stdin, as one JSON array on stdout; empty ones left out."""
import json
import sys

import yaml


class Strict(yaml.SafeLoader):
    """Refuses a key that is there twice, as an API server does."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"{twice} is there twice, line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


json.dump([document for document in yaml.load_all(sys.stdin, Strict) if document], sys.stdout)
