# Runs rendered helper blocks on values; a request as JSON on standard input, an answer as JSON on standard output.
import ast
import json
import logging
import sys
import xml.etree.ElementTree

PYTHON2 = sys.version_info[0] == 2
lines = []


class Collect(logging.Handler):
    def emit(self, record):
        lines.append([record.levelname, record.name, record.getMessage()])


class Refuses(object):
    def __contains__(self, item):
        raise RuntimeError("no")


def load(block):
    module = {}
    exec(compile(block, "helper", "exec", 0, True), module)
    return module


def forms(kind, value):
    """The value itself; where it is a text, on Python 2.7 as UTF-8 bytes too: virt-install may have either."""
    if kind == "text":
        # Identity says something only of an object that nothing else has.
        text = (value + u"x")[:-1]
        return [text, text.encode("utf-8")] if PYTHON2 else [text]
    if kind == "bytes":
        return [value.encode("latin-1")]
    return [{"none": None, "int": 5, "list": ["rbd"], "object": Refuses()}[kind]]


def tree(text):
    """The elements, their attributes and text, by an XML parser of Python's own."""
    def node(element):
        return [element.tag, dict(element.attrib), [node(child) for child in element]]

    return node(xml.etree.ElementTree.fromstring(text.encode("utf-8")))


def call(helper, value, with_tree):
    del lines[:]
    try:
        result = helper(value)
    except Exception as error:
        return {"raised": repr(error)}
    answer = {"raised": None, "log": lines[:], "same": result is value, "same_type": type(result) is type(value)}
    text = result
    if isinstance(result, bytes):
        try:
            text = result.decode("utf-8")
        except UnicodeDecodeError:
            text = None
    answer["text"] = text if isinstance(text, type(u"")) else None
    answer["stable"] = helper(result) == result if not isinstance(value, Refuses) else True
    if with_tree and answer["text"]:
        answer["tree"] = tree(answer["text"])
    return answer


def main():
    logging.getLogger().addHandler(Collect())
    answers = []
    for job in json.load(sys.stdin):
        block = job["block"].encode("ascii")
        module = load(block)
        answer = {"statements": [type(node).__name__ for node in ast.parse(block).body]}
        helper = module["_virtinst_rbd_patch"]
        answer["calls"] = [
            [call(helper, value, job["tree"]) for value in forms(kind, value)] for kind, value in job["values"]
        ]
        answer["names"] = sorted(name for name in module if name != "__builtins__")
        answers.append(answer)
    json.dump(answers, sys.stdout)


main()
