#!/bin/sh
''':'
# sh runs these lines, and Python reads them as a string: they find a Python, which then runs this file.
# The name of Python differs between hosts: EL 8 may have only platform-python, Debian 9 only python2.
case $- in *s*) echo "To run this from standard input: python3 - apply < FILE" >&2; exit 2;; esac
for python in python3 /usr/libexec/platform-python python2.7 python2; do
    "$python" -E -S -c "" 2>/dev/null && exec "$python" -B -E -s "$0" "$@"
done
echo "virtinst-rbd-patch: no Python found in PATH." >&2
exit 6
'''
# Applies, verifies and reverts the patch on a host without Node. Python 2.7 and 3.4 to 3.13.
# `virtinst-rbd-patch bundle` generated it for the configuration below. Generate it again when a pool changes.
# "The tool" is virtinst-rbd-patch. It needs Node, and writes exactly the same bytes into the file.
import sys
if not (getattr(sys.flags, "safe_path", 0) or getattr(sys.flags, "isolated", 0)):
    del sys.path[0]  # the directory of this script: import modules only from Python's own directories
import signal
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # end without a traceback until begin() handles it
import argparse
import errno
import hashlib
import io
import json
import os
import re
import subprocess
import time

# >>> configuration
VERSION, FORM = "0.0.0", 1
CONFIG, FUNCTION = {}, ""
# <<< configuration

# Exit codes. NO: not patched, or --check found a change. USAGE: wrong options. POOLS: these pools cannot be
# used here. TARGET: this virtinst cannot be patched. FAILED: a check failed. IO: a file cannot be used.
OK, NO, USAGE, POOLS, TARGET, FAILED, IO = range(7)
# The files that may define _build_xml, and the major version of the Python that runs them.
LAYOUTS = ("virtinst/install/installer.py", "3"), ("virtinst/installer.py", "3"), ("virtinst/guest.py", "2")
# Where the Pythons of a distribution have their packages. A virtual environment has its own directories.
LIBRARIES = "/usr/local/lib", "/usr/local/lib64", "/usr/lib", "/usr/lib64"
DISK_CODE = "virtinst/devices/disk.py", "virtinst/devicedisk.py"
# What the disk code of virtinst does. CONFIG["affected"] has a verdict for each of these.
NOT_FOUND, NO_NETWORK_DISKS, NO_AUTH, COPIES_AUTH = range(4)
RELEASES = "virtcli/cliconfig.py", "virtinst/buildconfig.py", "virtinst/build.cfg"
NAME = "_virtinst_rbd_patch"
RESTORE = "Restore the file from its package (rpm -qf or dpkg -S prints its name), then run this again."
PASS_IT = "Pass the directory that contains the virtinst package with --virtinst."
REPLACED = []  # contains the path of the file after it was replaced

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

def shown(text, kept=u""):
    """Return text with all but printable ASCII escaped, so that no name can control the terminal."""
    return re.sub(u"[^ -~%s]" % kept, lambda found: u"\\u%04x" % ord(found.group()), text)

def write(descriptor, text):
    """Write ASCII to standard output (1) or standard error (2)."""
    with io.open(descriptor, "wb", closefd=False) as stream:
        stream.write(text.encode("ascii", "replace"))

# ---- Find virtinst, without importing or running it. All paths are relative to --root. ---------------------

def resolve(root, path, found_before=False):
    """Return a path with all symbolic links resolved inside root; None (or an error) if it does not exist."""
    rest, done, links = path.split("/"), [], 0
    while rest:
        step = rest.pop(0)
        if step == "..":
            done = done[:-1]
        elif step not in ("", "."):
            here = "/".join([root] + done + [step])
            if not os.path.lexists(here) or links > 40:
                if found_before:
                    raise EnvironmentError(errno.ENOENT, "it can no longer be found", here)
                return None
            if os.path.islink(here):
                links, target = links + 1, os.readlink(here)
                rest, done = target.split("/") + rest, [] if target[:1] == "/" else done
            else:
                done.append(step)
    return "/" + "/".join(done)

def read(root, *path):
    """Return a regular file as latin-1 (one character for each byte), or None if it does not exist."""
    place = resolve(root, os.path.join(*path))
    if place is None or not os.path.isfile(root + place):
        return None
    size = os.path.getsize(root + place)
    if size > 16 << 20:
        raise EnvironmentError(errno.EFBIG, "it is larger than 16 MiB", root + place)
    if size == 0:  # files of /proc have the size 0, and some of them never end
        return u""
    with io.open(root + place, encoding="latin-1", newline="") as file:
        return file.read()

def site_directories(root, libraries):
    """Return the package directories of each Python, newest version first."""
    found = []
    for library in libraries:
        place = resolve(root, library)
        names = os.listdir(root + place) if place and os.path.isdir(root + place) else []
        names = [one for one in names if re.match(r"python[23](\.[0-9]+)?\Z", one)]
        for name in sorted(names, key=lambda one: list(map(int, re.findall("[0-9]+", one))), reverse=True):
            found += ["%s/%s/%s-packages" % (library, name, kind) for kind in ("site", "dist")]
    return found

