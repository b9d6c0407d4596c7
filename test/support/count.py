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


def cut(text, begin, end):
    """A part that costs nothing: what the matcher itself takes."""
    return Text(str.__getitem__(text, slice(begin, end)))


class Match(object):
    def __init__(self, text, begin, end, groups, count):
        self.text, self.begin, self.finish = text, begin, end
        self.spans = [(begin, end)] + [groups.get(number) for number in range(1, count + 1)]

    def group(self, number=0):
        return self.spans[number] and cut(self.text, *self.spans[number])


def member(items, character):
    negate = False
    found = False
    for kind, value in items:
        kind = str(kind)
        if kind == "NEGATE":
            negate = True
        elif kind == "LITERAL":
            found = found or ord(character) == value
        elif kind == "RANGE":
            found = found or value[0] <= ord(character) <= value[1]
        elif kind == "CATEGORY" and str(value) == "CATEGORY_SPACE":
            found = found or character.isspace()
        else:
            raise NotImplementedError((kind, value))
    return found != negate


class Pattern(object):
    """A pattern, matched by plain backtracking; raises where it is given what it does not know."""

    def __init__(self, pattern):
        parsed = parser.parse(pattern)
        self.nodes = list(parsed)
        state = getattr(parsed, "state", None) or parsed.pattern
        self.flags = state.flags
        self.count = state.groups - 1

    def one(self, node, text, at):
        """Whether a node that takes one character takes this one; None for another node."""
        kind, value = str(node[0]), node[1]
        if kind not in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return None
        WORK[0] += 1
        if at >= len(text):
            return False
        character = str.__getitem__(text, at)
        if kind == "LITERAL":
            return ord(character) == value
        if kind == "NOT_LITERAL":
            return ord(character) != value
        if kind == "ANY":
            return bool(self.flags & re.DOTALL) or character != "\n"
        return member(value, character)

    def run(self, nodes, text, at, groups, then):
        """Continues with `then` wherever the nodes match, the preferred way first; gives its first answer."""
        if not nodes:
            return then(at, groups)
        node, rest = nodes[0], nodes[1:]
        taken = self.one(node, text, at)
        if taken is not None:
            return self.run(rest, text, at + 1, groups, then) if taken else None
        WORK[0] += 1
        kind, value = str(node[0]), node[1]
        if kind == "SUBPATTERN":
            number, inner = value[0], list(value[-1])

            def closed(end, found):
                return self.run(rest, text, end, found if number is None else with_group(found, number, (at, end)), then)

            return self.run(inner, text, at, groups, closed)
        if kind == "BRANCH":
            for branch in value[1]:
                answer = self.run(list(branch) + rest, text, at, groups, then)
                if answer is not None:
                    return answer
            return None
        if kind == "ASSERT" and value[0] == 1:
            found = self.run(list(value[1]), text, at, groups, lambda end, inner: (end, inner))
            return self.run(rest, text, at, groups, then) if found is not None else None
        if kind == "AT" and str(value) == "AT_END_STRING":
            return self.run(rest, text, at, groups, then) if at == len(text) else None
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = value[0], value[1], list(value[2])
            high = len(text) + 1 if str(high) == "MAXREPEAT" else int(high)
            if len(inner) == 1 and self.one(inner[0], text, len(text)) is not None:
                return self.characters(kind, low, high, inner[0], rest, text, at, groups, then)
            if kind == "MAX_REPEAT":
                return self.repeat(low, high, inner, rest, text, at, groups, then)
        raise NotImplementedError((kind, value))

    def characters(self, kind, low, high, node, rest, text, at, groups, then):
        count = 0
        if kind == "MAX_REPEAT":
            while count < high and self.one(node, text, at + count):
                count += 1
            while count >= low:
                WORK[0] += 1
                answer = self.run(rest, text, at + count, groups, then)
                if answer is not None:
                    return answer
                count -= 1
            return None
        while True:
            WORK[0] += 1
            if count >= low:
                answer = self.run(rest, text, at + count, groups, then)
                if answer is not None:
                    return answer
            if count >= high or not self.one(node, text, at + count):
                return None
            count += 1

    def repeat(self, low, high, inner, rest, text, at, groups, then):
        def again(end, found):
            return None if end == at else self.repeat(max(low - 1, 0), high - 1, inner, rest, text, end, found, then)

        answer = self.run(inner, text, at, groups, again) if high > 0 else None
        if answer is None and low == 0:
            answer = self.run(rest, text, at, groups, then)
        return answer

    def finditer(self, text):
        at = 0
        while at <= len(text):
            ended = self.run(self.nodes, text, at, {}, lambda end, groups: (end, groups))
            if ended:
                yield Match(text, at, ended[0], ended[1], self.count)
            at = ended[0] if ended and ended[0] > at else at + 1


def with_group(groups, number, span):
    changed = dict(groups)
    changed[number] = span
    return changed


def split(pattern, text):
    CALLS[0] += 1
    pieces = []
    done = 0
    compiled = Pattern(pattern)
    for match in compiled.finditer(text):
        pieces += [cut(text, done, match.begin)] + [match.group(number + 1) for number in range(compiled.count)]
        done = match.finish
    return pieces + [cut(text, done, len(text))]


def match(pattern, text):
    CALLS[0] += 1
    pattern = Pattern(pattern)
    ended = pattern.run(pattern.nodes, text, 0, {}, lambda end, groups: (end, groups))
    return ended and Match(text, 0, ended[0], ended[1], pattern.count)


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
