#!/bin/sh
''':'
# sh runs these lines, and Python reads them as a string: they find a Python, which then runs this file.
# No name of Python is the same on all hosts: EL 8 may have only platform-python, Debian 9 only python2.
case $- in *s*) echo "To run this from standard input: python3 - apply < FILE" >&2; exit 2;; esac
for python in python3 /usr/libexec/platform-python python2.7 python2; do
    "$python" -E -S -c "" 2>/dev/null && exec "$python" -B -E -s "$0" "$@"
done
echo "virtinst-rbd-patch: no Python found in PATH." >&2
exit 6
'''
# Applies, verifies and reverts the patch on a host without Node. Python 2.7 and 3.4 to 3.13.
# `virtinst-rbd-patch bundle` generated it for the configuration below. Generate it again when a pool changes.
import sys
if not (getattr(sys.flags, "safe_path", 0) or getattr(sys.flags, "isolated", 0)):
    del sys.path[0]  # the directory of this script: import modules only from Python's own directories
import argparse
import errno
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import time

# >>> configuration
VERSION, FORM = "0.0.0", 1
CONFIG, FUNCTION = {}, ""
# <<< configuration

OK, NO, USAGE, POOLS, TARGET, FAILED, IO = range(7)  # exit codes
# The files that may define _build_xml, and the major version of the Python that runs them.
LAYOUTS = ("virtinst/install/installer.py", "3"), ("virtinst/installer.py", "3"), ("virtinst/guest.py", "2")
DISK_CODE = "virtinst/devices/disk.py", "virtinst/devicedisk.py"
RELEASES = "virtcli/cliconfig.py", "virtinst/buildconfig.py", "virtinst/build.cfg"
NAME = "_virtinst_rbd_patch"
RESTORE = "Restore the file from its package (rpm -qf or dpkg -S shows which), then run this again."
PASS_IT = "Pass the directory that contains the virtinst package with --virtinst."
REPLACED = []  # the path of the file, as soon as it was replaced

class Failure(Exception):
    """An error: the exit code, the message, and what to do next."""
    def __init__(self, code, message, hint):
        Exception.__init__(self, message)
        self.code, self.message, self.hint = code, text_of(message), text_of(hint)

def text_of(value):
    """Return a path, the output of a program or an error as text."""
    if isinstance(value, Exception):
        value = getattr(value, "strerror", None) or str(value)
    if isinstance(value, str) and str is not bytes:
        value = value.encode("utf-8", "surrogateescape")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

def native(text):
    """Return text that was read as latin-1 as a path."""
    return text.encode("latin-1") if str is bytes else os.fsdecode(text.encode("latin-1"))

def shown(value, kept=u""):
    """Return text with everything but printable ASCII escaped, so that no name can control the terminal."""
    def escape(one):
        return (u"\\u%04x" if ord(one.group()) < 0x10000 else u"\\U%08x") % ord(one.group())
    return re.sub(u"[^ -~%s]" % kept, escape, value)

def write(descriptor, content):
    """Write to a file; text is for standard output (1) or standard error (2), if that works."""
    content = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    try:
        while content:
            content = content[os.write(descriptor, content):]
    except EnvironmentError:
        if descriptor != 2:
            raise

# ---- Find virtinst, without importing or running it. All paths are those of the tree below --root. -----

def resolve(root, path):
    """Return a path without symbolic links, which are followed below root only; None if nothing is there."""
    rest, done, links = path.split("/"), [], 0
    while rest:
        step = rest.pop(0)
        if step not in ("", ".", ".."):
            done.append(step)
        here = "/".join([root] + done)
        if step == "..":
            done = done[:-1]
        elif os.path.islink(here):
            links, target = links + 1, os.readlink(here)
            rest, done = target.split("/") + rest, [] if target[:1] == "/" else done[:-1]
        if links > 40 or not os.path.lexists("/".join([root] + done) or "/"):
            return None
    return "/" + "/".join(done)

def read(root, *path):
    """Return a regular file as latin-1 (one character for each byte), or None if there is none."""
    place = resolve(root, os.path.join(*path))
    if place is None or not os.path.isfile(root + place):
        return None
    with io.open(root + place, encoding="latin-1", newline="") as file:
        return file.read()

def site_directories(root, *libraries):
    """Return the directories for the packages of each Python, newest version first."""
    found = []
    for library in libraries:
        place = root + (resolve(root, library) or "/nowhere")
        names = [one for one in (os.listdir(place) if os.path.isdir(place) else [])
                 if re.match(r"python[23](\.[0-9]+)?\Z", one)]
        for name in sorted(names, key=lambda one: list(map(int, re.findall("[0-9]+", one))), reverse=True):
            found += ["%s/%s/%s-packages" % (library, name, kind) for kind in ("site", "dist")]
    return found

ADDED = re.compile(  # what may be added to sys.path: a directory as a literal, or that of the script
    r"""0\s*,\s*(?:(["'])([^"'\\\n]+)\1|(?:os\.path\.(?:abspath|realpath)\(\s*)*os\.path\.dirname\(\s*"""
    r"""(?:os\.path\.(?:abspath|realpath)\(\s*)*__file__[\s)]*)\s*,?\s*\)[ \t]*(?:[#;\r\n]|\Z)""")

