#!/usr/bin/python3
"""schema_test.py PROGRAM DOCS: what `PROGRAM schema` prints is a JSON Schema (draft 2020-12) that takes every example
of DOCS and every preset, and knows the same keys as `PROGRAM check`. Exit 77: python3-jsonschema is missing."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

try:
    import jsonschema
except ImportError:
    print("left out: python3-jsonschema is not installed")
    sys.exit(77)

PRESETS = ["proxy", "registrar", "trunk", "balancer", "gateway"]
MISSPELT = "zzqqxxzzqqxx"
NO_TYPE = 1.5  # there is no key that takes a number with a fraction


def printed(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def examples(program, docs):
    """Texts of configurations, by a name for each."""
    for document in ["configuration.md", "explaining.md", "route-queries.md"]:
        text = (docs / document).read_text(encoding="utf-8")
        for block in re.finditer(r"^```toml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            yield f"{document}:{text.count(chr(10), 0, block.start()) + 1}", block[1]
    for kind in PRESETS:
        yield f"init {kind}", printed(program, "init", kind)
    yield "run --print-default", printed(program, "run", "--print-default")
    for file in docs.glob("examples/*.toml"):
        yield file.name, file.read_text(encoding="utf-8")


class Tables:
    """Every table of the schema: where it stands in a configuration, and its keys."""

    def __init__(self, schema):
        self.schema = schema
        self.found = {}
        self.walk(schema, ())

    def walk(self, node, path):
        if not isinstance(node, dict):
            return
        if "$ref" in node:
            self.walk(self.schema["$defs"][node["$ref"].removeprefix("#/$defs/")], path)
        if "properties" in node:
            self.found.setdefault(path, set()).update(node["properties"])
            assert node["additionalProperties"] is False, path
            for key, inner in node["properties"].items():
                self.walk(inner, (*path, key))
        elif isinstance(node.get("additionalProperties"), dict):
            self.walk(node["additionalProperties"], (*path, "some"))
        for inner in node.get("anyOf", []):
            self.walk(inner, path)
        if "items" in node:
            self.walk(node["items"], (*path, 0))


def with_key(path, key):
    """A configuration with that key, of no type that any key has."""
    document = {"listen": [{"on": "udp:127.0.0.1:0"}]}
    inner = {key: NO_TYPE}
    for step in reversed(path):
        inner = [inner] if step == 0 else {step: inner}
    return document | inner


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def checked(program, document):
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.writelines(f"{key} = {toml(value)}\n" for key, value in document.items())
        file.flush()
        done = subprocess.run([program, "check", "--json", file.name], capture_output=True, text=True, check=False)
    assert done.returncode == 1, (document, done)
    return [problem["message"] for problem in json.loads(done.stdout)["problems"]]


def all_errors(errors):
    for error in errors:
        yield error
        yield from all_errors(error.context)


def check_key(program, validator, path, key):
    """The reader knows the key, and both refuse what is no value of it."""
    document = with_key(path, key)
    messages = checked(program, document)
    place = ".".join(map(str, (*path, key)))
    unknown = [message for message in messages if "unknown key" in message]
    assert not unknown, f"{place}: the schema has it, and 'check' does not: {unknown}"
    assert any(key in message for message in messages), f"{place}: 'check' takes {NO_TYPE}: {messages}"
    refused = any(tuple(error.absolute_path) == (*path, key) for error in all_errors(validator.iter_errors(document)))
    assert refused, f"{place}: the schema takes {NO_TYPE}"


def check_misspelt(program, validator, path, keys):
    """Both refuse a key that there is not, and the schema has all keys that the reader would have taken."""
    document = with_key(path, MISSPELT)
    place = ".".join(map(str, path)) or "the top level"
    messages = [message for message in checked(program, document) if f"unknown key '{MISSPELT}'" in message]
    assert len(messages) == 1, f"{place}: 'check' takes a key that there is not"
    known = set(re.findall(r"'(\w+)'", messages[0].split("; there is ")[1]))
    assert known and known <= keys, f"{place}: 'check' has them, and the schema does not: {known - keys}"
    errors = all_errors(validator.iter_errors(document))
    refused = any(error.validator == "additionalProperties" and MISSPELT in error.message for error in errors)
    assert refused, f"{place}: the schema takes a key that there is not"


def main():
    program, docs = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads(printed(program, "schema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    taken = 0
    for name, text in examples(program, docs):
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(tomllib.loads(text))]
        assert not errors, f"{name}: {errors}"
        taken += 1
    assert taken > 25
    tables = Tables(schema).found
    for path, keys in tables.items():
        check_misspelt(program, validator, path, keys)
        for key in keys:
            check_key(program, validator, path, key)
    assert {(), ("listen", 0), ("rule", 0, "do"), ("test", 0, "want"), ("times", "some", "windows", 0)} <= set(tables)
    print(f"{taken} examples, {len(tables)} tables, {sum(map(len, tables.values()))} keys")


if __name__ == "__main__":
    main()