# A line that may change sys.path, and the changes that can be evaluated:
# sys.path.insert(0, "/opt/virt-manager") and sys.path.insert(0, os.path.abspath(os.path.dirname(__file__)))
CHANGES = re.compile(r"(?m)^(?:[^#\n\"']*[^#\n\"'A-Za-z0-9_])?sys\.path[ \t]*(?:\.[a-z]+\(|\[|\+?=)")
ABSOLUTE = r"(?:os\.path\.(?:abspath|realpath)\([ \t\r\n]*)*"
ADDED = re.compile(r"""[ \t\r\n]*0[ \t\r\n]*,[ \t\r\n]*(?:(["'])([^"'\\\n]+)\1[ \t\r\n]*|"""
                   r"""%sos\.path\.dirname\([ \t\r\n]*%s__file__[ \t\r\n)]*)(?:,[ \t\r\n]*)?"""
                   r"""\)[ \t]*(?:[#;\r\n]|\Z)""" % (ABSOLUTE, ABSOLUTE))

def read_program(root, path, depth=0):
    """Return (the Python of a virt-install, the directories in which it searches for virtinst)."""
    text = (read(root, path) or u"")[:65536]
    words = re.split(u"[ \t\r]+", text.partition(u"\n")[0][2:]) if text[:2] == u"#!" else []
    words = [native(word) for word in words if word and word[0] != u"-" and u"=" not in word]
    words = [word for word in words if os.path.basename(word) != "env"]
    if u"\0" in text:  # no path contains a NUL
        words = []
    if not words or not re.match(r"(platform-)?python[0-9.]*\Z", os.path.basename(words[0])):
        # A shell script that runs the real one: exec /opt/virt-manager/virt-install "$@"
        lines = re.findall(u"(?m)^[ \t]*exec ([^\n]*)", text)
        wrapped = [re.match(u"[^/]*(/.*/virt-install)\\Z", word) for line in lines
                   for word in re.split(u"[ \t\r\"']+", line)]
        wrapped = [one.group(1) for one in wrapped if one]
        if not words or not wrapped or depth > 4:
            raise Failure(TARGET, u"It is unknown which virtinst %s uses." % text_of(root + path), PASS_IT)
        return read_program(root, native(wrapped[0]), depth + 1)
    folders, own = [], os.path.dirname(resolve(root, path, True))
    for found in CHANGES.finditer(text):
        added = ADDED.match(text, found.end())
        if not added or not found.group().endswith(".insert("):
            raise Failure(TARGET, u"It is unknown which virtinst %s uses: line %d changes sys.path." % (
                text_of(root + path), text.count(u"\n", 0, found.end()) + 1), PASS_IT)
        folders.insert(0, os.path.join(own, native(added.group(2) or u"")))  # the last one comes first
    prefix = os.path.normpath(os.path.join(words[0], "../.."))
    libraries = LIBRARIES if words[0][:1] != "/" or prefix == "/usr" else (prefix + "/lib", prefix + "/lib64")
    return words[0], folders + [own] + site_directories(root, libraries)

class Virtinst(object):
    """The virtinst to patch. `path` is the file that defines _build_xml, `text` its content.

    mounted: whether --root was given. named: the directory from --virtinst, or None.
    """
    def __init__(self, root, mounted, named):
        self.root, self.mounted, self.named, self.patch, self.kind = root, mounted, named, None, None
        in_path = [] if mounted else [one for one in os.environ.get("PATH", "").split(":") if one[:1] == "/"]
        programs = [resolve(root, one + "/virt-install") for one in in_path + ["/usr/local/bin", "/usr/bin"]]
        programs = [one for one in programs if one and os.path.isfile(root + one)]
        if named:
            folders = [named]
        else:
            folders = (read_program(root, programs[0])[1] if programs else []) + ["/usr/share/virt-manager"]
            folders += site_directories(root, LIBRARIES)
        candidates = ((folder, file, major, read(root, folder, file) or u"")
                      for folder in folders for file, major in LAYOUTS)  # lazy: read until one matches
        found = next((one for one in candidates if u"def _build_xml" in one[-1]), None)
        if not found:
            raise Failure(TARGET, u"No virtinst was found (looked in %s)." % u", ".join(
                text_of(root + one) for one in folders), PASS_IT)
        folder, self.file, self.major, self.text = found
        self.place = resolve(root, folder, True)
        self.path = root + resolve(root, os.path.join(self.place, self.file), True)
        self.program, self.python = self.find_program(programs)

    def find_program(self, programs):
        """Return (the virt-install that imports this virtinst, its Python), or (None, None)."""
        beside = resolve(self.root, self.place + "/virt-install")
        for program in programs + ([beside] if beside else []):
            try:
                python, folders = read_program(self.root, program)
            except Failure:
                continue
            with_virtinst = [one for one in folders if resolve(self.root, one + "/virtinst")]
            if with_virtinst and resolve(self.root, with_virtinst[0]) == self.place:
                return program, python
        return None, None

    def disk_code(self):
        """Return (what the disk code does, its path; if there is none, the path of the file to patch)."""
        for name in DISK_CODE:
            code = read(self.root, self.place, name)
            if code is not None:
                code = re.sub(u"(?<![^\r\n])[ \t]*#[^\r\n]*", u"", code)
                writes = re.search(r"\bsource_protocol\b|network_from_storage\b", code)
                copies = COPIES_AUTH if re.search(r"\bauth_secret_uuid\b", code) else NO_AUTH
                path = text_of(self.root + os.path.join(self.place, name))
                return copies if writes else NO_NETWORK_DISKS, path
        return NOT_FOUND, text_of(self.path)

    def release(self):
        form = r"(?m)^(?:__)?version(?:__)?\s*=\s*[\"']?([A-Za-z0-9_.+~-]+)"
        found = re.search(form, u"\n".join(read(self.root, self.place, name) or u"" for name in RELEASES))
        return found.group(1) if found else None