def read_program(root, path, depth=0):
    """Return (the Python of a virt-install, the directories in which that searches for virtinst)."""
    text = (read(root, path) or u"")[:65536]
    words = native(text.partition(u"\n")[0])[2:].split() if text[:2] == u"#!" else []
    words = [word for word in words if os.path.basename(word) != "env" and word[0] != "-" and "=" not in word]
    if not words or not re.match(r"(platform-)?python[0-9.]*\Z", os.path.basename(words[0])):
        wrapped = re.search(u"(?m)^[ \t]*exec [^\n]*?(/[^\\s\"']*/virt-install)(?=[\\s\"']|\\Z)", text)
        if not words or not wrapped or depth > 4:
            raise Failure(TARGET, u"It is unknown which virtinst %s uses." % text_of(root + path), PASS_IT)
        return read_program(root, native(wrapped.group(1)), depth + 1)
    folders, own = [], os.path.dirname(resolve(root, path))
    for found in re.finditer(r"(?m)^[^#\n\"']*\bsys\.path\.insert\(\s*(?=0\b|[^0-9\s])", text):
        added = ADDED.match(text, found.end())
        if not added:
            raise Failure(TARGET, u"It is unknown which virtinst %s uses: line %d changes sys.path." % (
                text_of(root + path), text.count(u"\n", 0, found.end()) + 1), PASS_IT)
        folders.insert(0, os.path.join(own, native(added.group(2) or u"")))  # the last one is searched first
    prefix = os.path.normpath(os.path.join(words[0], "../..")) if words[0][:1] == "/" else "/usr"
    site = site_directories(root, prefix + "/lib", prefix + "/lib64") if prefix != "/usr" else []
    return words[0], folders + [own] + site

class Virtinst(object):
    """The virtinst to patch. `path` is the file that defines _build_xml, `text` its content."""
    def __init__(self, root, mounted, named):
        self.root, self.mounted, self.named, self.program, self.python = root, mounted, named, None, None
        folders = [] if mounted else [one for one in os.environ.get("PATH", "").split(":") if one[:1] == "/"]
        programs = [resolve(root, one + "/virt-install") for one in folders + ["/usr/local/bin", "/usr/bin"]]
        programs = [one for one in programs if one and os.path.isfile(root + one)]
        folders = [named] if named else (read_program(root, programs[0])[1] if programs else []) + [
            "/usr/share/virt-manager"] + site_directories(
                root, "/usr/local/lib", "/usr/lib", "/usr/local/lib64", "/usr/lib64")
        found = next(((folder, file, major, text) for folder in folders for file, major in LAYOUTS
                      for text in [read(root, folder, file) or u""] if u"def _build_xml" in text), None)
        if not found:
            raise Failure(TARGET, u"No virtinst was found (looked in %s)." % u", ".join(
                text_of(root + one) for one in folders), PASS_IT)
        folder, self.file, self.major, self.text = found
        self.place = resolve(root, folder)
        self.path = root + resolve(root, os.path.join(self.place, self.file))
        beside = os.path.join(self.place, "virt-install")
        for program in programs + [beside] if resolve(root, beside) else programs:
            try:
                python, folders = read_program(root, program)
            except Failure:
                continue
            users = [one for one in folders if resolve(root, os.path.join(one, "virtinst"))]
            if self.program is None and users and resolve(root, users[0]) == self.place:
                self.program, self.python = program, python
        self.disk_code, self.disk_path = self.read_disk_code()

    def read_disk_code(self):
        """Return (the index in CONFIG["affected"] of the disk code, its path or that of this file)."""
        for name in DISK_CODE:
            code = read(self.root, self.place, name)
            if code is not None:
                code = re.sub(u"(?<![^\r\n])[ \t]*#[^\r\n]*", u"", code)
                writes = re.search(r"\bsource_protocol\b|network_from_storage\b", code)
                kind = 1 if not writes else 3 if re.search(r"\bauth_secret_uuid\b", code) else 2
                return kind, text_of(self.root + os.path.join(self.place, name))
        return 0, self.file

    def release(self):
        texts = [read(self.root, self.place, name) or u"" for name in RELEASES]
        form = r"(?m)^(?:__)?version(?:__)?\s*=\s*[\"']?([A-Za-z0-9_.+~-]+)"
        found = [re.search(form, text) for text in texts]
        return next((one.group(1) for one in found if one), None)

# ---- The patch: a call in _build_xml, and FUNCTION at the end of the file ----------------------------------
# As in the tool (src/patch/insertion-point.ts, insert.ts, strip.ts). No \w and \s, which are not only ASCII.

MARKER = re.compile(r"(?<![^\n])[ \t\f]*# (>>>|<<<) virtinst-rbd-patch(?![A-Za-z0-9_-])[^\n]*\n?")
CALL = re.compile(r"[ \t]+# >>> virtinst-rbd-patch [ -~]*\n[ \t]+([A-Za-z0-9_]+) = %s\(\1\)\n"
                  r"[ \t]+([A-Za-z0-9_]+) = %s\(\2\)\n[ \t]+# <<< virtinst-rbd-patch\n\Z" % (NAME, NAME))
TIME = r"mtime=(-?[0-9]{1,20}\.[0-9]{9})"
HEADER = (r"# >>> virtinst-rbd-patch ([A-Za-z0-9_.+-]+)\Z", "# Local change, not part of virt-manager: ",
          "# ", "# libvirt pools: ", "# Remove it: ", "# Without it: ",
          r"# original: sha256=([0-9a-f]{64}) %s\Z" % TIME, r"# block: sha256=([0-9a-f]{64})\Z")
OLD_HEADER = re.compile(  # of 1.0, and with an explanation of 1.1 and 1.2
    r"# >>> virtinst-rbd-patch 1\.(?:0\..*\n|.*\n# Not part of virt-manager: .*\n# .*\n# For .*\n# To undo "
    r".*\n# Or, .*\n)# format: .*\n(?:# pristine: .*\n){1,2}# facts: .*\n# blocks: .*\ndef ")
