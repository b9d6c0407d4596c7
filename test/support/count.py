# Counts what a helper block does with a text: its lines, the characters that it slices, and each step that its
# patterns take in a matcher that backtracks as Python's own does. A count is the same on every machine, a time is not.
# What the XML parser does is not counted: it is in C, and reads a text once.
import importlib
import json
import re
import sys
import threading
import types

try:
    parser = importlib.import_module("re._parser")
except ImportError:
    parser = importlib.import_module("sre_parse")

WORK = [0]
# How often a pattern was given a text.
CALLS = [0]


class Text(str):
    """A text that counts what is sliced from it."""

    def __getitem__(self, index):
        part = str.__getitem__(self, index)
        WORK[0] += len(part)
        return part


class Match(object):
    def __init__(self, text, begin, end, groups):
        self.text, self.begin, self.end, self.spans = text, begin, end, dict(groups, **{"0": (begin, end)})

    def group(self, number=0):
        span = self.spans.get(str(number))
        # It costs nothing: the matcher itself takes it.
        return span and Text(str.__getitem__(self.text, slice(*span)))


def member(items, character):
    found = False
    for kind, value in items:
        if str(kind) == "LITERAL":
            found = found or ord(character) == value
        elif str(kind) == "RANGE":
            found = found or value[0] <= ord(character) <= value[1]
        elif str(value) == "CATEGORY_SPACE":
            found = found or character.isspace()
        elif str(kind) != "NEGATE":
            raise NotImplementedError((kind, value))
    return found != (str(items[0][0]) == "NEGATE")


# Whether a node that matches one character matches this one.
TAKES = {
    "LITERAL": lambda value, character: ord(character) == value,
    "NOT_LITERAL": lambda value, character: ord(character) != value,
    # The patterns have (?s) where they have a dot.
    "ANY": lambda value, character: True,
    "IN": member,
}


def takes(node, text, at):
    WORK[0] += 1
    return at < len(text) and TAKES[str(node[0])](node[1], str.__getitem__(text, at))


def ends(lazy, low, high, node, text, at):
    """Where a repeated character may end, the preferred place first."""
    end = at
    while True:
        if lazy and end - at >= low:
            yield end
        if end - at >= high or not takes(node, text, end):
            break
        end += 1
    while not lazy and end - at >= low:
        WORK[0] += 1
        yield end
        end -= 1


class Pattern(object):
    """A pattern, matched by plain backtracking; raises for what it does not know."""

    def __init__(self, pattern):
        parsed = parser.parse(pattern)
        self.nodes = list(parsed)
        self.count = (getattr(parsed, "state", None) or parsed.pattern).groups - 1

    def run(self, nodes, text, at, groups, then):
        """Continues with `then` wherever the nodes match, the preferred way first; gives its first answer."""
        if not nodes:
            return then(at, groups)
        WORK[0] += 1
        (kind, value), rest = nodes[0], nodes[1:]
        kind = str(kind)
        if kind in TAKES:
            return self.run(rest, text, at + 1, groups, then) if takes(nodes[0], text, at) else None
        if kind == "SUBPATTERN":
            number, inner = value[0], list(value[-1])

            def closed(end, found):
                changed = found if number is None else dict(found, **{str(number): (at, end)})
                return self.run(rest, text, end, changed, then)

            return self.run(inner, text, at, groups, closed)
        if kind == "BRANCH":
            ways = (self.run(list(branch) + rest, text, at, groups, then) for branch in value[1])
            return next((answer for answer in ways if answer is not None), None)
        if kind == "ASSERT" and value[0] == 1:
            found = self.run(list(value[1]), text, at, groups, lambda end, inner: (end, inner))
            return self.run(rest, text, at, groups, then) if found is not None else None
        if kind == "AT" and str(value) == "AT_END_STRING":
            return self.run(rest, text, at, groups, then) if at == len(text) else None
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high = value[0], len(text) + 1 if str(value[1]) == "MAXREPEAT" else int(value[1])
            lazy, inner = kind == "MIN_REPEAT", list(value[2])
            if len(inner) == 1 and str(inner[0][0]) in TAKES:
                ways = (self.run(rest, text, end, groups, then) for end in ends(lazy, low, high, inner[0], text, at))
                return next((answer for answer in ways if answer is not None), None)
            if not lazy:
                return self.repeat(low, high, inner, rest, text, at, groups, then)
        raise NotImplementedError((kind, value))

    def repeat(self, low, high, inner, rest, text, at, groups, then):
        def again(end, found):
            return None if end == at else self.repeat(max(low - 1, 0), high - 1, inner, rest, text, end, found, then)

        answer = self.run(inner, text, at, groups, again) if high > 0 else None
        return self.run(rest, text, at, groups, then) if answer is None and low == 0 else answer

    def match(self, text, at=0):
        found = self.run(self.nodes, text, at, {}, lambda end, groups: (end, groups))
        return found and Match(text, at, *found)

    def finditer(self, text):
        at = 0
        while at <= len(text):
            match = self.match(text, at)
            if match:
                yield match
            at = match.end if match and match.end > at else at + 1


def split(pattern, text):
    CALLS[0] += 1
    compiled = Pattern(pattern)
    pieces, done = [], 0
    for match in compiled.finditer(text):
        pieces += [Text(str.__getitem__(text, slice(done, match.begin)))]
        pieces += [match.group(number + 1) for number in range(compiled.count)]
        done = match.end
    return pieces + [Text(str.__getitem__(text, slice(done, None)))]


def match(pattern, text):
    CALLS[0] += 1
    return Pattern(pattern).match(text)


def search(pattern, text):
    CALLS[0] += 1
    return next(Pattern(pattern).finditer(text), None)


def traced(frame, event, _):
    if frame.f_code.co_filename != "helper":
        return None
    if event == "line":
        WORK[0] += 1
    return traced


def load(block):
    module = {}
    exec(compile(block, "helper", "exec", 0, True), module)
    return module["_virtinst_rbd_patch"]


def count(helper, text):
    WORK[0] = CALLS[0] = 0
    sys.settrace(traced)
    try:
        result = helper(Text(text))
    finally:
        sys.settrace(None)
    return {"work": WORK[0], "patterns": CALLS[0]}, str(result)


def main():
    request = json.load(sys.stdin)
    helper = load(request["block"])
    plain = [helper(text) for text in request["texts"]]
    fake = types.ModuleType("re")
    fake.split, fake.search, fake.match = split, search, match
    sys.modules["re"] = fake
    answers = []
    for text, expected in zip(request["texts"], plain):
        answer, result = count(helper, text)
        answers.append(dict(answer, same=result == expected, changed=expected != text))
    sys.modules["re"] = re
    sys.__stdout__.write(json.dumps(answers))


# Each repetition of a group is a few calls deep here.
sys.setrecursionlimit(1000000)
threading.stack_size(512 * 1024 * 1024)
thread = threading.Thread(target=main)
thread.start()
thread.join()