# ---- The patch: a call in _build_xml, and FUNCTION at the end of the file ----------------------------------
# The tool has the same rules. Do not use \w and \s here: they match more than ASCII.

MARKER = re.compile(r"(?<![^\n])[ \t\f]*# (>>>|<<<) virtinst-rbd-patch(?![A-Za-z0-9_-])[^\n]*\n?")
CALL = re.compile(r"[ \t]+# >>> virtinst-rbd-patch [ -~]*\n[ \t]+([A-Za-z0-9_]+) = %s\(\1\)\n"
                  r"[ \t]+([A-Za-z0-9_]+) = %s\(\2\)\n[ \t]+# <<< virtinst-rbd-patch\n\Z" % (NAME, NAME))
BLOCK = re.compile(r"# >>> virtinst-rbd-patch ([A-Za-z0-9_.+-]+)[^\n]*\n(?:#[^\n]*\n)*def %s\(xml\):\n"
                   r"(?:(?: [^\n]*)?\n)* +return xml\n[^\n]*\n?\Z" % NAME)
DIGEST, TIME = r"sha256=([0-9a-f]{64})", r"mtime=(-?[0-9]{1,20}\.[0-9]{9})"
HEADER = re.compile(r"# >>> [a-z-]+ [^ \n]+\n(?:#[^\n]*\n){5}"  # five lines for people
                    r"# original: %s %s\n# block: %s\ndef " % (DIGEST, TIME, DIGEST))
# The header of 1.x. After its first line, 1.1 and 1.2 have five lines that explain the patch. 1.0 does not,
# and has digest and time on one line: `# pristine: sha256=... mtime=... ...`.
OLD_HEADER = re.compile(
    r"# >>> [a-z-]+ 1\.(?:0\..*\n|.*\n# Not part of virt-manager: .*\n# .*\n# For .*\n# To undo "
    r".*\n# Or, .*\n)# format: .*\n# pristine: %s(?:\n# pristine:)? %s .*\n"
    r"# facts: .*\n# blocks: .*\ndef " % (DIGEST, TIME))
# A statement that leaves _build_xml; `:return:` in a docstring does not.
LEAVES = re.compile(r"(?:^|[:;])[ \t]*return(?![A-Za-z0-9_:])|(?<![A-Za-z0-9_])yield(?![A-Za-z0-9_])")
LOG = re.compile(r"(?:log|logging)\.debug\(")
# A line of a manual edit: a call that rewrites text, but not in a comment or a log line.
REWRITES = re.compile(r"(?![ \t]*(?:#|(?:log|logging)\.)).*"
                      r"(?:\.(?:subn?|replace)[ \t]*\(|(?<![A-Za-z0-9_.])re\.compile[ \t]*\()")
RETURN = re.compile(r"[ \t]*return ([A-Za-z_][A-Za-z0-9_]*), ([A-Za-z_][A-Za-z0-9_]*)[ \t]*\Z")

def sha256(text):
    return hashlib.sha256(text.encode("latin-1")).hexdigest()

def require(condition, number, expected):
    """Raise a Failure for a line of the file, unless the condition is true."""
    if not condition:
        message = "line %d: cannot be patched; expected %s. Nothing was written." % (number + 1, expected)
        raise Failure(TARGET, message, RESTORE)

def split_lines(text):
    """Return (the lines without their ends, the line end)."""
    eol = u"\r\n" if u"\r\n" in text else u"\n"
    lines = text.split(eol)
    for at, line in enumerate(lines):
        require(u"\r" not in line and u"\n" not in line, at, "the same line end on all lines (LF or CRLF)")
    require(not lines[-1], len(lines) - 1, "a newline at the end of the file")
    return lines[:-1], eol

def indent_of(line):
    return re.match(u"[ \t]*", line).group()

def is_deeper(line, indent):
    return line.startswith(indent) and line[len(indent):len(indent) + 1] in (u" ", u"\t")

def method_body(lines):
    """Return the indexes of the lines of _build_xml that are not blank, without its signature."""
    calls = u"self._build_xml("
    found = [at for at, line in enumerate(lines) if u"_build_xml" in line.replace(calls, u"")] or [0]
    definition = re.match(r"([ \t]+)def _build_xml\(", lines[found[0]]) if lines else None
    require(definition and len(found) == 1, found[-1],
            "_build_xml defined once, as a method, and used only as self._build_xml(")
    start, indent, before = found[0], definition.group(1), u"\n".join(lines[:found[0]])
    require(before.count(u'"""') % 2 == before.count(u"'''") % 2 == 0, start,
            "no open multi-line string at this line")
    while not re.search(r":[ \t]*(?:#|\Z)", lines[start]):
        start += 1
        line = lines[start] if start < len(lines) else u"the file ended: refuse it"
        require(not line.strip(u" \t\f") or is_deeper(line, indent) or line.startswith(indent + u")"),
                found[0], "a signature of _build_xml that ends in a colon")
    # In Python, a comment does not end a block, even if it is indented less.
    below = [at for at in range(start + 1, len(lines)) if lines[at].strip(u" \t\f") and (
        is_deeper(lines[at], indent) or lines[at].lstrip(u" \t")[:1] != u"#")]
    end = next((n for n, at in enumerate(below) if not is_deeper(lines[at], indent)), len(below))
    require(end, found[0], "a body of _build_xml on lines of its own")
    return below[:end]