OLD_ORIGINAL = re.compile(r"(?m)^# pristine: sha256=([0-9a-f]{64})(?:\n# pristine:)? %s " % TIME)
LEAVES = re.compile(r"(?:^|[:;])[ \t]*return(?![A-Za-z0-9_:])|(?<![A-Za-z0-9_])yield(?![A-Za-z0-9_])")
TRIPLES = u'"""', u"'''"
LOG = re.compile(r"(?:log|logging)\.debug\(")
EDITED = re.compile(r"[ \t]*return \(?([A-Za-z_][A-Za-z0-9_]*)[^,]*, ([A-Za-z_][A-Za-z0-9_]*)")
REWRITES = re.compile(r"\.(?:subn?|replace)[ \t]*\(|(?<![A-Za-z0-9_.])re\.compile[ \t]*\(")
RETURN = re.compile(r"[ \t]*return ([A-Za-z_][A-Za-z0-9_]*), ([A-Za-z_][A-Za-z0-9_]*)[ \t]*\Z")

class Damaged(Exception):
    """The patch in a file is not whole."""

def sha256(text):
    return hashlib.sha256(text.encode("latin-1")).hexdigest()

def refused(number, expected):
    message = "line %d: cannot be patched; expected %s. Nothing was written." % (number + 1, expected)
    return Failure(TARGET, message, RESTORE)

def split_lines(text):
    """Return (the lines without their ends, the line end)."""
    eol = u"\r\n" if u"\r\n" in text else u"\n"
    lines = text.split(eol)
    mixed = [number for number, line in enumerate(lines) if u"\r" in line or u"\n" in line]
    if mixed:
        raise refused(mixed[0], "the same line end on all lines (LF or CRLF)")
    if lines.pop():
        raise refused(len(lines), "a newline at the end of the file")
    return lines, eol

def indent_of(line):
    return re.match(u"[ \t]*", line).group()

def is_deeper(line, indent):
    return line.startswith(indent) and line[len(indent):len(indent) + 1] in (u" ", u"\t")

def method_body(lines):
    """Return the indexes of the lines of _build_xml that are not blank, without its signature."""
    calls = u"self._build_xml("
    found = [at for at, line in enumerate(lines) if u"_build_xml" in line.replace(calls, u"")] or [0]
    definition = re.match(r"([ \t]+)def _build_xml\(", lines[found[0]] if lines and len(found) == 1 else u"")
    if not definition:
        raise refused(found[-1], "_build_xml defined once, as a method, and used only as self._build_xml(")
    start, indent = found[0], definition.group(1)
    if any(u"\n".join(lines[:start]).count(quotes) % 2 for quotes in TRIPLES):
        raise refused(start, "no open multi-line string at this line")
    while not re.search(r":[ \t]*(?:#|\Z)", lines[start]):
        start += 1
        line = lines[start] if start < len(lines) else u"end"
        if line.strip(u" \t\f") and not is_deeper(line, indent) and not line.startswith(indent + u")"):
            raise refused(found[0], "a signature of _build_xml that ends in a colon")
    # For Python, a comment does not end a block, whatever its indentation.
    below = [at for at in range(start + 1, len(lines)) if lines[at].strip(u" \t\f") and (
        is_deeper(lines[at], indent) or lines[at].lstrip(u" \t")[:1] != u"#")]
    end = next((n for n, at in enumerate(below) if not is_deeper(lines[at], indent)), len(below))
    if not end:
        raise refused(found[0], "a body of _build_xml on lines of its own")
    return below[:end]

def insertion_point(lines):
    """Return (index of the first log line of _build_xml, its indentation, the two variables that it returns).

    Everything that could make the call run too early, twice or not at all is refused.
    """
    body = method_body(lines)
    indent, last = indent_of(lines[body[0]]), body[-1]
    # The statements of the body itself, without their indentation; what is nested deeper is not in it.
    own = dict((at, lines[at][len(indent):]) for at in body if indent_of(lines[at]) == indent)
    names = RETURN.match(own.get(last, u""))
    if not names or names.group(1) == names.group(2):
        raise refused(last, "`return FIRST, SECOND` as the last line of _build_xml")
    for at in body[:-1]:
        if LEAVES.search(lines[at]):
            raise refused(at, "no other `return` and no `yield` in _build_xml")
    for at in body:  # Python counts the columns of an indentation again after a form feed
        if u"\f" in lines[at]:
            raise refused(at, "no form feed in _build_xml")
    anchor = next((at for at in body if LOG.match(own.get(at, u""))), None)
    if anchor is None:
        raise refused(last, "a line that begins with log.debug( or logging.debug( before it")
    for at in [at for at in body if anchor <= at < last]:
        is_log = is_deeper(lines[at], indent) if at not in own else (
            LOG.match(own[at]) or own[at].rstrip(u" \t\f\v") == u")")
        if not is_log or u";" in lines[at] or u":=" in lines[at]:
            raise refused(at, "only log.debug( lines, without `;` and `:=`, from the first one to the return")
    triples = [(at, found) for at in body for found in re.findall(u"\"\"\"|'''", lines[at])]
    # Elsewhere in a string, a line may only look like a statement.
    is_docstring = len(triples) == 2 and triples[0][0] == body[0] and triples[1][0] < anchor and (
        triples[0][1] == triples[1][1] and re.match(u"[rRuU]?(?:\"\"\"|''')", own[body[0]]))
    if lines[anchor - 1].endswith(u"\\"):
        raise refused(anchor, "a line before it that does not end in `\\`")
    if triples and not is_docstring:
        raise refused(triples[0][0], "triple quotes only in a docstring of _build_xml")
    assigned = [re.match("([A-Za-z0-9_, ]+)(?::[^=]*)?=(?!=)", own[at]) for at in own if at < anchor]
    assigned = [name.strip(u" ") for one in assigned if one for name in one.group(1).split(u",")]
    for name in names.groups():
        if name not in assigned:
            raise refused(anchor, "an assignment to %s before this line, at the same indentation" % name)
    return anchor, indent, names.groups()

