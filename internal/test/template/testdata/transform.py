"""Prints a template as CloudFormation deploys it: AWS::Include first, then AWS SAM's own transform."""

import json
import logging
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
logging.disable(logging.CRITICAL)

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

root, name = sys.argv[1:]


def read(name):
    with open(os.path.join(root, name), encoding="utf-8") as file:
        return yaml_parse(file)


template = read(name)
for resource in template["Resources"].values():
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::Serverless::Api":
        include = properties["DefinitionBody"]["Fn::Transform"]
        assert include["Name"] == "AWS::Include"
        properties["DefinitionBody"] = read(include["Parameters"]["Location"])
# sam deploy uploads the directory and replaces it by its location.
uploaded = {"Bucket": "bucket", "Key": "key"}
for part in [template.get("Globals", {}).get("Function", {})] + [r["Properties"] for r in template["Resources"].values()]:
    if "CodeUri" in part:
        part["CodeUri"] = uploaded
values = {name: f"value-of-{name}" for name in template["Parameters"]}
json.dump(Translator({}, Parser()).translate(template, values), sys.stdout)