def insertion_point(lines):
    """Return (index of the first log line of _build_xml, its indentation, the two variables that it returns).

    _build_xml returns two domains, for the installation and for the guest. Both are complete at this line.
    Everything that could make the call run too early, twice or not at all is refused.
    """
    body = method_body(lines)
    indent, last = indent_of(lines[body[0]]), body[-1]
    # The statements of the body without their indentation; nested statements are not included.
    own = dict((at, lines[at][len(indent):]) for at in body if indent_of(lines[at]) == indent)
    names = RETURN.match(own.get(last, u""))
    require(names and names.group(1) != names.group(2), last,
            "`return FIRST, SECOND` as the last line of _build_xml")
    for at in body:
        require(at == last or not LEAVES.search(lines[at]), at, "no other `return` and no `yield`")
        # After a form feed, Python restarts the count of the indentation.
        require(u"\f" not in lines[at], at, "no form feed in _build_xml")
    anchor = next((at for at in body if LOG.match(own.get(at, u""))), None)
    require(anchor is not None, last, "a line that begins with log.debug( or logging.debug( before it")
    for at in [at for at in body if anchor <= at < last]:
        # Deeper lines continue a log call, and a bracket ends it.
        is_log = is_deeper(lines[at], indent) if at not in own else (
            LOG.match(own[at]) or own[at].rstrip(u" \t\f\v") == u")")
        require(is_log and u";" not in lines[at] and u":=" not in lines[at], at,
                "only log.debug( lines, without `;` and `:=`, from the first one to the return")
    # A line inside a multi-line string can look like a statement: allow only a docstring.
    triples = [(at, found) for at in body for found in re.findall(u"\"\"\"|'''", lines[at])]
    is_docstring = len(triples) == 2 and triples[0][0] == body[0] and triples[1][0] < anchor and (
        triples[0][1] == triples[1][1] and re.match(u"[rRuU]?(?:\"\"\"|''')", own[body[0]]))
    require(not triples or is_docstring, anchor, "triple quotes only in a docstring of _build_xml")
    require(not lines[anchor - 1].endswith(u"\\"), anchor, "a line before it that does not end in `\\`")
    assigned = [re.match("([A-Za-z0-9_, ]+)(?::[^=]*)?=(?!=)", own[at]) for at in own if at < anchor]
    assigned = [name.strip(u" ") for one in assigned if one for name in one.group(1).split(u",")]
    require(set(names.groups()) <= set(assigned), anchor,
            "an assignment to %s and %s before this line, at the same indentation" % names.groups())
    return anchor, indent, names.groups()

def insert(base, mtime):
    """Return the patched file. Its second digest is that of all lines of the patch except `# block:`."""
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
    """The patch in a file; `base` is the file without it."""
    def __init__(self, text):
        marks = list(MARKER.finditer(text))
        if [mark.group(1) for mark in marks] != [">>>", "<<<", ">>>", "<<<"]:
            raise Failure(TARGET, "the marker lines of the patch are not complete and in order", RESTORE)
        spans = [(marks[n].start(), marks[n + 1].end()) for n in (0, 2)]
        self.base = text[:spans[0][0]] + text[spans[0][1]:spans[1][0]] + text[spans[1][1]:]
        blocks = [text[start:end].replace(u"\r\n", u"\n") for start, end in spans]
        old = blocks[0].startswith(u"# >>> virtinst-rbd-patch 1.")  # 1.x put the function before the call
        call, self.block = blocks[::-1] if old else blocks
        self.span = spans[0 if old else 1]
        shape, header = BLOCK.match(self.block), (OLD_HEADER if old else HEADER).match(self.block)
        # Do not remove a block that contains anything else, or that more lines of a function follow.
        after = text[self.span[1]:]
        blank = after[:len(after) - len(after.lstrip(u" \t\r\n"))]
        is_indented = blank != after and blank[-1:] in (u" ", u"\t")
        if not (CALL.match(call) and shape and header) or NAME in self.base or is_indented:
            raise Failure(TARGET, "the patch is not complete, or it contains something else", RESTORE)
        self.tool, (digest, self.mtime) = shape.group(1), header.group(1, 2)
        self.is_original = digest == sha256(self.base)
        plain = call + re.sub(r"(?m)^# block: .*\n", u"", self.block, count=1)
        self.is_intact = not old and header.group(3) == sha256(plain)

    def pools(self):
        """Return the names of the libvirt pools that this patch is for."""
        lines = re.findall(r"(?m)^ {12}\"libvirt_pools\": (.*),$", self.block)
        return [name.encode("ascii", "replace").decode("unicode_escape", "replace")
                for line in lines for name in re.findall(u'u"([^"]*)"', line)]

def examine(text, compare):
    """Return (state, reason, the patch or None); `compare`: whether to compare the patch with CONFIG."""
    if not MARKER.search(text) and NAME not in text:
        return "not-patched", u"the file has no patch", None
    try:
        patch = Patch(text)
    except Failure as error:
        return "damaged", error.message, None
    if not patch.tool.startswith(u"1.") and not (patch.is_intact and patch.is_original):
        return "modified", u"the %s" % ("file was changed outside the patch" if patch.is_intact else
                                        "patch was edited"), patch
    if patch.tool != VERSION:
        return "outdated", u"the patch was written by version %s, this is %s" % (patch.tool, VERSION), patch
    try:
        # revert does not compare: a patch that was not edited counts as current.
        wanted = insert(patch.base, patch.mtime) if compare else text
    except Failure:
        wanted = u""
    if wanted == text:
        return "current", u"the patch is the one for the pools of this host", patch
    if text[slice(*patch.span)] in wanted:  # the same block, in another place
        return "modified", u"the patch was moved", patch
    return "outdated", u"the patch is for other pools or secrets than this script", patch