def insert(base, mtime):
    """Return the patched file."""
    lines, eol = split_lines(base)
    at, indent, names = insertion_point(lines)
    call = [u"# >>> virtinst-rbd-patch (see the end of this file)"]
    call += [u"%s = %s(%s)" % (name, NAME, name) for name in names] + [u"# <<< virtinst-rbd-patch"]
    call = [indent + line for line in call]
    top, rest = FUNCTION.split("# original:\n# block:\n")
    top += u"# original: sha256=%s mtime=%s\n" % (sha256(base), mtime)
    block = top + u"# block: sha256=%s\n" % sha256(u"\n".join(call + [top + rest])) + rest
    return eol.join(lines[:at] + call + lines[at:] + block.split(u"\n"))

class Patch(object):
    """The patch in a file; `base` is the file without it. Raises Damaged."""
    def __init__(self, text):
        marks, names = list(MARKER.finditer(text)), [found.start() for found in re.finditer(NAME, text)]
        if [mark.group(1) for mark in marks] != [">>>", "<<<", ">>>", "<<<"]:
            raise Damaged("the marker lines of the patch are not complete and in order")
        spans = [(marks[n].start(), marks[n + 1].end()) for n in (0, 2)]
        if any(not any(start <= at < end for start, end in spans) for at in names):
            raise Damaged("the name %s occurs outside the patch" % NAME)
        blocks = [text[start:end].replace(u"\r\n", u"\n") for start, end in spans]
        old = blocks[0].startswith(u"# >>> virtinst-rbd-patch 1.")  # 1.x put the function before the call
        (call, self.block), self.span = blocks[::-1] if old else blocks, spans[0 if old else 1]
        lines, define = self.block.split(u"\n")[:-1], u"def %s(xml):" % NAME
        at = lines.index(define) if define in lines else len(lines)
        head, body = lines[:at], lines[at + 1:-1] or [u"missing"]
        # A block with anything else in it is not this tool's, and must not be removed.
        if not (CALL.match(call) and all(line[:1] == u"#" for line in head)
                and all(line[:1] in (u"", u" ") for line in body) and re.match(r" +return xml\Z", body[-1])
                and not re.match(r"(?:[ \t]*\r?\n)*[ \t]+[^ \t\r\n]", text[self.span[1]:])):
            raise Damaged("the patch is not complete, or it contains something else")
        stated = [re.match(form, line) for form, line in zip(HEADER, head)]
        if not (OLD_HEADER.match(self.block) if old else len(head) == len(HEADER) and all(stated)):
            raise Damaged("the header of the patch cannot be read")
        self.tool = re.match(r"# >>> virtinst-rbd-patch ([A-Za-z0-9_.+-]*)", self.block).group(1)
        original = OLD_ORIGINAL.search(self.block) if old else stated[6]
        self.sha256, self.mtime = original.groups() if original else (None, None)
        self.base = text[:spans[0][0]] + text[spans[0][1]:spans[1][0]] + text[spans[1][1]:]
        self.is_original = self.sha256 in (None, sha256(self.base))
        plain = re.sub(r"(?m)^# block: .*\n", u"", self.block, count=1)
        is_ascii = re.match(r"[\t\n -~]*\Z", call + self.block)
        self.is_intact = bool(not old and is_ascii and stated[7].group(1) == sha256(call + plain))

    def pools(self):
        """Return the names of the libvirt pools that this patch is for."""
        lines = re.findall(r"(?m)^ {12}\"libvirt_pools\": (.*),$", self.block)
        return [name.encode("ascii", "replace").decode("unicode_escape", "replace")
                for line in lines for name in re.findall(u'u"([^"]*)"', line)]

def examine(text, compare):
    """Return (state, reason, the patch or None); `compare` is whether to compare it with CONFIG."""
    if not MARKER.search(text) and NAME not in text:
        return "not-patched", u"the file has no patch", None
    try:
        patch = Patch(text)
    except Damaged as error:
        return "damaged", text_of(error), None
    version = u"the patch was written by version %s, this is %s" % (patch.tool, VERSION)
    if patch.tool.startswith(u"1."):
        return "outdated", version, patch
    if not patch.is_intact or not patch.is_original:
        return "modified", u"the %s" % ("file was changed outside the patch" if patch.is_intact else
                                        "patch was edited"), patch
    if patch.tool != VERSION:
        return "outdated", version, patch
    try:
        wanted = insert(patch.base, patch.mtime) if compare else text
    except Failure:
        wanted = u""
    if wanted == text:
        return "current", u"the patch is the one for the pools of this host", patch
    if text[slice(*patch.span)] in wanted:
        return "modified", u"the patch was moved", patch
    return "outdated", u"the patch is for other pools or secrets than this script", patch

def manual_edit(text):
    """Return the indexes of the lines of a manual edit, which rewrites the XML in _build_xml."""
    lines, found, edited = re.split(u"\r?\n", text), set(), False
    try:
        body = [at for at in method_body(lines) if lines[at].lstrip(u" \t")[:1] != u"#"]
    except Failure:
        return []
    names = EDITED.match(lines[body[-1]]) if body else None
    rewrites = [n for n, at in enumerate(body) if REWRITES.search(lines[at])] if names else []
    for n, at in enumerate(body if rewrites else []):
        indent, end = indent_of(lines[at]), n + 1
        while not re.search(r":[ \t]*(?:#.*)?\Z", lines[at]) and end < len(body) and (
                is_deeper(lines[body[end]], indent) or lines[body[end]].startswith(indent + u")")):
            end += 1
        own = [lines[line] for line in body[n:end]]
        if any(n <= one < end for one in rewrites) and not re.match(r"[ \t]*(?:log|logging)\.", own[0]):
            named = r"(?<![A-Za-z0-9_.])(?:%s|%s)(?![A-Za-z0-9_])" % names.groups()
            edited = edited or any(re.search(named, line) for line in own)
            found.update(body[n:end])
    return sorted(found) if edited else []

# ---- Replace the file --------------------------------------------------------------------------------------

SIGNALS = {"held": False, "number": None}

