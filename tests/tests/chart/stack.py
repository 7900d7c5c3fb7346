"""What a CloudFormation template (its path is the argument) makes, with its parameters filled in: queues and the rights of roles, as JSON."""
import json
import re
import sys

import yaml

VALUES = {"OriginalsBucket": "originals", "FilesBucket": "files", "StateBucket": "state", "QueuePrefix": "fleet", "AWS::Partition": "aws",
          "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012"}


class Loader(yaml.SafeLoader):
    pass


def filled(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        text = f"${{{node.value}}}" if suffix == "Ref" else node.value
        return re.sub(r"\$\{([^}]+)\}", lambda found: VALUES.get(found[1], found[0]), text)
    return loader.construct_sequence(node, deep=True)


Loader.add_multi_constructor("!", filled)
with open(sys.argv[1]) as file:
    resources = yaml.load(file, Loader)["Resources"].values()
queues = {one["Properties"].pop("QueueName"): one["Properties"] for one in resources if one["Type"] == "AWS::SQS::Queue"}
roles = {}
for one in resources:
    if one["Type"] == "AWS::IAM::Role":
        statements = one["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        roles[one["Properties"]["RoleName"].removeprefix("fleet-")] = statements
json.dump({"queues": queues, "roles": roles}, sys.stdout)