def manual_edit(text):
    """Return the indexes of the lines of _build_xml that rewrite XML: a manual edit."""
    lines = re.split(u"\r?\n", text)
    try:
        found = [at for at in method_body(lines) if REWRITES.match(lines[at])]
    except Failure:
        return []
    return found if any(u"xml" in lines[at] for at in found) else []

# ---- Replace the file --------------------------------------------------------------------------------------

def run(words, request=b"", **variables):
    """Run a program for at most a minute; return (exit code, output, errors). Its children end with it."""
    pipe, environment = subprocess.PIPE, dict(os.environ, LC_ALL="C", **variables)
    child = subprocess.Popen(["timeout", "-k", "5", "60"] + list(words), stdin=pipe, stdout=pipe, stderr=pipe,
                             cwd="/", close_fds=True, env=environment)
    try:
        output, errors = child.communicate(request)
    except BaseException:
        child.terminate()
        raise
    return child.returncode, text_of(output), text_of(errors).strip()

def command(*words):
    """Return the output of a program; raise EnvironmentError if it fails."""
    code, output, errors = run(words)
    if code:
        raise EnvironmentError(shown(errors) or "%s failed with exit code %d" % (words[0], code))
    return output.strip()

def modified_time(path):
    """Return the modification time in seconds, with nine decimals, which Python 2.7 cannot read."""
    return command("stat", "-L", "-c", "%.9Y", "--", path)

def replace(path, old, new, mtime=None):
    """Replace a file, completely or not at all. Keep mode, owner, ACL and SELinux label; set the time."""
    temporary, descriptor = os.path.join(os.path.dirname(path), ".virtinst-rbd-patch.tmp"), None

    def is_new_file(name):
        """Return whether a path leads to the new file."""
        return descriptor is not None and os.path.lexists(name) and os.path.samestat(
            os.lstat(name), os.fstat(descriptor))
    try:
        # A file older than ten seconds is from a run that was killed. abs(): the clock may be wrong.
        if os.path.lexists(temporary) and abs(time.time() - os.lstat(temporary).st_ctime) > 10:
            os.unlink(temporary)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            if error.errno == errno.EEXIST:
                raise Failure(IO, "another run is in progress. Nothing was written.", "Run this again later.")
            raise
        # cp copies the ACL with the mode, and the SELinux label with xattr. It fails if it cannot copy them.
        # The content that it copies is overwritten.
        command("cp", "--preserve=mode,ownership,xattr", "--", path, temporary)
        before, after = os.stat(path), os.stat(temporary)
        if (before.st_uid, before.st_gid) != (after.st_uid, after.st_gid):
            raise EnvironmentError("its owner cannot be kept")
        os.ftruncate(descriptor, 0)
        with io.open(descriptor, "wb", closefd=False) as file:
            file.write(new.encode("latin-1"))
        # Python compares only size and second to find out whether byte code is current: use another second.
        fresh = int(max(time.time(), os.stat(path).st_mtime + 1))
        os.utime(temporary, (fresh, fresh))
        if mtime:
            run(["touch", "-c", "-d", "@" + mtime, "--", temporary])  # revert checks the result
        os.fsync(descriptor)
        if read("", path) != old or not is_new_file(temporary):
            raise EnvironmentError("another program changed it, or another run is in progress")
        os.rename(temporary, path)
        REPLACED.append(path)
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        if not is_new_file(path) or read("", path) != new:
            raise EnvironmentError("its content is not what was written")
    except EnvironmentError as error:
        if REPLACED:
            raise Failure(IO, u"the file was replaced, but: %s." % text_of(error), "Check the disk; verify.")
        raise Failure(IO, u"cannot be replaced: %s. Nothing was written." % text_of(error),
                      "Run this as root. Check for a read-only file system, or an immutable file (lsattr).")
    finally:
        if is_new_file(temporary):
            os.unlink(temporary)
        elif is_new_file(path) and not REPLACED:
            REPLACED.append(path)  # a signal came just after the rename

# ---- Checks ------------------------------------------------------------------------------------------------

# templates/run.py of the tool: compiles files and runs the function, with the Python that runs virt-install.
CHECK_PROGRAM = ""

def ask(virtinst, **request):
    """Run CHECK_PROGRAM; return (its answer or None, the Python or None, why there is no answer)."""
    found = re.search("[23]", os.path.basename(virtinst.python or ""))
    major = found.group() if found else virtinst.major
    own = virtinst.python if virtinst.python and not virtinst.mounted else "python" + major
    for name in (own, "python" + major, "python2.7" if major == "2" else "/usr/libexec/platform-python"):
        code, output, errors = run([name, "-B", "-E", "-s", "-c", CHECK_PROGRAM],
                                   json.dumps(request).encode("ascii"))
        first, _, second = output.partition(u"\n")
        version = re.match(r'\{"version": "(%s[0-9.]*)"\}\Z' % major, first)
        if version:
            python = u"Python %s, %s" % (version.group(1), text_of(name))
            try:
                answer = json.loads(second)
                if code == 0 and is_complete(answer, request):
                    return answer, python, None
            except (AttributeError, KeyError, TypeError, ValueError):
                pass  # it is not an answer
            last = errors.rpartition(u"\n")[2] or u"exit code %s" % code
            return None, python, u"%s crashed: %s" % (python, last)
    return None, None, u"no Python %s was found on this machine" % major