def stop(number, _):
    """End this run; if a program is being started, only after that, so that it can be ended too."""
    SIGNALS["number"] = number
    if not SIGNALS["held"]:
        sys.exit(128 + number)

def run(words, request=b"", **variables):
    """Run a program for at most a minute; return (exit code, output, errors). Its children end with it."""
    import threading
    pipe, environment = subprocess.PIPE, dict(os.environ, LC_ALL="C", **variables)
    SIGNALS["held"] = True
    try:
        child = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, cwd="/", preexec_fn=os.setsid,
                                 close_fds=True, env=environment)
    finally:
        SIGNALS["held"] = False
    timer = threading.Timer(60, os.killpg, [child.pid, signal.SIGKILL])
    timer.start()
    try:
        if SIGNALS["number"]:
            sys.exit(128 + SIGNALS["number"])
        output, errors = [text_of(one) for one in child.communicate(request)]
    finally:
        timer.cancel()
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except OSError:
            pass  # none is left
        child.wait()
    return child.returncode, output, errors.strip()

def command(*words):
    """Return the output of a program; raise EnvironmentError if it fails."""
    try:
        code, output, errors = run(words)
    except EnvironmentError as error:
        code, output, errors = 127, u"", u"%s: %s" % (words[0], text_of(error))
    if code:
        raise EnvironmentError(shown(errors) or "%s failed with exit code %d" % (words[0], code))
    return output.strip()

def modified_time(path):
    """Return the modification time in seconds, with nine decimals: Python 2.7 does not know them."""
    return command("stat", "-L", "-c", "%.9Y", "--", path)

def replace(path, old, new, mtime=None):
    """Replace a file, whole or not at all; keep mode, owner, ACL and SELinux label; set its time."""
    temporary, descriptor = os.path.join(os.path.dirname(path), ".virtinst-rbd-patch.tmp"), None

    def is_written(name):
        """Return whether a name is that of the new file."""
        return descriptor is not None and os.path.lexists(name) and os.path.samestat(
            os.lstat(name), os.fstat(descriptor))
    try:
        if os.path.lexists(temporary) and abs(time.time() - os.lstat(temporary).st_ctime) > 10:
            os.unlink(temporary)  # left behind by a run that was killed
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise error if error.errno != errno.EEXIST else EnvironmentError("another run is in progress")
        # cp fails if it cannot copy an attribute. The content is overwritten next.
        command("cp", "--preserve=mode,ownership,xattr", "--", path, temporary)
        if os.stat(path)[4:6] != os.stat(temporary)[4:6]:
            raise EnvironmentError("its owner cannot be kept")
        os.ftruncate(descriptor, 0)
        write(descriptor, new.encode("latin-1"))
        # Python takes byte code for that of any source with the same second: never keep the old one.
        fresh = "%d.000000000" % max(time.time(), os.stat(path).st_mtime + 1)
        try:
            command("touch", "-c", "-d", "@" + (mtime or fresh), "--", temporary)
        except EnvironmentError:
            command("touch", "-c", "-d", "@" + fresh, "--", temporary)  # mtime may be out of range
        os.fsync(descriptor)
        if read("", path) != old or not is_written(temporary):
            raise EnvironmentError("another program changed it, or another run is in progress")
        os.rename(temporary, path)
        REPLACED.append(path)
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        if not is_written(path) or read("", path) != new:
            raise EnvironmentError("its content is not what was written")
    except EnvironmentError as error:
        if REPLACED or is_written(path):
            raise Failure(IO, u"the file was replaced, but: %s." % text_of(error), "Check the disk; verify.")
        denied = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        raise Failure(IO, u"cannot be replaced: %s. Nothing was written." % text_of(error),
                      "Run this as root. Check for a read-only file system, or an immutable file (lsattr)."
                      if denied else "Fix this, then run this again.")
    finally:
        if not REPLACED and is_written(path):  # a signal came just after the rename
            REPLACED.append(path)
        elif not REPLACED and is_written(temporary):
            os.unlink(temporary)
        if descriptor is not None:
            os.close(descriptor)

# ---- Checks ------------------------------------------------------------------------------------------------

# templates/run.py of the tool: compiles files and runs the function, under the Python that runs virt-install.
CHECK_PROGRAM = ""

def ask(virtinst, request):
    """Run CHECK_PROGRAM; return (its answer or None, the Python or None, why there is no answer)."""
    own = virtinst.python or ""
    major = ([one for one in os.path.basename(own) if one in "23"] or [virtinst.major])[0]
    names = ([own] if own and not virtinst.mounted else []) + ["python" + major] + (
        ["python2.7"] if major == "2" else ["/usr/libexec/platform-python"])
    folders = os.environ.get("PATH", "").split(":")
    for path in [os.path.join(folder, name) for name in names for folder in folders]:
        try:
            words = [path, "-B", "-E", "-s", "-c", CHECK_PROGRAM]
            code, output, errors = run(words, json.dumps(request).encode("ascii"))
            first, _, second = output.partition(u"\n")
            version = json.loads(first)["version"]
        except (EnvironmentError, ValueError, KeyError, TypeError):
            continue  # not there, or not a Python that works
        if version[0] == major and path[:1] == "/":
            python = u"Python %s, %s" % (version, text_of(path))
            try:
                return json.loads(second), python, None
            except ValueError:
                return None, python, u"%s crashed: %s" % (python, errors.rpartition(u"\n")[2] or code)
    return None, None, u"no Python %s was found on this machine" % major

def check(label, passed, difference):
    return {"label": label, "passed": bool(passed), "difference": u"" if passed else difference}

def verdict(reason, checks, **more):
    """Return the result of some checks. None at all means that they were skipped."""
    status = "skipped" if not checks else "passed" if all(one["passed"] for one in checks) else "failed"
    return dict(more, status=status, reason=reason, checks=checks)

