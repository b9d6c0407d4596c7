"""Read Python source on standard input and print a JSON list of small faults for it (Python 3.8 or later).

A fault is {"from": N, "to": N, "text": S, "what": S}: characters from N to N are replaced with S.
"""
import ast
import json
import sys

SWAPPED = {ast.Eq: "!=", ast.NotEq: "==", ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is"}


def faults(source):
    lines = source.splitlines(True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]

    def span(node):
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    def code(node):
        return source[slice(*span(node))]

    tree = ast.parse(source)
    docstrings = [part for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and ast.get_docstring(node)
                  for part in (node.body[0], node.body[0].value)]
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.IfExp)) or getattr(node, "ifs", None):
            for test in getattr(node, "ifs", None) or [node.test]:
                for text in ("True", "False", "(not (%s))" % code(test)):
                    yield span(test), text, "another condition"
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in SWAPPED:
            text = "%s %s %s" % (code(node.left), SWAPPED[type(node.ops[0])], code(node.comparators[0]))
            yield span(node), text, "a comparison the other way round"
        elif isinstance(node, (ast.BoolOp, ast.BinOp)):
            for part in node.values if isinstance(node, ast.BoolOp) else (node.left, node.right):
                yield span(node), code(part), "one operand only"
            if isinstance(node, ast.BoolOp):
                other = " or " if isinstance(node.op, ast.And) else " and "
                yield span(node), "(%s)" % other.join(map(code, node.values)), "and for or, or for and"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield span(node), code(node.operand), "no not"
        elif isinstance(node, ast.For):
            yield span(node.iter), "()", "no pass of the loop"
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            yield span(node), code(node.value), "no slice"
        elif isinstance(node, ast.Call) and len(node.args) > 1:
            yield (span(node.args[-2])[1], span(node.args[-1])[1]), "", "no last argument"
        elif isinstance(node, ast.Call) and code(node.func) in ("any", "all"):
            yield span(node.func), "all" if code(node.func) == "any" else "any", "any for all, all for any"
        elif isinstance(node, ast.Call) and code(node.func).endswith((".lower", ".strip")):
            yield span(node), code(node.func.value), "no such call"
        elif isinstance(node, ast.Constant) and type(node.value) in (int, str) and node not in docstrings:
            yield span(node), repr(node.value + 1 if isinstance(node.value, int) else node.value[:-1]), "another value"
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Raise, ast.Return, ast.Expr)) and node not in docstrings:
            yield span(node), "pass", "no such statement"


print(json.dumps([{"from": begin, "to": end, "text": text, "what": what}
                  for (begin, end), text, what in faults(sys.stdin.read())]))