def is_complete(answer, request):
    """Whether an answer has everything that the request asks for. Raises an exception for other forms."""
    checks, compiled = answer.get("checks", []), answer.get("compile", [])
    texts = answer["log"] + [answer.get("error", u"")] + [one for one in compiled if one is not None]
    texts += [one[key] for one in checks for key in ("label", "difference")]
    # There is a check for each label, and at least one other.
    has_checks = "error" in answer or "labels" not in request or len(checks) > len(request["labels"])
    return (has_checks and len(compiled) == len(request.get("compile", []))
            and all(isinstance(one, type(u"")) for one in texts)
            and all(isinstance(one["passed"], bool) for one in checks))

def verdict(reason, checks):
    """Return the result of checks. An empty list means that they were skipped."""
    status = "skipped" if not checks else "passed" if all(one["passed"] for one in checks) else "failed"
    return {"status": status, "reason": reason, "checks": checks}

def check(label, passed, difference):
    return {"label": label, "passed": bool(passed), "difference": u"" if passed else difference}

def check_function(block, virtinst, **request):
    """Run the function on a domain with a disk of each pool; return (result, answer, Python)."""
    before, after = CONFIG["sample"]
    request.update(block=block, before=before, after=after, labels=CONFIG["labels"])
    answer, python, why = ask(virtinst, **request)
    why = why or answer.get("error")
    if why:
        return verdict(why, [check(u"the function runs", False, why)] if python else []), answer, python
    return verdict(python, answer["checks"]), answer, python

def check_virt_install(virtinst):
    """Run virt-install --print-xml on libvirt's test driver, with a disk of each pool. Nothing is defined."""
    import shutil
    import tempfile
    copied, program, folder = virtinst.kind == COPIES_AUTH, virtinst.program, None
    # The test driver needs pools with a monitor. A disk without auth does not state its user.
    disks = [one for one in CONFIG["disks"] if one["listed"] and (copied or not one["byUser"])]
    if not program or not disks:
        return verdict(u"no pool lists a monitor and differs from the others" if program else
                       u"no virt-install uses this virtinst", [])
    reason = u"%s with %d of %d pools" % (text_of(program), len(disks), len(CONFIG["disks"]))
    try:
        directory = os.path.abspath(os.environ.get("TMPDIR") or "/tmp")
        folder = tempfile.mkdtemp(prefix="virtinst-rbd-patch-", dir=directory)
        pools = "".join(one["xml"] for one in disks)
        with io.open(os.path.join(folder, "node.xml"), "wb") as file:
            file.write((CONFIG["node"][0] + pools + CONFIG["node"][1]).encode("ascii"))
        words = ("--print-xml --debug --import --name virtinst-rbd-patch --ram 64 --network none --graphics"
                 " none --os-variant none --check all=off").split()
        words += ["--connect", "test://%s/node.xml" % folder]
        for disk in [one["disk"] for one in disks] + [CONFIG["cdrom"]]:
            words += ["--disk", str(disk)]
        code, output, errors = run([program] + words, PYTHONDONTWRITEBYTECODE="1", XDG_CACHE_HOME=folder)
    except EnvironmentError as error:
        return verdict(u"%s: %s" % (reason, text_of(error)), [])
    finally:
        if folder:
            shutil.rmtree(folder, True)
    if code or u"</domain>" not in output:
        # Only an error of the patched file is a failure: a missing module or a busy libvirt is not.
        last = errors.rpartition(u"Traceback (most recent call last):")[2]
        # A syntax error has no `, in NAME`.
        where = u'/%s", line [0-9]+(?:, in (?:_build_xml|%s|<module>))?\n' % (re.escape(virtinst.file), NAME)
        raised = re.search(where, last) and not re.search(u"(?m)^(ImportError|ModuleNotFoundError)", last)
        why = (re.findall(u"(?m)^[A-Za-z.]+(?:Error|Exception)\\b.*|ERROR .*", errors) or [errors])[-1]
        checks = [check(u"_build_xml runs", False, why)] if raised else []
        return verdict(u"%s: %s" % (reason, why), checks)
    xml = re.search(u"(?s)<domain[ >].*</domain>", output).group()
    answer, _, why = ask(virtinst, block=FUNCTION, run=[xml])
    answer = answer if answer and "error" not in answer else {"log": [why or answer["error"]]}
    complete = not answer["log"] and answer.get("results") == [xml]  # the function changes nothing
    checks = [check(u"disk of pool " + one["pool"], one["image"] + u'"' in xml, u"missing") for one in disks]
    checks.append(check(u"all disks are complete", complete, u"\n".join(answer["log"] + [xml])))
    expected = len([one for one in disks if one["auth"]])
    checks.append(check(u"no other disk has an auth", xml.count(u"<auth") == expected, xml))
    return verdict(reason, checks)

# ---- Commands ----------------------------------------------------------------------------------------------