def check_function(block, virtinst, **request):
    """Run the function on a domain with a disk of each pool; return (result, answer, Python)."""
    before, after = [text_of(one) for one in CONFIG["sample"]]
    answer, python, why = ask(virtinst, dict(request, block=block, run=[before, after, None]))
    why = why or answer.get("error")
    if why:
        return verdict(why, [check(u"the function runs", False, why)] if python else []), answer, python
    results, log = answer["results"], u"\n".join([u"log:"] + answer["log"])
    xml, again, none = [one["xml"] for one in results]
    wanted, found = [re.findall(u"(?s) {4}<disk .*?</disk>\n", one or u"") for one in (after, xml)]
    checks = [(label, [disk] == found[n:n + 1], u"expected:\n%sfound:\n%s" % (disk, u"".join(found[n:n + 1])))
              for n, (label, disk) in enumerate(zip(CONFIG["labels"], wanted))]
    same = all(one["stable"] and one["same_text"] for one in results)
    checks += [(u"nothing else is changed", xml == after, log), (u"complete disks stay", again == after, log),
               (u"no XML (--import) stays none", none is None, log), (u"str and unicode agree", same, log)]
    return verdict(python, [check(*one) for one in checks]), answer, python

def check_virt_install(virtinst):
    """Run virt-install --print-xml on libvirt's test driver, with a disk of each pool. Nothing is defined."""
    import shutil
    import tempfile
    copied = virtinst.disk_code == 3
    disks = [one for one in CONFIG["disks"] if one["listed"] and (copied or not one["byUser"])]
    if not virtinst.program or not disks:
        return verdict(u"no pool lists a monitor and can be told from others" if virtinst.program else
                       u"no virt-install uses this virtinst", [], causes=[])
    program, folder = os.path.join("/", virtinst.program), None
    reason = u"%s with %d of %d pools" % (text_of(program), len(disks), len(CONFIG["disks"]))
    try:
        folder = tempfile.mkdtemp(prefix="virtinst-rbd-patch-", dir=os.environ.get("TMPDIR") or "/tmp")
        with io.open(os.path.join(folder, "node.xml"), "wb") as file:
            file.write("".join(one["xml"] for one in disks).join(CONFIG["node"]).encode("ascii"))
        words = ("--print-xml --debug --import --name virtinst-rbd-patch --ram 64 --network none --graphics"
                 " none --os-variant none --check all=off --connect test://%s/node.xml" % folder).split()
        for disk in [one["disk"] for one in disks] + [CONFIG["cdrom"]]:
            words += ["--disk", str(disk)]
        code, output, errors = run([program] + words, PYTHONDONTWRITEBYTECODE="1", XDG_CACHE_HOME=folder)
        if code or u"</domain>" not in output:
            # Only an error of the patched file is a failure: a missing module or a busy libvirt is not.
            last = errors.rpartition(u"Traceback (most recent call last):")[2]
            where = u'/%s", line [0-9]+(?:, in (?:_build_xml|%s|<module>))?\n' % (virtinst.file, NAME)
            raised = re.search(where, last) and not re.search(u"(?m)^(ImportError|ModuleNotFoundError)", last)
            why = (re.findall(u"(?m)^[A-Za-z.]+(?:Error|Exception)\\b.*|ERROR .*", errors) or [errors])[-1]
            checks = [check(u"_build_xml runs", False, why)] if raised else []
            return verdict(u"%s: %s" % (reason, why), checks, causes=[])
        return verdict(reason, compare(virtinst, output, disks), causes=[])
    except EnvironmentError as error:
        return verdict(u"%s: %s" % (reason, text_of(error)), [], causes=[])
    finally:
        shutil.rmtree(folder or "", True)

def compare(virtinst, output, disks):
    """Return checks of the domain that virt-install printed: the function must find nothing to add."""
    xml = re.search(u"(?s)<domain[ >].*</domain>", output).group()
    answer, _, why = ask(virtinst, {"block": FUNCTION, "run": [xml]})
    answer = answer or {"results": [], "log": [why]}
    complete = not answer["log"] and [one["xml"] for one in answer["results"]] == [xml]
    checks = [check(u"disk of pool " + one["pool"], one["image"] + u'"' in xml, u"missing") for one in disks]
    return checks + [check(u"no disk lacks anything", complete, u"\n".join(answer["log"] + [xml])),
                     check(u"no auth on other disks", xml.count(u"<auth") == len(
                         [one for one in disks if one["auth"]]), xml)]

# ---- Commands ----------------------------------------------------------------------------------------------

def apply(virtinst, args, result):
    """Patch the file, or update the patch."""
    state, reason, patch, text = result["state"], result["stateReason"], virtinst.patch, virtinst.text
    edit = [str(at + 1) for at in manual_edit(text)]
    if edit and not args.force:
        raise Failure(TARGET, "_build_xml has a manual edit in line %s, which rewrites the XML. Nothing "
                      "was written. Known bugs: re is not imported (NameError), the first XML is None with "
                      "--import (TypeError), file disks get an <auth> that libvirt refuses."
                      % ", ".join(edit),
                      "Delete these lines (%s), or: %s --force patches it as it is." % (u", ".join(
                          u"`%s`" % text.split(u"\n")[int(at) - 1].strip() for at in edit[:20]), RESTORE))
    if state == "damaged" or state == "not-patched" and result["affected"] == "unsupported":
        raise Failure(TARGET, u"%s. Nothing was written." % (
            reason if state == "damaged" else result["affectedReason"]),
            RESTORE if state == "damaged" else "Upgrade virt-manager.")
    result.update(compiled=None, status="current")
    if state == "not-patched" and result["affected"] == "no" and not edit:
        result["status"] = "not needed"
    elif state != "current":
        base = patch.base if patch else text
        keep = patch is not None and patch.mtime is not None and patch.is_original
        new = insert(base, patch.mtime if keep else modified_time(virtinst.path))
        again, why, written = examine(new, True)
        if again != "current" or written.base != base:
            raise Failure(TARGET, "the patched file is not recognised: %s" % why, "Report it.")
        result["compiled"] = check_new(virtinst, base, new, written.block)
        if state == "modified":
            result["notes"].append(u"Drift: %s. The patch is replaced; other changes are kept." % reason)
        change(virtinst, new, args, result, "updated" if patch else "patched")
        result.update({} if args.check else {"state": again, "stateReason": why})

