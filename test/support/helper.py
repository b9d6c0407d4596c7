# Runs rendered helper blocks on values; a request as JSON on standard input, an answer as JSON on standard output.
import ast
import contextlib
import json
import logging
import os
import shutil
import sys
import tempfile
import xml.etree.ElementTree

PYTHON2 = sys.version_info[0] == 2
MODULES = ("xml.etree", "xml.etree.ElementTree")
lines = []


class Collect(logging.Handler):
    def emit(self, record):
        lines.append([record.levelname, record.name, record.getMessage()])


class Refuses(object):
    def __contains__(self, item):
        raise RuntimeError("no")


@contextlib.contextmanager
def replaced(missing, stand_in):
    """Hides one of the modules from the next import, or replaces ElementTree with a source."""
    package = xml.etree
    before = [sys.modules[name] for name in MODULES]
    path = list(package.__path__)
    folder = tempfile.mkdtemp()
    if missing or stand_in:
        # `from xml.etree import` asks the package before it asks for the module.
        del sys.modules[MODULES[1]], package.ElementTree
    if missing:
        sys.modules[missing] = None
    if stand_in:
        with open(os.path.join(folder, "ElementTree.py"), "w") as file:
            file.write(stand_in)
        package.__path__ = [folder]
    try:
        yield
    finally:
        sys.modules.update(zip(MODULES, before))
        package.ElementTree = before[1]
        package.__path__ = path
        shutil.rmtree(folder)


def load(block):
    """The module that a block makes, and the kinds of statement in it."""
    module = {}
    exec(compile(block, "helper", "exec", 0, True), module)
    return module, [type(node).__name__ for node in ast.parse(block).body]


def forms(kind, value):
    """The value itself; where it is a text, on Python 2.7 as UTF-8 bytes too: virt-install may have either."""
    if kind == "text":
        return [value, value.encode("utf-8")] if PYTHON2 else [value]
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
    except BaseException as error:
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
    loaded = {}
    for job in json.load(sys.stdin):
        block = job["block"].encode("ascii")
        if block not in loaded:
            # Most jobs have the same block, and compiling takes longer than all else.
            loaded[block] = load(block)
        module, statements = loaded[block]
        answer = {"statements": statements}
        helper = module["_virtinst_rbd_patch"]
        with replaced(job["missing"], job["standIn"]):
            answer["calls"] = [
                [call(helper, value, job["tree"]) for value in forms(kind, value)] for kind, value in job["values"]
            ]
        answer["names"] = sorted(name for name in module if name != "__builtins__")
        answers.append(answer)
    json.dump(answers, sys.stdout)


main()