def apply(virtinst, args, result):
    """Patch the file, or update the patch."""
    state, reason, patch = result["state"], result["stateReason"], virtinst.patch
    edit = manual_edit(virtinst.text)
    if edit and not args.force:
        raise Failure(TARGET, "_build_xml has a manual edit in line %s, which rewrites the XML. Nothing was "
                      "written. The edit that many web pages show has bugs: re is not imported (NameError), "
                      "the first XML is None with --import (TypeError), file disks get an <auth>."
                      % ", ".join(str(at + 1) for at in edit), RESTORE + " --force keeps the edit.")
    if state == "not-patched" and result["affected"] == "unsupported":
        raise Failure(TARGET, u"%s. Nothing was written." % result["affectedReason"], "Upgrade virt-manager.")
    result.update(compiled=None, status="current")
    if patch and not CONFIG["pools"]:  # this host has no rbd pool any more
        revert(virtinst, args, result, "removed")
    elif is_unaffected(result) and not (args.force and CONFIG["pools"]):
        result["status"] = "not needed"
    elif state != "current":
        base = patch.base if patch else virtinst.text
        is_original = patch and patch.is_original
        new = insert(base, patch.mtime if is_original else modified_time(virtinst.path))
        result["compiled"] = check_new(virtinst, base, new)
        if state == "modified":
            result["notes"].append(u"Drift: %s. The patch is replaced; other changes are kept." % reason)
        change(virtinst, new, args, result, "updated" if patch else "patched")
        if not args.check:
            result["state"], result["stateReason"], _ = examine(new, True)

def check_new(virtinst, base, new):
    """Compile the patched file and run the function; return which Python did that. Nothing is written."""
    done, answer, python = check_function(Patch(new).block, virtinst, compile=[base, new])
    if not python and virtinst.mounted:
        return u"skipped: " + done["reason"]
    if not answer:
        raise Failure(TARGET, u"the patched file could not be checked: %s. Nothing was written."
                      % done["reason"], "Install the Python that runs virt-install.")
    old_fault, new_fault = answer["compile"]
    if old_fault:
        raise Failure(TARGET, u"it does not compile, even without the patch: %s (%s). Nothing was written."
                      % (old_fault, python), RESTORE)
    failed = [u"%(label)s: %(difference)s" % one for one in done["checks"] if not one["passed"]]
    if new_fault or failed:
        raise Failure(FAILED, u"the patched file does not work: %s (%s). Nothing was written."
                      % (new_fault or u"; ".join(failed), python), "Report this, with the file.")
    return u"compiled by " + python

def revert(virtinst, args, result, status="reverted"):
    """Remove the patch. If the rest is the original file, restore its modification time too."""
    patch, state = virtinst.patch, result["state"]
    result["status"] = "not-patched"
    if patch:
        result.update(restored=patch.is_original, timeRestored=patch.is_original, pools=patch.pools())
        change(virtinst, patch.base, args, result, status, patch.mtime if patch.is_original else None)
        if not patch.is_original:
            result["notes"].append(u"The file was also changed outside the patch: these changes are kept.")
        if args.check and state == "current":  # it was not compared with CONFIG
            result.update(state=None, stateReason=u"not compared")
        if not args.check:
            is_restored = patch.is_original and modified_time(virtinst.path) == patch.mtime
            result.update(timeRestored=is_restored, state="not-patched", stateReason=u"the file has no patch")
            if patch.is_original and not is_restored:
                result["notes"].append(u"The modification time of the file could not be restored.")

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
    state, skip = result["state"], None
    if args.static or state != "current":
        skip = u"--static" if args.static else u"the file is %s" % state
    function = verdict(skip, []) if skip else check_function(virtinst.patch.block, virtinst)[0]
    if is_unaffected(result) and not args.static:
        skip = None  # check that virt-install writes complete disks without a patch
    install = verdict(skip, []) if skip else check_virt_install(virtinst)
    # The tool fills the other fields. They are here because the JSON has the same fields.
    result.update(behaviour=function, install=dict(install, causes=[]), volume=None, written=None)
    result["notes"] += CONFIG["verify_notes"]

def is_unaffected(result):
    return result["state"] == "not-patched" and result["affected"] == "no"

def exit_code(result):
    """Return the exit code of a run without an error."""
    if result["command"] != "verify":
        return NO if result["check"] and result["changed"] else OK
    if result["state"] != "current" and not is_unaffected(result):
        return TARGET if result["state"] == "damaged" else NO
    return FAILED if "failed" in (result["behaviour"]["status"], result["install"]["status"]) else OK

def refuse_pools(virtinst):
    """Refuse pools of another host; if virtinst copies no auth, also pools that differ only in their user."""
    names = os.uname()[1], CONFIG["host"] or os.uname()[1]
    own, theirs = [text_of(name).lower().rstrip(u".") for name in names]
    if u"." not in own or u"." not in theirs:
        own, theirs = own.split(u".")[0], theirs.split(u".")[0]
    if own != theirs and not virtinst.named and not virtinst.mounted:
        raise Failure(POOLS, u"this script was generated for another host: %s. This is %s." % (theirs, own),
                      "Generate a script for this host, or pass --virtinst DIR.")
    if CONFIG["refused"] and virtinst.kind != COPIES_AUTH:
        raise Failure(POOLS, *CONFIG["refused"])

class Parser(argparse.ArgumentParser):
    """A parser that raises Failure."""
    def error(self, message):
        raise Failure(USAGE, text_of(message) + u".", "See --help.")

    def print_help(self, file=None):
        write(1, text_of(self.format_help()))