def check_new(virtinst, base, new, block):
    """Compile the patched file and run the function; return which Python did that. Nothing is written."""
    done, answer, python = check_function(block, virtinst, compile=[base, new], name=text_of(virtinst.path))
    if python is None and virtinst.mounted:
        return u"skipped: " + done["reason"]
    old, young = answer["compile"] if answer else (done["reason"], None)
    wrong = u"; ".join(u"%(label)s: %(difference)s" % one for one in done["checks"] if not one["passed"])
    if old or young or wrong:
        what = "the file cannot be compiled, even without the patch" if old else (
            "the patched file cannot be compiled" if young else "the function does not work")
        raise Failure(TARGET if old else FAILED, u"%s: %s (%s). Nothing was written." % (
            what, old or young or wrong, python), RESTORE if old else "Report this, with the file.")
    return u"compiled by " + python

def revert(virtinst, args, result):
    """Remove the patch. If the rest is the original file, restore its modification time too."""
    patch, state = virtinst.patch, result["state"]
    if state == "damaged":
        raise Failure(TARGET, u"%s. Nothing was written." % result["stateReason"], RESTORE)
    result["status"] = "not-patched"
    if patch:
        restored = patch.mtime is not None and patch.is_original
        result.update(restored=restored, timeRestored=restored, pools=patch.pools())
        change(virtinst, patch.base, args, result, "reverted", patch.mtime if restored else None)
        if not patch.is_original:
            result["notes"].append(u"The file was also changed outside the patch: these changes are kept.")
        if args.check:
            result.update({"state": None, "stateReason": u"not compared"} if state == "current" else {})
        else:
            result.update(timeRestored=restored and modified_time(virtinst.path) == patch.mtime,
                          state="not-patched", stateReason=u"the file has no patch")

def change(virtinst, new, args, result, status, mtime=None):
    """Replace the file, unless --check was given."""
    if args.diff:
        import difflib
        old, young = [one.encode("latin-1").decode("utf-8", "replace").split(u"\n")
                      for one in (virtinst.text, new)]
        lines = difflib.unified_diff(old, young, u"a/" + virtinst.file, u"b/" + virtinst.file, lineterm=u"")
        result["diff"] = u"".join(line + u"\n" for line in lines)
    result.update(changed=True, status="would be " + status if args.check else status)
    if not args.check:
        replace(virtinst.path, virtinst.text, new, mtime)

def verify(virtinst, args, result):
    """Check that the patch is current and works."""
    state, unaffected = result["state"], (result["state"], result["affected"]) == ("not-patched", "no")
    skip = u"--static" if args.static else u"the patch is %s" % state if state != "current" else None
    function = verdict(skip, []) if skip else check_function(virtinst.patch.block, virtinst)[0]
    skip = None if unaffected and not args.static else skip
    install = verdict(skip, [], causes=[]) if skip else check_virt_install(virtinst)
    result.update(volume=None, written=None, behaviour=function, install=install)
    result["notes"].append(u"Changes to the pools since this script was generated cannot be detected.")

def exit_code(result):
    if result["command"] != "verify":
        return NO if result["check"] and result["changed"] else OK
    if result["state"] != "current" and (result["state"], result["affected"]) != ("not-patched", "no"):
        return TARGET if result["state"] == "damaged" else NO
    return FAILED if "failed" in (result["behaviour"]["status"], result["install"]["status"]) else OK

def refuse_other_host(virtinst):
    """Refuse the pools of another host, and pools that only users tell apart if those are not copied."""
    names = text_of(os.uname()[1]), CONFIG["host"]
    own, theirs = [(name or u"localhost").lower().rstrip(u".") for name in names]
    count = None if u"." in own and u"." in theirs else 1
    other = own.split(u".")[:count] != theirs.split(u".")[:count]
    if theirs.split(u".")[0] == u"localhost":  # any host has that name: compare the file
        base = virtinst.patch.base if virtinst.patch else virtinst.text
        other = CONFIG["theirs"] not in (None, sha256(base))
    if other and not virtinst.named and not virtinst.mounted:
        raise Failure(POOLS, u"this script was generated for another host: %s. This is %s." % (theirs, own),
                      "Generate a script for this host, or pass --virtinst DIR.")
    if CONFIG["refused"] and virtinst.disk_code != 3:
        raise Failure(POOLS, *CONFIG["refused"])

class Parser(argparse.ArgumentParser):
    """A parser that raises Failure, and writes as the rest of this script does."""
    def error(self, message):
        raise Failure(USAGE, text_of(message) + u".", "See --help.")

    def print_help(self, file=None):
        write(1, text_of(self.format_help()))

def parse(words):
    parser = Parser(prog="SCRIPT", description="Adds cephx authentication and all Ceph monitors to the rbd "
                    "disks that virt-install creates (virtinst-rbd-patch %s)." % VERSION)
    parser.add_argument("command", choices=["apply", "verify", "revert"])
    parser.add_argument("-n", "--check", "--dry-run", action="store_true", help="exit 1 for a change")
    for flag, text in (("diff", "show what changes"), ("force", "apply: patch a file with a manual edit"),
                       ("static", "verify: run nothing"), ("json", "print the result as JSON")):
        parser.add_argument("--" + flag, action="store_true", help=text)
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.add_argument("--root", metavar="DIR", help="a mounted image; nothing from it is run")
    parser.add_argument("--virtinst", metavar="DIR", help="directory that contains the virtinst package")
    args = parser.parse_args(words)
    others = {"apply": ["static"], "verify": ["check", "diff", "force"], "revert": ["static", "force"]}
    for flag in [one for one in others[args.command] if getattr(args, one)]:
        parser.error("--%s cannot be combined with %s" % (flag, args.command))
    if "" in (args.root, args.virtinst):
        parser.error("--root and --virtinst need a value")
    if args.command == "verify" and args.root and not args.static:
        parser.error("verify --root needs --static, because nothing from an image is run")
    return args

