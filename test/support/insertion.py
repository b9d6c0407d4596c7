# Checks patched files with Python's own parser. Reads a JSON list of [original, patched] from standard input, each as
# Latin-1 text of the bytes, and writes a list of faults: null if the patch is right, or the original is not Python.
import ast
import json
import sys
import warnings

warnings.simplefilter("ignore")
NAME = "_virtinst_rbd_patch"
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda,
          ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def methods(tree):
    for owner in ast.walk(tree):
        for child in getattr(owner, "body", []) if isinstance(owner, ast.ClassDef) else []:
            if isinstance(child, ast.FunctionDef) and child.name == "_build_xml":
                yield child


def own_nodes(body):
    """The nodes of the method's own scope: not those of nested functions and classes, whose names are yielded."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def binds(node):
    """The names that a node binds or unbinds."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [node.id]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.alias):
        return [(node.asname or node.name).split(".")[0]]
    if isinstance(node, ast.ExceptHandler) and node.name:
        return [node.name]
    return [name for name in (getattr(node, field, None) for field in ("name", "rest"))
            if isinstance(name, str) and type(node).__name__.startswith("Match")]


def is_call(node):
    return (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and
            getattr(node.value.func, "id", None) == NAME and len(node.targets) == 1 and
            node.targets[0].id == node.value.args[0].id and len(node.value.args) == 1)


def fault(original, patched):
    try:
        before = ast.parse(original.encode("latin-1"))
    except SyntaxError:
        return None
    after = ast.parse(patched.encode("latin-1"))
    found = list(methods(after))
    if len(found) != 1:
        return "%d methods named _build_xml" % len(found)
    body = found[0].body
    at = [index for index, node in enumerate(body) if is_call(node)]
    if len(at) != 2 or at[1] != at[0] + 1:
        return "the calls are not two statements of the method, one after the other"
    names = [body[index].targets[0].id for index in at]
    nodes = list(own_nodes(body))
    returns = [node for node in nodes if isinstance(node, ast.Return)]
    if len(returns) != 1 or returns[0] is not body[-1]:
        return "the last statement is not the only return"
    if [getattr(element, "id", None) for element in getattr(returns[0].value, "elts", [])] != names:
        return "the method does not return what the calls complete"
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in nodes):
        return "the method is a generator"
    if any(name in names for node in own_nodes(body[at[1] + 1 :]) for name in binds(node)):
        return "a variable is bound after the calls"
    del body[at[0] : at[1] + 1]
    last = after.body.pop()
    if getattr(last, "name", None) != NAME:
        return "the function is not the last statement of the file"
    if any(getattr(node, "id", None) == NAME for node in ast.walk(after)):
        return "the function is used elsewhere"
    if ast.dump(before) != ast.dump(after):
        return "other code has changed"
    return None


answers = []
for pair in json.load(sys.stdin):
    try:
        answers.append(fault(*pair))
    except SyntaxError as error:
        answers.append("not Python: %s" % error)
json.dump(answers, sys.stdout)