def parse(words):
    """Return the options. --help and --version end the run."""
    parser = Parser(prog="SCRIPT", description="Adds cephx authentication and all Ceph monitors to the rbd "
                    "disks that virt-install creates (virtinst-rbd-patch %s)." % VERSION)
    parser.add_argument("command", choices=["apply", "verify", "revert"])
    parser.add_argument("-n", "--check", "--dry-run", action="store_true", help="dry run: exit 1 for changes")
    for flag, text in (("diff", "show what changes"), ("force", "apply if unaffected or edited by hand"),
                       ("static", "verify without running anything"), ("json", "print the result as JSON")):
        parser.add_argument("--" + flag, action="store_true", help=text)
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.add_argument("--root", metavar="DIR", help="work on a mounted image; run nothing from it")
    parser.add_argument("--virtinst", metavar="DIR", help="directory that contains the virtinst package")
    parser.add_argument("--version", action="version", version=VERSION)
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
    root = os.path.realpath(args.root or "/").rstrip("/")
    named = args.virtinst and os.path.abspath(args.virtinst)
    for prefix in [os.path.abspath(args.root or "/").rstrip("/"), root] if named else []:
        if (named + "/").startswith(prefix + "/"):  # --virtinst may include the directory of --root
            named = named[len(prefix):] or "/"
            break
    virtinst = Virtinst(root, args.root is not None, named)
    result["file"] = text_of(virtinst.path)
    state, reason, virtinst.patch = examine(virtinst.text, args.command != "revert")
    # revert reports this host; the other commands report the host of the pools.
    result["host"] = None if virtinst.mounted else text_of(os.uname()[1])
    if args.command != "revert":
        virtinst.kind, path = virtinst.disk_code()
        refuse_pools(virtinst)
        affected, why = CONFIG["affected"][virtinst.kind]
        for key in "host", "source", "pools":
            result[key] = CONFIG[key]
        result.update(affected=affected, affectedReason=why.replace(u"%s", path, 1))
        result["notes"] += CONFIG["notes" if virtinst.kind == COPIES_AUTH else "notes_without_auth"]
    if os.stat(virtinst.path).st_nlink > 1:
        result["notes"].append(u"The file has several names (hard links): the others keep the old content.")
    base = virtinst.patch.base if virtinst.patch else virtinst.text
    result.update(release=virtinst.release(), state=state, stateReason=reason,
                  sha256=None if state == "damaged" else sha256(base))
    if args.command != "verify":
        if state == "damaged":
            raise Failure(TARGET, u"%s. Nothing was written." % reason, RESTORE)
        result.update(check=args.check, changed=False, restored=None, timeRestored=None)
        if args.diff:
            result["diff"] = u""
    {"apply": apply, "verify": verify, "revert": revert}[args.command](virtinst, args, result)

def lines_of(result):
    """Return a result as lines of text."""
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
    result = dict.fromkeys(names.split())
    result.update(command=text_of(words[0]) if words else None, pools=[], notes=[])
    empty, failure, as_json, quiet = dict(result, notes=[]), None, "--json" in words, False
    try:
        args = parse(words)
        as_json, quiet, result["command"] = args.json, args.quiet, args.command
        perform(args, result)
    except Failure as error:
        failure = error
    except Exception as error:
        is_system = isinstance(error, EnvironmentError)
        where = text_of(getattr(error, "filename", None) or ("a file" if is_system else type(error).__name__))
        failure = Failure(IO, u"%s: %s." % (where, text_of(error)), "Check the path and its permissions.")
    code = failure.code if failure else exit_code(result)
    if failure:
        message = (u"%s: " % result["file"] if result["file"] else u"") + failure.message
        if REPLACED and u"replaced" not in message:
            message += u" The file was replaced before that."
        write(2, u"virtinst-rbd-patch: %s\n%s\n" % (shown(message), shown(failure.hint)))
        result = dict(empty, command=result["command"], error={"message": message, "hint": failure.hint})
    else:
        lines = u"".join(shown(line) + u"\n" for line in lines_of(result))
        notes = u"".join(u"note: %s\n" % shown(one) for one in result["notes"])
        if quiet:  # print only problems
            notes = lines if code else u""
        write(2, notes)
    if as_json:
        result.update(form=FORM, tool=u"virtinst-rbd-patch " + VERSION)
        result["verdict"] = {"ok": code == OK, "exitCode": code}
        write(1, text_of(json.dumps(result, indent=2, sort_keys=True)) + u"\n")
    elif not failure:
        write(1, shown(result.get("diff", u""), u"\n\t") + (u"" if quiet else lines))
    return code

def begin():
    """Run; handle signals, closed standard streams, and output that cannot be written."""
    while os.path.exists(os.devnull) and os.open(os.devnull, os.O_RDWR) < 3:
        pass  # reopen closed standard streams: no other file may become one of them
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    code = None
    try:
        code = main(sys.argv[1:])
    except EnvironmentError as error:
        write(2, u"virtinst-rbd-patch: the output cannot be written: %s.\n" % shown(text_of(error)))
    finally:
        if REPLACED and code is None:
            write(2, u"virtinst-rbd-patch: %s was replaced. Run verify.\n" % shown(text_of(REPLACED[0])))
    return IO if code is None else code

if __name__ == "__main__":
    sys.exit(begin())