def perform(args, result):
    """Do what the command line says."""
    root, named = os.path.realpath(args.root or "/").rstrip("/"), args.virtinst
    for view in [os.path.abspath(args.root or "/").rstrip("/"), root] if named else []:
        named = os.path.abspath(named)
        named = named[len(view):] or "/" if (named + "/").startswith(view + "/") else named
    virtinst = Virtinst(root, args.root is not None, named)
    result["file"] = text_of(virtinst.path)
    state, reason, virtinst.patch = examine(virtinst.text, args.command != "revert")
    result["host"] = None if virtinst.mounted else text_of(os.uname()[1])
    if args.command != "revert":
        refuse_other_host(virtinst)
        affected, why = CONFIG["affected"][virtinst.disk_code]
        result.update(host=CONFIG["host"], source=CONFIG["source"], pools=CONFIG["pools"], affected=affected,
                      affectedReason=why.replace(u"%s", virtinst.disk_path, 1),
                      notes=list(CONFIG["notes"][virtinst.disk_code == 3]))
    if os.stat(virtinst.path).st_nlink > 1:
        result["notes"].append(u"The file has several names (hard links): the others keep the old content.")
    base = virtinst.patch.base if virtinst.patch else virtinst.text
    result.update(release=virtinst.release(), state=state, stateReason=reason,
                  sha256=None if state == "damaged" else sha256(base))
    if args.command != "verify":
        result.update(check=args.check, changed=False, restored=None, timeRestored=None)
        result.update({"diff": u""} if args.diff else {})
    {"apply": apply, "verify": verify, "revert": revert}[args.command](virtinst, args, result)

def lines_of(result):
    """Return a result as lines for a person."""
    if result["command"] != "verify":
        pools = u" (pools: %s)" % u", ".join(result["pools"]) if result["pools"] else u""
        return [u"%s: %s%s" % (result["status"], result["file"], pools)]
    lines = [u"%(state)s: %(file)s: %(stateReason)s" % result,
             u"affected: %(affected)s: %(affectedReason)s" % result]
    for name, done in (u"function", result["behaviour"]), (u"virt-install", result["install"]):
        wrong = [one for one in done["checks"] if not one["passed"]]
        counts = u" (%d of %d checks)" % (len(wrong) or len(done["checks"]), len(done["checks"]))
        counts = u"" if done["status"] == "skipped" else counts
        lines.append(u"%s %s%s: %s" % (name, done["status"], counts, done["reason"]))
        for one in wrong:
            lines += [u"  " + line for line in (one["label"] + u":\n" + one["difference"]).split(u"\n")]
    return lines

def main(words):
    """Return the exit code."""
    names = "host source file release sha256 affected affectedReason state stateReason"
    empty = dict(dict.fromkeys(names.split() + ["command"]), pools=[], notes=[])
    empty["command"] = text_of(words[0]) if words else None
    result, failure, as_json, quiet = dict(empty, notes=[]), None, "--json" in words, False
    try:
        if "--version" in words:
            write(1, u"%s\n" % VERSION)
            return OK
        args = parse(words)
        as_json, quiet, result["command"] = args.json, args.quiet, args.command
        perform(args, result)
    except Failure as error:
        failure = error
    except EnvironmentError as error:
        where = text_of(error.filename or "error")
        failure = Failure(IO, u"%s: %s." % (where, text_of(error)), "Check the path and its permissions.")
    except Exception as error:
        message = u"unexpected error: %s: %s" % (type(error).__name__, text_of(error))
        failure = Failure(IO, message, "Report this, with the command line.")
    code = failure.code if failure else exit_code(result)
    if failure:
        message = (u"%s: " % result["file"] if result["file"] else u"") + failure.message
        message += u" The file was replaced before that." if REPLACED and u"replaced" not in message else u""
        write(2, u"virtinst-rbd-patch: %s\n%s\n" % (shown(message), shown(failure.hint)))
        result = dict(empty, command=result["command"], error={"message": message, "hint": failure.hint})
    else:
        lines = u"".join(shown(line) + u"\n" for line in lines_of(result))
        notes = u"".join(u"note: %s\n" % shown(one) for one in result["notes"])
        write(2, notes if not quiet else lines if code else u"")
    if as_json:
        tool, done = u"virtinst-rbd-patch " + VERSION, {"ok": code == OK, "exitCode": code}
        form = json.dumps(dict(result, form=FORM, tool=tool, verdict=done), indent=2, sort_keys=True)
        write(1, text_of(form) + u"\n")
    elif not failure:
        write(1, shown(result.get("diff", u""), u"\n\t") + (u"" if quiet else lines))
    return code

def begin():
    """Run; handle signals, and output that cannot be written."""
    while os.open(*((os.devnull, os.O_RDWR) if os.path.exists(os.devnull) else ("/", os.O_RDONLY))) < 3:
        pass  # reopen closed standard streams, so that no other file becomes one of them
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    code = None
    try:
        code = main(sys.argv[1:])
    except EnvironmentError as error:
        if error.errno != errno.EPIPE:
            write(2, u"virtinst-rbd-patch: the output cannot be written: %s.\n" % shown(text_of(error)))
    finally:
        if REPLACED and code is None:
            write(2, u"virtinst-rbd-patch: %s was replaced before that.\n" % shown(text_of(REPLACED[0])))
    return IO if code is None else code

if __name__ == "__main__":
    sys.exit(begin())
