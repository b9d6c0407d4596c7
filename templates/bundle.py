#!/bin/sh
''':'
# For a shell: the first Python that works runs this file; any does, 2.7 or 3.4 to 3.13.
for python in python3 /usr/libexec/platform-python python2 python2.7 python; do
    "$python" -E -S -c "" 2>/dev/null && exec "$python" -B -E -s "$0" "$@"
done
echo "virtinst-rbd-patch: no Python works here: put one in PATH, then run this again." >&2
exit 6
'''
# Gives the disks that virt-install writes the cephx auth and all the monitors of their libvirt pool: it puts
# FUNCTION (below) into one file of virt-manager's virtinst, and two calls of it; revert takes both out again.
# `virtinst-rbd-patch bundle` made it. It needs neither that nor Node, and writes the same bytes as that does.
# All that it knows of the host's pools stands here. It cannot see that one changed: that asks for a new file.
#
# To read it: what it knows; what it looks at, which is all that an apply on a current file runs; then, in the
# text SECOND, what it changes and proves. That half is compiled when it is needed, for that takes its time.
import sys
if not (getattr(sys.flags, "safe_path", 0) or getattr(sys.flags, "isolated", 0)):
    del sys.path[0]  # This file's own folder: what lies there is no module of Python's.
import errno
import os
try:
    import _signal as signal  # What Python 3 puts around it takes its time.
except ImportError:
    import signal

while os.open(os.devnull, os.O_RDWR) < 3:
    pass  # A standard stream that is closed must not become a file of ours.

# >>> rendered from the host's facts and the recipes; all else is the same in every such file of one version
VERSION, FORMAT, FORM = "0.0.0", 2, 1
HOST, SOURCE, THEIRS = None, u"", None
POOLS, FACTS, NOTES, REFUSED = [], "", ([], []), None
NEEDS, FILES, LAYOUTS, CALLS = [], {}, [], []
SAMPLE, DISKS = (u"", u""), []
NODE, NODE_POOLS = (u"", u"", u""), []
MARKER, FOREIGN, STATED, DIGEST_LINE, TEMPORARY = "", ("", ""), ("", ""), "", ""
RELEASES = []
WORDS, FUNCTION, SECOND = "", "", ""
# <<< rendered

NAME, LIMIT = "_virtinst_rbd_patch", 16 << 20
NOT_SO, USAGE, OTHER, TARGET, BEHAVIOUR, IO = 1, 2, 3, 4, 5, 6  # The exit codes.
HEADER = "# pristine: sha256=%s\n# pristine: mtime=%s lines=%s,%s\n# facts: sha256=%s\n"
DIGEST = "# blocks: sha256=%s\n"
CURRENT = ("current", u"the blocks are just what this host needs")
UNSEEN = ((0, 31), (127, 159), (0xad, 0xad), (0x34f, 0x34f), (0x61c, 0x61c), (0x115f, 0x1160),
          (0x17b4, 0x17b5), (0x180b, 0x180f), (0x200b, 0x200f), (0x2028, 0x202e), (0x2060, 0x206f),
          (0x3164, 0x3164), (0xd800, 0xdfff), (0xfe00, 0xfe0f), (0xfeff, 0xfeff), (0xffa0, 0xffa0),
          (0xfff0, 0xfffb), (0x1bca0, 0x1bca3), (0x1d173, 0x1d17a), (0xe0000, 0xe0fff))
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
REPLACED, UNHEARD, STOPPED, HELD = [], [], [], []  # What was done by now; what nobody could be told; signals.

class Failure(Exception):
    """What is wrong and where, what to do next, and the exit code."""
    def __init__(self, code, message, hint):
        Exception.__init__(self, message)
        self.code, self.message, self.hint = code, text(message), text(hint)

class Stopped(BaseException):
    """A signal: what is under way is cleared up before it does what it does."""

def second_half():
    """Has the other half of this file at hand."""
    if SECOND and "perform" not in globals():
        exec(compile(SECOND, "SECOND", "exec", 0, True), globals())

def text(value):
    """A path, a program's words or an error as text, whatever bytes are in it."""
    if isinstance(value, EnvironmentError) and value.strerror:
        value = value.strerror[:1].lower() + value.strerror[1:]
    if isinstance(value, Exception):
        value = value.args[0] if value.args and isinstance(value.args[0], (str, type(u""))) else str(value)
    if isinstance(value, str) and str is not bytes:
        value = value.encode("utf-8", "surrogateescape")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

def sha256(content):
    try:
        module = __import__("_sha2" if sys.version_info >= (3, 12) else "_sha256")
    except ImportError:
        import hashlib as module  # It is always there, and slower to load.
    return module.sha256(content).hexdigest()

def read(path):
    """All of a file, by its path or its descriptor."""
    descriptor = os.dup(path) if isinstance(path, int) else os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise EnvironmentError(errno.EFBIG, "it is larger than 16 MiB", path)
    return content

def source(*path):
    path = os.path.join(*path)
    return read(path).decode("latin-1") if os.path.isfile(path) else u""

# Where virtinst is. No Python and no virt-install is started for that.

def hidden_names():
    try:
        return [name for name in os.listdir(".") if ".virtinst-rbd-patch." in name]
    except OSError:
        return []  # Who may not list a folder left nothing in it.

def is_python(program):
    name = os.path.basename(program).replace("platform-", "")
    return name[:6] == "python" and not name[6:].strip("0123456789.")

def programs(mounted):
    """The virt-installs, the one that a shell would run first."""
    path = [] if mounted else [one for one in os.environ.get("PATH", "").split(":") if one[:1] == "/"]
    found = [os.path.join(one, "virt-install") for one in path + ["/usr/local/bin", "/usr/bin"]]
    real = [os.path.realpath(one) for one in found if os.path.isfile(one)]
    return [program_at(one) for n, one in enumerate(real) if one not in real[:n]]

def program_at(path, depth=0):
    """A virt-install: how it is called, its Python, and the folders that its Python looks in."""
    content = source(path)[:65536]
    words = content.partition("\n")[0][2:].split() if content[:2] == "#!" else []
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in words[1:] if word[0] != "-" and "=" not in word]
    if words and is_python(words[0]):
        return script_at(path, os.path.realpath(path), content, str(words[0]))
    second_half()
    return wrapper_at(path, content, depth)

def script_at(path, script, content, python):
    own, prefix = os.path.dirname(script), os.path.normpath(os.path.join(python, "../.."))
    folders = [inserted(line, own) for line in content.split("\n") if "sys.path.insert" in line]
    folders = [os.path.normpath(str(folder)) for folder in folders if folder][::-1] + [own]
    site = site_folders(prefix + "/lib", prefix + "/lib64") if python[:1] == "/" and prefix != "/usr" else []
    return {"path": path, "python": python, "folders": folders + site,
            "met": u"%s, a Python program, names no folder that holds one" % text(script)}

def inserted(line, own):
    """The folder that a line of a script puts first in sys.path; None for none."""
    head, found, argument = line.strip().replace(" ", "").partition("sys.path.insert(0,")
    if head or not found:
        return None
    if argument[:1] in "\"'":
        return os.path.join(own, line.split(",", 1)[1].strip()[1:].split(argument[0])[0])
    return own if "__file__" in argument.partition("dirname(")[2] else None

def site_folders(*libraries):
    names = [(-at, [int(part) for part in name[6:].split(".")], "%s/%s/" % (library, name))
             for at, library in enumerate(libraries) if os.path.isdir(library) for name in os.listdir(library)
             if name[:7] in ("python2", "python3") and not name[6:].replace(".", "0").strip("0123456789")]
    kinds = "site-packages", "dist-packages"
    return [folder + kind for _, _, folder in sorted(names)[::-1] for kind in kinds]

def uses(program, place):
    """Whether a program takes its virtinst from a place: the first of its folders that holds one is that."""
    holding = [folder for folder in program["folders"] if os.path.isdir(folder + "/virtinst")]
    return holding[:1] != [] and os.path.realpath(holding[0]) == place

def target_in(folder):
    """The file of a virtinst that holds _build_xml; None for none."""
    return next((file for file, _ in LAYOUTS if "def _build_xml" in source(folder, file)), None)

def look(options):
    """The virtinst that virt-install uses, as it is: the file to patch, and what is to be said of it."""
    mounted, named, base = options["root"] is not None, options["virtinst"], options["base"]
    known = [] if named else programs(mounted)
    usual = [] if named else ["/usr/share/virt-manager"] + site_folders(
        "/usr/local/lib", "/usr/lib", "/usr/local/lib64", "/usr/lib64")
    places = [named] if named else (known[0]["folders"] if known else []) + usual
    every = [named] if named else [folder for one in known for folder in one["folders"]] + usual
    files = dict((folder, target_in(folder)) for folder in set(every))
    first = next((one for one in places if files[one]), None)
    if first is None:
        second_half()
        raise nothing_in(named, set(text(base + one) for one in places))
    place, file = os.path.realpath(first), files[first]
    others = [one for one in every if files[one] and os.path.realpath(one) != place]
    target = os.path.realpath(os.path.join(place, file))
    site = {"file": file, "path": text(base + target), "name": os.path.basename(target), "mounted": mounted,
            "named": named is not None, "place": place, "shown": text(base + place), "target": target,
            "where": base + os.path.dirname(target), "release": None, "notes": []}
    if others or known and not uses(known[0], place):
        second_half()
        site["notes"] = doubts(site, known, others, base)
    site["disk"] = [(text(base + path), source(path)) for path in (
        os.path.join(place, name) for name in ("virtinst/devices/disk.py", "virtinst/devicedisk.py"))
        if os.path.isfile(path)][:1]
    site["folder"] = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY)
    site["descriptor"] = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    site["content"] = read(site["descriptor"])
    return site

# The blocks as they are written, and whether a file has just these.

def with_ends(block, source, at):
    """A block with the line end that the line before it has."""
    return block.replace("\n", "\r\n") if source[max(at - 2, 0):at] == "\r\n" else block

def helper_of(digest, modified, lines, call):
    top = WORDS + HEADER % (digest, modified, lines[0], lines[1], FACTS)
    return top + DIGEST % sha256((top + "\n" + FUNCTION + call).encode("latin-1")) + FUNCTION

def blocks_for(digest, modified):
    """The two blocks for a file that is known by its SHA-256."""
    _, first, second, call = FILES[digest]
    return helper_of(digest, modified, (first, second), CALLS[call]), CALLS[call]

def render(base, digest, helper, call):
    """A file that is known by its SHA-256, with the blocks."""
    lines = base.split("\n")
    one, two = [len("".join(line + "\n" for line in lines[:number - 1])) for number in FILES[digest][1:3]]
    helper, call = with_ends(helper, base, one), with_ends(call, base, two)
    return "".join([base[:one], helper, base[one:two], call, base[two:]])

def is_current(content):
    """What a file is that has, to the letter, what this writes into the file that it states; else None."""
    content = content.decode("latin-1")
    digest = content.partition("# pristine: sha256=")[2][:64]
    modified = content.partition("# pristine: mtime=")[2].partition(" ")[0]
    seconds, _, rest = modified.partition(".")
    if digest in FILES and (len(seconds), len(rest)) == (10, 9) and not (seconds + rest).strip("0123456789"):
        helper, call = blocks_for(digest, modified)
        base = content.replace(helper, "", 1).replace(call, "", 1)
        if sha256(base.encode("latin-1")) == digest and render(base, digest, helper, call) == content:
            return {"is": CURRENT, "hash": digest}
    return None

# What is said of it.

def need(site):
    """(whether virtinst leaves out what these pools need, why, whether it copies auth), by its disk code."""
    if not site["disk"]:
        return NEEDS[0][0], NEEDS[0][1].replace(u"%s", site["file"], 1), False
    (path, code), = site["disk"]
    code = u"\n".join(line for line in code.split("\n") if line.strip()[:1] != "#")
    writes = "source_protocol" in code or "network_from_storage" in code
    found = 1 if not writes else 2 if "auth_secret_uuid" not in code else 3
    return NEEDS[found][0], NEEDS[found][1].replace(u"%s", path, 1), found == 3

def refuse(site, state, told):
    """Refuses facts that are another machine's, and pools that nothing tells apart here."""
    own, other = [name.lower().rstrip(u".") for name in (text(os.uname()[1]), HOST or u"localhost")]
    alike = own == other if u"." in own and u"." in other else own.split(u".")[0] == other.split(u".")[0]
    unnamed = other.split(u".")[0] == u"localhost"
    other_machine = THEIRS not in (None, state["hash"]) if unnamed else not alike
    if other_machine and not site["named"] and not site["mounted"]:
        whose = u"another host" if unnamed else u"host " + HOST
        raise Failure(OTHER, u"%s: these are the facts of %s, and this is %s." % (SOURCE, whose, own),
                      u"Run this file on %s; or name the folder with its virtinst: --virtinst DIR." % whose)
    if REFUSED and not told:
        raise Failure(OTHER, *REFUSED)

def restoring():
    """How a file comes from its package again: by the package managers that are there."""
    names = "apt-get", "dnf", "yum", "zypper"
    apt, dnf, yum, zypper = [os.path.isfile("/usr/bin/" + name) for name in names]
    ways = ["dpkg -S names it; apt-get install --reinstall PACKAGE"] if apt else []
    ways += ["rpm -qf names it; %s reinstall PACKAGE" % ("dnf" if dnf else "yum")] if dnf or yum else []
    ways += ["rpm -qf names it; zypper install --force PACKAGE"] if zypper else []
    return " (%s)" % "; or ".join(ways) if ways else ""

def about(options, site, state):
    """What every result says."""
    facts, is_now = options["command"] != "revert", state["is"]
    own = None if site["mounted"] else text(os.uname()[1])
    word, why, told = need(site) if facts else (None, None, False)
    if facts:
        refuse(site, state, told)
    if is_now[0] == "damaged" and options["command"] != "verify":
        raise Failure(TARGET, u"%s, %s. Nothing was written." % (site["path"], is_now[1]),
                      "Get a clean file from its package%s, then apply again." % restoring())
    if is_now == CURRENT and not facts:
        is_now = None, u"the blocks are whole; whether they are what this host needs was not looked at"
    shipped, names = FILES.get(state["hash"], (u"",))[0].split(), os.fstat(site["descriptor"]).st_nlink
    notes = (NOTES[told] if facts else []) + site["notes"]
    if names > 1:
        notes.append(u"%s has %d names (hard links): a change of this one leaves the others as they are."
                     % (site["path"], names))
    if facts and state["hash"] and not shipped:
        notes.append(u"The file is not that of any upstream release: a distribution's, or changed by hand.")
    result = {"command": options["command"], "file": site["path"], "release": site["release"], "need": word,
              "sha256": state["hash"], "shippedIn": shipped, "needReason": why, "notes": notes,
              "state": is_now[0], "stateReason": is_now[1]}
    result.update(zip(("host", "source", "pools"), (HOST, SOURCE, POOLS) if facts else (own, None, [])))
    if options["command"] != "verify":
        result.update(check=options["check"], changed=False, restored=None, timeRestored=None, diff=u"",
                      status="current" if facts else "absent")
    return dict(result, compiled=None) if options["command"] == "apply" else result

def headline(result):
    pools = result["pools"]
    pools = u" (pool%s %s)" % (u"s"[:len(pools) > 1], u", ".join(pools)) if pools else u""
    return u"%s: %s%s" % (result["status"], result["file"], pools)

def seen(words, kept=()):
    """Without what is not seen or turns what is, so that no name can look like something else."""
    return u"".join(one if ord(one) in kept else shown(one) or one for one in text(words))

def shown(one):
    """A character that is not seen, as an escape; nothing for another."""
    code = ord(one)
    if not 32 <= code <= 126 and any(first <= code <= last for first, last in UNSEEN):
        return (u"\\x%02x" if code < 256 else u"\\u%04x" if code < 65536 else u"\\U%08x") % code

def write(descriptor, content):
    while content:
        content = content[os.write(descriptor, content):]

def complain(words):
    """Says something on standard error. Where that cannot be written either, the exit code has to say it."""
    try:
        write(2, words.encode("utf-8", "replace"))
    except OSError as error:
        UNHEARD.extend([words] if error.errno != errno.EPIPE else [])

def say(words, instead=u""):
    """Says something on standard output; where it cannot be written, standard error gets the short of it."""
    try:
        write(1, words.encode("utf-8", "replace"))
    except OSError as error:
        complain(instead)
        if error.errno != errno.EPIPE:
            raise Failure(IO, u"Standard output cannot be written: %s." % text(error),
                          "Look at where it goes to.")

def show(result, code, options, lines):
    """Writes a result; its exit code. What was changed is said, wherever there is somebody to hear it."""
    lines = [seen(line) + u"\n" for line in lines]
    if not options["quiet"]:
        complain(u"".join(u"note: %s\n" % seen(line) for line in result["notes"]))
    elif code:
        complain(u"virtinst-rbd-patch: " + lines[0])
    words = seen(result["diff"], (9, 10)) if options["diff"] else u""
    words += u"".join([] if options["quiet"] else lines)
    done = result.get("changed") and not result["check"]
    say(as_json(result, code, options) if options["json"] else words, lines[0] if done else u"")
    return code or (IO if UNHEARD else 0)

def options_of(words):
    """What the words ask for; what is wrong with them is in "wrong"."""
    flags = ["check", "diff", "static", "json", "quiet", "verbose"]
    options = dict.fromkeys(flags + ["command", "root", "virtinst", "wrong", "asks"])
    names, rest = dict(("--" + flag, flag) for flag in flags), list(words)
    names.update({"-q": "quiet", "-v": "verbose", "-h": "asks", "--help": "asks", "--version": "asks"})
    while rest:
        word, (name, equals, value) = rest[0], rest.pop(0).partition("=")
        if word in names:
            options[names[word]] = True
        elif name in ("--root", "--virtinst") and (value or not equals and rest and rest[0]):
            options[name[2:]] = os.path.join(WORKING, value or rest.pop(0))
        elif word in ("apply", "verify", "revert") and not options["command"]:
            options["command"] = word
        else:
            options["wrong"] = u"%s is not understood" % text(word)
    command = options["command"]
    for flag in ["check", "diff"] if command == "verify" else ["static"]:
        if options[flag]:
            options["wrong"] = u"--%s does not go with %s" % (flag, command)
    if not command or options["quiet"] and options["verbose"]:
        options["wrong"] = u"-q and -v do not go together" if command else u"a command is missing"
    return dict(options, check=bool(options["check"]), base="")

def main(words):
    """The exit code. An apply on a file that is current, and with nothing left by a killed run, ends here."""
    options, site = options_of(words), None
    try:
        if not any(options[one] for one in ("wrong", "asks", "root", "json", "verbose")):
            site = look(options)
            os.fchdir(site["folder"])
            state = is_current(site["content"]) if options["command"] == "apply" else None
            if state and not hidden_names():
                result = about(options, site, state)
                return show(result, 0, options, [headline(result)])
        second_half()
        return perform(options, site, words)
    except Exception as error:
        second_half()
        return explain(error, options, site)

def stop(number, _):
    """What a signal does, once the replacement is done that is perhaps under way."""
    STOPPED.append(number)
    if not HELD:
        raise Stopped(number)

def begin(words):
    """The exit code; a signal ends in no stack trace."""
    for number in SIGNALS:
        signal.signal(number, stop)
    try:
        return main(words)
    except Stopped as stopped:
        if REPLACED:
            complain(u"virtinst-rbd-patch: %s was replaced before this run was stopped.\n" % REPLACED[0])
        signal.signal(stopped.args[0], signal.SIG_DFL)
        os.kill(os.getpid(), stopped.args[0])
    except Exception as error:  # Exit code 1 would be an answer.
        complain(u"virtinst-rbd-patch: %s\n" % seen(error))
    return IO

# >>> SECOND
# From here on: what is changed, proved or explained.
import re
import time

ABSENT = ("absent", u"the file has no blocks of this tool")
TRACEBACK = u"Traceback (most recent call last):\n"
FRAME = re.compile(r'(?m)^  File "(.*)", line (\d+)(?:, in (.*))?')

class Changed(Failure):
    """Somebody else changed the file meanwhile: it is as they left it."""

class Damaged(Exception):
    """Markers that do not fit, or a header that cannot be read: nothing can be taken out safely."""

# Where virtinst is, where that is not plain. With --root this runs under chroot, so that no link leads out.

def inside(root, work, *args):
    """Does some work in the system below --root, or in this one; the working folder stays."""
    if root is None:
        return work(*args)
    outside, here = os.open("/", os.O_RDONLY), os.open(".", os.O_RDONLY)
    kept = sys.meta_path[:], sys.path[:]
    b"".decode("latin-1"), b"".decode("utf-8", "replace")  # Python 2.7 imports what decodes.
    del sys.meta_path[:], sys.path[:]  # Nothing is imported from there.
    try:
        os.chroot(root)
    except OSError as error:
        absent = error.errno in (errno.ENOENT, errno.ENOTDIR)
        why = u"%s cannot be entered: %s." % (text(root), text(error))
        raise Failure(TARGET if absent else IO, why,
                      "Run this as root: what is below --root is read under chroot.")
    else:
        try:
            return work(*args)
        finally:
            os.fchdir(outside)
            os.chroot(".")
            os.fchdir(here)
    finally:
        sys.meta_path[:], sys.path[:] = kept
        os.close(outside)
        os.close(here)

def handed_over(script):
    """The words of the command that a shell script hands its arguments to."""
    found = []
    for line in script.replace("\\\n", "").split("\n"):
        words = [str(word.strip("\"'")) for word in line.split(";")[0].split()]
        while words and "=" in words[0]:
            words = words[1:]
        last = words[:1] == ["exec"]
        words = words[3:] if words[:2] == ["exec", "-a"] else words[last:]
        while words and ("=" in words[0] or words[0][:1] == "-" or os.path.basename(words[0]) == "env"):
            words = words[1:]
        if words and (last or "$@" in words) and (words[0][:1] == "/" or is_python(words[0])):
            found.append((not last, len(found) if last else -len(found), words))
    return min(found)[2] if found else []

def wrapper_at(path, content, depth):
    """A virt-install that is no Python script: what it hands over to."""
    words = handed_over(content) if content[:2] == "#!" and depth < 5 else []
    if words and not is_python(words[0]):
        return dict(program_at(words[0], depth + 1), path=path)
    scripts = [path if word == "$0" else word for word in words[1:] if word[:1] == "/" or word == "$0"]
    if scripts:
        script = os.path.realpath(scripts[0])
        return script_at(path, script, source(script)[:65536], words[0])
    line = seen(content.partition("\n")[0].strip()[:100]) if content[:4] != "\x7fELF" else u"\u2026"
    met = u'begins with "%s", and what it runs is not known' % line if line else u"has no first line"
    met = u"%s %s" % (text(os.path.realpath(path)), met)
    return {"path": path, "python": None, "folders": [], "met": met}

def users_of(place, known):
    """The virt-installs that take their virtinst from a place, the one beside it too."""
    beside = os.path.join(place, "virt-install")
    every = known + ([program_at(beside)] if os.path.isfile(beside) else [])
    return [one for one in every if uses(one, place)]

def nothing_in(named, places):
    message = u"No virtinst was found (looked in %s)." % u", ".join(sorted(places))
    if named:
        message = u"%s holds no virtinst package with a _build_xml (looked for %s)." % (
            text(named), u", ".join(file for file, _ in LAYOUTS))
    return Failure(TARGET, message, "Name the folder that holds the `virtinst` package with --virtinst; "
                   "virt-install 1.0 to 5.1 are supported.")

def doubts(site, known, others, base):
    """What is to be said of the choice of a virtinst."""
    if known and not uses(known[0], site["place"]):
        return [u"%s was taken, but which virtinst %s uses could not be told: %s. Name its folder with "
                u"--virtinst." % (site["shown"], text(base + known[0]["path"]), text(base) + known[0]["met"])]
    real = [text(base + os.path.realpath(one)) for one in others]
    using = users_of(site["place"], known)
    why = u"it is what %s runs" % text(base + using[0]["path"]) if using else u"it is in the most usual place"
    return [u"There are several virtinsts: %s was taken, for %s; not %s. Name another with --virtinst." % (
        site["shown"], why, u", ".join(one for n, one in enumerate(real) if one not in real[:n]))]

def release_of(place):
    """The release that a virtinst states; None where it states none."""
    stated = [re.search(pattern, source(place, name)) for name, pattern in RELEASES]
    return next((found.group(1) for found in stated if found), None)

# What a file is: its blocks, their header, and its state.

def find_blocks(content):
    """Where the blocks are, and what their header says; None for none."""
    def damaged(why, at):
        return Damaged(u"line %d: %s" % (content.count("\n", 0, at) + 1, why))
    spans, begun = [], None
    for mark in re.finditer(MARKER, content):
        if mark.group(1) == ">>>" and begun is not None:
            raise damaged("a block begins before the one above it ends", mark.start())
        if mark.group(1) == "<<<" and begun is None:
            raise damaged("a block ends that has no beginning", mark.start())
        if mark.group(1) == "<<<":
            spans.append((begun, min(mark.end() + 1, len(content))))
        begun = mark.start() if mark.group(1) == ">>>" else None
    if begun is not None:
        raise damaged("a block begins and has no end", begun)
    if spans[2:]:
        raise damaged("there are more than two blocks", spans[2][0])
    for name in re.finditer(NAME, content):
        if not any(begin <= name.start() < end for begin, end in spans):
            raise damaged("the name %s stands outside the blocks" % NAME, name.start())
    if not spans:
        return None
    if not spans[1:]:
        raise damaged("there is one block where there should be two", spans[0][0])
    helper, call = [content[begin:end].replace("\r\n", "\n") for begin, end in spans]
    foreign = [re.search(form, text(block.encode("latin-1"))) for form, block in zip(FOREIGN, (helper, call))]
    for found in [one.group().strip() for one in foreign if one][:1]:
        raise damaged(u"between the markers stands what is not of this tool (%s)" % found, spans[0][0])
    first = re.match(STATED[0], helper)
    if first and int(first.group(2)) > FORMAT:
        raise damaged("the blocks were written by virtinst-rbd-patch %s, in a layout that this version does "
                      "not know" % first.group(1), spans[0][0])
    stated = first and re.match(STATED[1], helper[first.end():])
    if not stated:
        raise damaged("the first lines of the helper block cannot be read", spans[0][0])
    header = dict(zip(("pristine", "modified", "one", "two", "facts", "digest"), stated.groups()))
    lines = "%s,%s" % (header["one"], header["two"])
    return dict(header, lines=lines, tool=first.group(1) or u"", spans=spans, helper=helper, call=call)

def examine(content, compare):
    """What a file is: its state and why, its blocks, the file without them, whether they went into that."""
    source = content.decode("latin-1")
    try:
        found = find_blocks(source)
    except Damaged as damage:
        return {"is": ("damaged", text(damage)), "found": None, "base": None, "hash": None, "pristine": False}
    if found is None:
        return {"is": ABSENT, "found": None, "base": content, "hash": sha256(content), "pristine": True}
    (begin, end), (second, last) = found["spans"]
    base = content[:begin] + content[end:second] + content[last:]
    state = {"found": found, "base": base, "hash": sha256(base), "is": CURRENT}
    state["pristine"] = state["hash"] == found["pristine"]
    line = source.count("\n", 0, begin) + 1
    places = "%d,%d" % (line, line + source.count("\n", end, second))
    plain = re.sub(DIGEST_LINE, "", found["helper"], count=1) + found["call"]
    state["intact"] = (sha256(plain.encode("latin-1")) == found["digest"]
                       and with_ends(found["helper"], source, begin) == source[begin:end]
                       and with_ends(found["call"], source, second) == source[second:last])
    for wrong, name, why in (
            (not state["intact"], "edited",
             u"the blocks (from line %d) are no longer as they were rendered" % line),
            (found["tool"] != VERSION, "stale",
             u"the blocks were rendered by version %s, this is %s" % (found["tool"], VERSION)),
            (compare and found["facts"] != FACTS, "stale",
             u"the host's pools or secrets have changed since the blocks were rendered"),
            (state["pristine"] and places != found["lines"], "edited",
             u"the blocks (from line %d) are no longer where they were put" % line),
            (not state["pristine"], "edited",
             u"the file was changed outside the blocks since they were put in")):
        if wrong:
            state["is"] = name, why
            break
    return state

def pool_names(helper):
    """The names of the pools that blocks were made for; an empty one where somebody changed it."""
    lines = re.findall(r'(?m)^ {12}"(?:libvirt_pools|pool)": (.*),$', helper)
    words = [word for line in lines for word in re.findall(r'u"([^"]*)"', line)]
    plain = [re.sub(r"\\u[0-9a-f]{4}|\\U000[0-9a-f]{5}|\\U0010[0-9a-f]{4}", "", word) for word in words]
    return [u"" if re.search(r"[^ !#-\[\]-~]", one) else word.encode("ascii").decode("unicode_escape")
            for word, one in zip(words, plain)]

# The change: written beside the file, read back, renamed over it, looked at once more.

def run(words, seconds=60, **variables):
    """(exit code, output, errors, what went wrong) of a program, which is ended with all that it started."""
    import subprocess
    import tempfile
    files = [open(os.devnull, "rb"), tempfile.TemporaryFile(), tempfile.TemporaryFile()]
    try:
        child = subprocess.Popen(words, cwd="/", env=dict(os.environ, LC_ALL="C", LANGUAGE="C", **variables),
                                 stdin=files[0], stdout=files[1], stderr=files[2],
                                 preexec_fn=os.setsid, close_fds=True)
    except OSError as error:
        return None, u"", u"", text(error)
    end, why = time.time() + seconds, u""
    try:
        while child.poll() is None and not why:
            time.sleep(0.005)
            if time.time() > end:
                why = u"it did not end within %d seconds" % seconds
            if sum(os.fstat(file.fileno()).st_size for file in files[1:]) > LIMIT:
                why = u"it printed more than 16 MiB"
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except OSError:
            pass  # Nobody is left.
        code = child.wait()
    outputs = [u"" if why else text(read(file.fileno())) for file in files[1:]]
    said = u"; ".join(outputs[1].strip().split(u"\n")[-3:])[-1000:] or u"it ended with exit code %d" % code
    return code, outputs[0], outputs[1], why or (said if code else u"")

class Libc(object):
    """What Python 2.7 has no name for: attributes, exact times, and what happens to names in a folder."""
    def __init__(self):
        import ctypes
        self.c, self.lib = ctypes, ctypes.CDLL(None, use_errno=True)

    def call(self, name, *args):
        result = getattr(self.lib, name)(*args)
        if result < 0:
            raise OSError(self.c.get_errno(), os.strerror(self.c.get_errno()))
        return result

    def filled(self, name, *args):
        value = self.c.create_string_buffer(65536)  # The kernel's own limit (XATTR_SIZE_MAX).
        size = self.call(name, *(args + (value, self.c.c_size_t(65536))))
        return value.raw[:size]

    def attributes(self, descriptor):
        """ACL, label and all other extended attributes; not what the kernel makes of the content."""
        try:
            names = self.filled("flistxattr", descriptor).split(b"\0")[:-1]
        except OSError as error:
            if error.errno == errno.ENOTSUP:
                return {}
            raise
        return dict((name, self.filled("fgetxattr", descriptor, name)) for name in names
                    if name not in (b"security.ima", b"security.evm"))

    def set_attributes(self, descriptor, attributes):
        for name, value in attributes.items():
            self.call("fsetxattr", descriptor, name, value, self.c.c_size_t(len(value)), 0)
        for name in set(self.attributes(descriptor)) - set(attributes):
            self.call("fremovexattr", descriptor, name)  # What the folder gives each new file.

    def set_time(self, descriptor, modified):
        seconds, rest = divmod(int(modified.replace(".", "")), 10 ** 9)
        if not -2 ** 63 <= seconds < 2 ** 63:
            raise EnvironmentError("its time of then, %s, is none that a file can have" % modified)
        self.call("futimens", descriptor, (self.c.c_long * 4)(seconds, rest, seconds, rest))

    def watch(self, folder):
        watch = self.call("inotify_init1", os.O_NONBLOCK | 0x80000)
        self.call("inotify_add_watch", watch, ("/proc/self/fd/%d/." % folder).encode(), 0x3c6)
        return watch

    def happened(self, watch, name):
        """What happened to a name, in order: C, its file was changed; R, the name went to another file."""
        import struct
        found, events = "", b""
        try:
            while True:
                events = events or os.read(watch, 65536)
                _, mask, _, size = struct.unpack("iIII", events[:16])
                if text(events[16:16 + size].rstrip(b"\0")) == text(name):
                    found += "R" if mask & 0x3c0 else "C"
                events = events[16 + size:]
        except OSError:
            return found  # There is no more.

def close(descriptor):
    try:
        os.close(descriptor)
    except (OSError, TypeError):
        pass  # What was to be safe is so by then.

def rights(descriptor):
    found = os.fstat(descriptor)
    return found.st_mode, found.st_uid, found.st_gid

def modified_time(descriptor):
    """In seconds since 1970, with nine decimals."""
    total = getattr(os.fstat(descriptor), "st_mtime_ns", None)
    if total is None:  # Python 2.7 would lose some.
        path = "/proc/%d/fd/%d" % (os.getpid(), descriptor)
        total = int(run(["stat", "-L", "-c", "%.9Y", path])[1].replace(".", ""))
    return "%s%d.%09d" % ("-" if total < 0 else "", abs(total) // 10 ** 9, abs(total) % 10 ** 9)

def fresh_time(options, site):
    """Now, or the next second that is later than the file's and that no byte code states."""
    avoid = inside(options["root"], byte_code_times, site["target"])
    second = max(int(time.time()), int(os.fstat(site["descriptor"]).st_mtime) + 1)
    while second % 2 ** 32 in avoid:
        second += 1
    return "%d.000000000" % second

def byte_code_times(target):
    """The seconds that byte code beside a source states: it takes any source of that second for its own."""
    name, cache = os.path.basename(target)[:-3], os.path.join(os.path.dirname(target), "__pycache__")
    codes = [target + "c", target + "o"] + [os.path.join(cache, one) for one in (
        os.listdir(cache) if os.path.isdir(cache) else []) if one.startswith(name + ".")]
    stated = [bytearray(read(one)[:12]) for one in codes if os.path.isfile(one) and not os.path.islink(one)]
    return [sum(code[at + n] << 8 * n for n in range(4)) for code in stated for at in (4, 8)
            if len(code) > at + 3]

def temporary():
    """A name such as the tool gives, so that each clears up what the other left where it was killed."""
    import binascii
    return ".virtinst-rbd-patch.%s-%08x" % (binascii.hexlify(os.urandom(6)).decode(), int(time.time()))

def left_behind():
    """(name, time of the last change) of each temporary file here."""
    try:
        names = [name for name in hidden_names() if re.match(TEMPORARY + r"\Z", name)]
        return [(name, os.lstat(name).st_ctime) for name in names]
    except OSError:
        return []  # What goes meanwhile is somebody's.

def clear_up(site, patient):
    """Removes what killed runs left: files of such a name that nobody has changed for ten seconds."""
    notes, young, end = [], set(left_behind()), time.time() + 10
    while young:
        old = set(one for one in young if abs(time.time() - one[1]) > 10 or time.time() > end)
        for name, _ in old:
            path = u"%s/%s" % (os.path.dirname(site["path"]), text(name))
            try:
                os.unlink(name)
                notes.append(u"%s was removed: a run left it that was killed." % path)
            except OSError as error:
                notes.append(u"The temporary file %s cannot be removed: %s. Remove it." % (path, text(error)))
        young = (young - old) & set(left_behind()) if patient else set()
        time.sleep(0.1 if young else 0)
    return notes

class Replacement(object):
    """Gives a file another content: whole or not at all, with all that is its, and nobody's edit lost."""
    def __init__(self, site, content):
        self.site, self.name, self.path, self.libc = site, site["name"], site["path"], Libc()
        self.new, self.second, self.left, self.old = temporary(), temporary(), [], site["descriptor"]
        self.content, self.rights = content, rights(self.old)

    def run(self, modified):
        fresh = None
        try:
            self.attributes = self.libc.attributes(self.old)
            fresh = os.open(self.new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            self.left = [self.new]
            write(fresh, self.content)
            self.keep_attributes(fresh)
            self.libc.set_time(fresh, modified)
            os.fsync(fresh)
            self.exchange(fresh)
            self.look_again(fresh)
            return modified_time(fresh)
        except (EnvironmentError, Failure) as error:
            raise self.failed(error)
        except BaseException as error:
            self.failed(error)
            raise
        finally:
            close(fresh)

    def keep_attributes(self, fresh):
        what, hint = "owner", "Run this as root, or as the owner of the file."
        try:
            os.fchown(fresh, *self.rights[1:])
            what, hint = "ACL and attributes", "Run this as root; compare getfattr -d -m - FILE."
            self.libc.set_attributes(fresh, self.attributes)
            os.fchmod(fresh, self.rights[0] & 0o7777)
            if not self.is_like_old(fresh, self.content):
                raise EnvironmentError("they are others when read back")
        except EnvironmentError as error:
            raise Failure(IO, u"The %s of %s cannot be kept: %s. Nothing was written."
                          % (what, self.path, text(error)), hint)

    def is_like_old(self, descriptor, content):
        """Whether a file has a content, and all that belongs to the old one."""
        return (rights(descriptor) == self.rights and read(descriptor) == content
                and self.libc.attributes(descriptor) == self.attributes)

    def holds(self, name, descriptor, content):
        """Whether a name leads to just that file, with that content and all that belongs to it."""
        there = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return os.path.sameopenfile(there, descriptor) and self.is_like_old(there, content)
        finally:
            os.close(there)

    def exchange(self, fresh):
        """Gives the old file's name to the new one, and looks whether that was right."""
        watch = self.libc.watch(self.site["folder"])
        try:
            if not self.holds(self.name, self.old, self.site["content"]):
                raise self.changed()
            if not self.holds(self.new, fresh, self.content):
                raise EnvironmentError("the file that was to take its place is not what was written")
            try:
                os.link(self.name, self.second)
                self.left.append(self.second)
            except OSError as error:
                if error.errno in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
                    raise
            os.rename(self.new, self.name)
            self.left.remove(self.new)
            REPLACED.append(self.path)
            happened = self.libc.happened(watch, self.name)
            if "C" in happened.partition("R")[0] or not self.is_like_old(self.old, self.site["content"]):
                self.put_back(happened, fresh)
            if happened.count("R") > 1:
                raise EnvironmentError("somebody else replaced it in the same moment: one text is lost")
            while self.left:
                os.unlink(self.left[0])
                self.left.pop()
        finally:
            close(watch)

    def put_back(self, happened, fresh):
        """Gives the old file its name back, with what somebody made of it; or saves the text."""
        if not self.left:
            raise EnvironmentError("somebody else changed it in the same moment, and their change is lost")
        if happened.count("R") == 1 and self.holds(self.name, fresh, self.content):
            os.rename(self.second, self.name)
            self.left, REPLACED[:] = [], []
            raise self.changed()
        saved = "%s.saved-%s" % (self.name, self.second[-9:])
        os.rename(self.second, saved)
        self.left = []
        raise EnvironmentError("somebody else changed it in the same moment, and another replaced it: their "
                               "text is in " + saved)

    def look_again(self, fresh):
        """Has the new name survive a power cut, and looks at what there is."""
        try:
            os.fsync(self.site["folder"])
        except OSError as error:
            raise EnvironmentError("that is perhaps not safe from a power cut: %s" % text(error))
        if not self.holds(self.name, fresh, self.content):
            raise EnvironmentError("what is there now is not what was written")
        if not os.path.samestat(os.stat(self.site["where"]), os.fstat(self.site["folder"])):
            raise EnvironmentError("%s is another folder by now: the new text is in the one that was there"
                                   % os.path.dirname(self.path))

    def changed(self):
        return Changed(IO, u"%s was changed by somebody else meanwhile; nothing was written." % self.path,
                       "Look at the file, then run this again.")

    def failed(self, error):
        """The failure to tell of, once nothing of this run is left beside the file."""
        also = u""
        for name in self.left:
            try:
                os.unlink(name)
            except OSError as refused:
                also += u" The temporary file %s cannot be removed: %s. Remove it." % (
                    text(name), text(refused))
        if isinstance(error, Failure):
            error.message += also
            return error
        if REPLACED:
            return Failure(IO, u"%s was replaced, but %s.%s" % (self.path, text(error), also),
                           "Look for the cause (dmesg, lsof), then see what is there: verify.")
        denied = "Run this as root; if you are root, look for an immutable file (lsattr)."
        hints = {errno.EROFS: "On an image-based system (a read-only /usr) patch the image, with --root.",
                 errno.EBUSY: "Something is mounted on it: patch the file that was mounted there.",
                 errno.EACCES: denied, errno.EPERM: denied}
        hint = "Nothing was changed. Mend the cause, then run this again."
        return Failure(IO, u"%s cannot be replaced: %s.%s" % (self.path, text(error), also),
                       hints.get(getattr(error, "errno", None), hint))

def replace(site, content, modified):
    """The file's new time; signals wait until it is done."""
    HELD.append(site)
    for number in SIGNALS:
        signal.siginterrupt(number, False)  # No call fails for it meanwhile; else one that waits has to end.
    try:
        return Replacement(site, content).run(modified)
    finally:
        HELD.pop()
        for number in SIGNALS:
            signal.siginterrupt(number, True)
        if STOPPED:
            raise Stopped(STOPPED[0])

# The proofs. They run under the Python that runs virt-install: what that compiles and runs is what counts.

def wanted(site):
    """(the Python of virt-install's first line, if it is this machine's, else None; the major version)."""
    own = site["program"]["python"] if site["program"] else None
    stated = [letter for letter in os.path.basename(own or "") if letter in "23"]
    return own, (stated or [dict(LAYOUTS)[site["file"]]])[0]

def hand_over(site):
    """Goes on under that Python, from the start; returns why this one is it, or None where none is."""
    own, major = wanted(site)
    names = ["python" + major, "python2.7" if major == "2" else "/usr/libexec/platform-python"]
    folders = [one for one in os.environ.get("PATH", "").split(":") if one[:1] == "/"]
    paths = [os.path.join(folder, name) for name in [own or "/"] + names for folder in folders]
    this, script = os.path.realpath(sys.executable or "/"), os.path.join(WORKING, sys.argv[0])
    for path in [path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)]:
        said = run([path, "-c", "import sys; sys.stdout.write(sys.version[0] + sys.executable)"])
        if said[0] == 0 and said[1][:1] == major:
            if os.path.realpath(said[1][1:]) == this:
                line = own and path.endswith(own)
                return (u"the first line of %s" % text(site["program"]["path"]) if line else
                        u"virtinst needs Python %s" % major)
            if os.path.isfile(script) and "VIRTINST_RBD_PATCH_PYTHON" not in os.environ:
                os.environ["VIRTINST_RBD_PATCH_PYTHON"] = path  # Once, whatever it calls itself.
                os.chdir(WORKING)
                os.execv(path, [path, "-B", "-E", "-s", script] + sys.argv[1:])
    return None

def compile_text(site, before, after):
    """By what the new text was compiled; what does not compile never lands."""
    why = hand_over(site)
    if why is None and site["mounted"]:
        return u"not run: no Python for it was found on this machine"
    if why is None:
        raise Failure(TARGET, u"%s: the new text could not be compiled: no Python %s works here. Nothing was "
                      u"written." % (site["path"], wanted(site)[1]),
                      "Run this file under the Python that runs virt-install: PYTHON FILE ...")
    old = before, TARGET, u"%s does not compile under %s, even without the patch: %s in line %s."
    new = after, BEHAVIOUR, u"%s: with the patch it would not compile under %s: %s in line %s."
    for content, code, words in (old, new):
        try:
            compile(content, "file", "exec", 0, True)
        except Exception as error:
            line = getattr(error, "lineno", None) or u"unknown"
            raise Failure(code, (words + u" Nothing was written.") % (
                site["path"], text(sys.executable), type(error).__name__, line),
                "Restore the file from its package, or please report this, with the file.")
    return u"compiled by %s (%s)" % (text(sys.executable), why)

def check(label, passed, difference):
    return {"label": label, "passed": bool(passed), "difference": u"" if passed else difference}

def proof(why, checks=None, **more):
    """A proof by all of its checks; without any it was not run."""
    status = "not run" if checks is None else "passed" if all(one["passed"] for one in checks) else "failed"
    return dict(more, status=status, reason=why, checks=checks or [])

def behaviour(site, state):
    """Runs the function that is in the file on a domain with a disk of each pool."""
    found = state["found"]
    if found is None:
        return proof(u"the patch is %s" % state["is"][0])
    if state["is"] != CURRENT:
        return proof(u"the patch is %s, and only what this file would write there now is run"
                     % state["is"][0])
    own = helper_of(found["pristine"], found["modified"], found["lines"].split(","), found["call"])
    if found["helper"] != own:
        return proof(u"the blocks are not to the letter what this file writes, and other text is not run")
    if hand_over(site) is None:
        return proof(u"no Python for it was found on this machine")
    import logging
    log, module = [], {}
    handler = logging.Handler()
    handler.emit = lambda record: log.append(text(record.getMessage()))
    logging.getLogger().addHandler(handler)
    before, after = [text(SAMPLE[0] + "".join(disk[n] for disk in DISKS) + SAMPLE[1]) for n in (1, 2)]
    why = u"Python %d.%d, %s" % (sys.version_info[:2] + (text(sys.executable),))
    try:
        exec(compile(own, "block", "exec", 0, True), module)
        made = [module[NAME](xml) for xml in (before, after, None, str(before))]
        again = [module[NAME](xml) for xml in made]
    except Exception as error:
        return proof(why, [check(u"the block runs", False, u"%s: %s" % (type(error).__name__, text(error)))])
    said = u" (it logged: %s)" % u"; ".join(log) if log else u""
    made[0] = text(made[0])
    end = u"    </disk>\n"
    parts = [part[max(part.find(u"    <disk "), 0):] + end for part in made[0].split(end)[:-1]]
    checks = [check(label, got == right, u"expected\n%sgot\n%s%s" % (right, got, said))
              for (label, _, right), got in zip(DISKS, parts + [u"nothing\n"] * len(DISKS))]
    return proof(why, checks + [
        check(u"everything else is untouched", made[0] == after,
              u"the domain's XML outside its disks differs" + said),
        check(u"a complete domain stays as it is", made[1] == after, u"it was changed" + said),
        check(u"a second time changes nothing", again == made, u"it did"),
        check(u"str and unicode give the same", text(made[3]) == made[0], u"they do not"),
        check(u"no install XML (--import) stays none", made[2] is None, u"it became something")])

def install(site, told):
    """Has virt-install itself print a domain, on a node of libvirt's test driver with all the pools."""
    import shutil
    import tempfile
    program = site["program"] if site["named"] or site["mounted"] else (programs(False) + [None])[0]
    able = [one for one in NODE_POOLS if one["listed"] and (told or not one["by user"])]
    unable = u"its test driver takes only pools that list a monitor, and can be told apart"
    if site["mounted"]:
        return proof(u"nothing below --root is run", causes=[])
    if not program:
        found = u"no virt-install program uses the virtinst in %s" % site["shown"]
        return proof(found if site["named"] else u"there is no virt-install program in PATH", causes=[])
    if not able:
        return proof(u"libvirt: " + unable, causes=[])
    why, path = u"%s on libvirt's test driver" % text(program["path"]), program["path"]
    left = u", ".join(one["pool"] for one in NODE_POOLS if one not in able)
    why, checks, strays = why + (u"; not for pool %s: %s" % (left, unable) if left else u""), [], 0
    try:
        folder = tempfile.mkdtemp(prefix="virtinst-rbd-patch-")
        try:
            for at in range(0, len(able), 100):
                some = able[at:at + 100]
                code, output, errors, wrong = printed(path, some, folder)
                if wrong or u"<domain" not in output:
                    wrong = wrong or u"it ended well, but printed no domain"
                    raised, wrong = fault_of(site, code, errors, wrong)
                    return proof(why, [check(u"_build_xml runs", False, wrong)], causes=[]) if raised else \
                        proof(u"%s: %s" % (text(path), wrong), causes=[])
                compared, stray = compare(output, some)
                checks, strays = checks + compared, strays + stray
        except SyntaxError:  # As ElementTree's ParseError is.
            return proof(why, [check(u"the domain is XML", False, u"what it printed is none")], causes=[])
        finally:
            shutil.rmtree(folder, True)
    except EnvironmentError as error:
        return proof(u"no temporary file can be written: %s; set TMPDIR" % text(error), causes=[])
    checks.append(check(u"no auth on a CD-ROM", not strays, u"a disk got an auth, and needs none"))
    return proof(why, checks, causes=[])

def printed(program, pools, folder):
    """What `run` returns of virt-install, which prints a domain with a disk of each pool and a CD-ROM."""
    with open(os.path.join(folder, "node.xml"), "wb") as file:
        file.write((NODE[0] + "".join(one["xml"] for one in pools) + NODE[1]).encode("ascii"))
    words = "--print-xml --debug --import --name virtinst-rbd-patch-proof --ram 64 --network none" \
        " --graphics none --os-variant none --check all=off --connect test://%s/node.xml" % folder
    disks = [word for one in pools + [{"disk": NODE[2]}] for word in ("--disk", str(one["disk"]))]
    return run([program] + words.split() + disks, PYTHONDONTWRITEBYTECODE="1", XDG_CACHE_HOME=folder)

def fault_of(site, code, errors, wrong):
    """(whether the patched file raised, what virt-install died of); all else says nothing of the patch."""
    if code is None:
        return False, u"the interpreter that its first line names is not there: install it"
    if code in (126, 127):
        return False, u"it could not be started: %s" % wrong
    last = errors.rpartition(TRACEBACK)[2] if TRACEBACK in errors else u""
    frames, error = FRAME.findall(last), re.sub(r"(?m)^ .*\n", "", last).split(u"\n")[0]
    imports = re.match(r"(ImportError|ModuleNotFoundError)\b", error)
    whole = imports or re.match(r"(NameError|UnboundLocalError)\b", error)
    own = [one for one in frames if one[0].endswith(u"/" + site["file"])]
    inner = [one for one in own if whole and one is frames[-1]]
    places = [one for one in own if one[2] in (u"", u"_build_xml", NAME, u"<module>") and not imports]
    for path, line, _ in (inner or places)[-1:]:
        return True, u"%s (%s, line %s)" % (error, path, line)
    if imports:
        return False, u"a module cannot be imported: %s. Reinstall virt-install with the packages that it " \
            u"depends on" % error.partition(u": ")[2]
    said = re.findall(r"(?m)^(?:\[.*?\] )?ERROR (?:\(\w+:\d+\) )?(.+)", errors)
    return False, said[-1].strip() if said else error or wrong

def compare(output, pools):
    """(a check for each pool, how many other disks got an auth), of the domains that virt-install printed."""
    from xml.etree import ElementTree
    wrong, strays = dict((one["pool"], []) for one in pools), 0
    for xml in re.findall(r"(?s)<domain.*?</domain>", output):
        disks = [(disk.find("source"), disk.findall("auth") + disk.findall("source/auth"),
                  disk.findall("source/host")) for disk in ElementTree.fromstring(xml.encode("utf-8"))
                 .findall("devices/disk")]
        rbd = [one for one in disks if one[0] is not None and one[0].get("protocol") == "rbd"]
        strays += len([one for one in disks if one not in rbd and one[1]])
        for pool in pools:
            own = [one for one in rbd if text(one[0].get("name")) == pool["image"]]
            if len(own) != 1:
                said = u"image: expected one disk of %s, found %d" % (pool["image"], len(own))
                wrong[pool["pool"]].append(said)
            for _, auths, hosts in own[:1]:
                wrong[pool["pool"]] += wrong_with(pool, auths, hosts)
    names = [one["pool"] for one in pools]
    return [check(u"disk of pool %s" % one, not wrong[one], u"\n".join(wrong[one])) for one in names], strays

def wrong_with(pool, auths, hosts):
    """How a disk differs from what its pool needs."""
    said = [(auth.get("username"), [(one.get("type"), one.get("uuid", "").lower(), one.get("usage"))
                                    for one in auth.findall("secret")]) for auth in auths]
    right = [(pool["user"], [(u"ceph", pool["uuid"], None)])] if pool["user"] else []
    there = [(one.get("name", "").lower().strip("[]"), one.get("port")) for one in hosts]
    missing = [u"%s:%s" % (name, port) for name, port in pool["monitors"] if not any(
        one[0] == name.lower().strip(u"[]") and (one[1] == port or not one[1] or not port) for one in there)]
    return ([u"auth: expected %s, found %s" % (right, said)] if said != right else []) + \
        [u"monitor: expected %s, found missing" % one for one in missing]

# The commands, their words, and their exit codes.

def change(options, site, result, content, modified, **done):
    """Puts another content there, unless this run only looks; the file's new time, if it has one."""
    now = None
    if not options["check"]:
        try:
            now = replace(site, content, modified or fresh_time(options, site))
        except Changed:
            if read(site["name"]) != content:
                raise
            return None  # Another run put the very same there.
    if options["diff"]:
        import difflib
        old, young = [one.decode("utf-8", "replace").split(u"\n") for one in (site["content"], content)]
        lines = difflib.unified_diff(old, young, u"a/" + site["file"], u"b/" + site["file"], lineterm=u"")
        done["diff"] = u"".join(line + u"\n" for line in lines)
    result.update(done, changed=True)
    return now

def apply(options, site, state):
    result, check, old = about(options, site, state), options["check"], state["found"]
    if state["is"] == CURRENT:
        return result
    if state["is"] == ABSENT and result["need"] == "impossible":
        raise Failure(TARGET, u"%s: %s." % (site["path"], result["needReason"]),
                      "Upgrade virt-manager; 1.5 and later copy auth by themselves.")
    if state["is"] == ABSENT and result["need"] == "not needed":
        result["notes"].append(u"%s." % result["needReason"])
        return dict(result, status="not needed")
    if state["is"] == ABSENT and result["need"] == "unknown":
        result["notes"].append(u"Whether the patch is needed was not checked: %s." % result["needReason"])
    if state["hash"] not in FILES:
        why = u"%s: where the blocks go is not known: without them its SHA-256 is %s. Nothing was written."
        raise Failure(TARGET, why % (site["path"], state["hash"]),
                      u"Where Node is, with a copy of %s as DIR, this makes a file that knows it: "
                      u"virtinst-rbd-patch bundle --virtinst DIR -o FILE" % site["shown"])
    modified = old["modified"] if old and state["pristine"] else modified_time(site["descriptor"])
    base, blocks = state["base"].decode("latin-1"), blocks_for(state["hash"], modified)
    content = render(base, state["hash"], *blocks).encode("latin-1")
    again = examine(content, True)
    if again["is"] != CURRENT or again["base"] != state["base"]:
        raise Failure(TARGET, u"%s: what would be written could not be read again: %s. Nothing was written."
                      % (site["path"], again["is"][1]), "Please report this, with the file.")
    result["compiled"] = compile_text(site, state["base"], content)
    status = "updated" if old else "patched"
    change(options, site, result, content, None, status="would be " + status if check else status)
    return result if check else dict(result, state=CURRENT[0], stateReason=CURRENT[1])

def revert(options, site, state):
    result, check, found = about(options, site, state), options["check"], state["found"]
    if state["is"] == ABSENT:
        return result
    pristine, then = state["pristine"], found["modified"]
    if not state["intact"]:
        result["notes"].append(u"The blocks had been edited; they were taken out as they were.")
    if not pristine:
        result["notes"].append(u"The file was also changed outside the blocks; these changes %s, and so does "
                               u"the time of the last change." % (u"would stay" if check else u"stay"))
    now = change(options, site, result, state["base"], then if pristine else None, restored=pristine,
                 timeRestored=pristine, pools=pool_names(found["helper"]),
                 status="would be reverted" if check else "reverted")
    if pristine and now not in (None, then):
        result["timeRestored"] = False
        result["notes"].append(u"The modification time could not be put back: it is %s, and was %s."
                               % (now, then))
    return result if check else dict(result, state=ABSENT[0], stateReason=ABSENT[1])

def verify(options, site, state):
    result, static = about(options, site, state), u"--static was given"
    result["notes"].append(u"It was compared with the facts of this file (%s); whether the host's pools have "
                           u"changed since is not known to it." % SOURCE)
    result.update(volume=None, written=None, behaviour=proof(static), install=proof(static, causes=[]))
    if not options["static"]:
        good = state["is"] == CURRENT or state["is"] == ABSENT and result["need"] == "not needed"
        result["behaviour"] = behaviour(site, state)
        result["install"] = (install(site, result["need"] in ("partial", "not needed")) if good else
                             proof(u"the patch is %s" % state["is"][0], causes=[]))
    return result

def exit_code(result):
    if result["command"] != "verify":
        return NOT_SO if result["check"] and result["changed"] else 0
    if result["state"] != "current" and (result["state"] != "absent" or result["need"] != "not needed"):
        return TARGET if result["state"] == "damaged" else NOT_SO
    return BEHAVIOUR if "failed" in (result["behaviour"]["status"], result["install"]["status"]) else 0

def proof_lines(name, proved, verbose):
    count = len(proved["checks"])
    lines = [u"%s %s%s: %s" % (name, proved["status"], u" (%d check%s)" % (count, u"s"[:count != 1])
                               if proved["status"] != "not run" else u"", proved["reason"])]
    for one in proved["checks"]:
        if verbose or not one["passed"]:
            lines.append(u"  %s  %s" % (u"ok" if one["passed"] else u"wrong", one["label"]))
            lines += [u"      " + line for line in one["difference"].rstrip().split(u"\n") if line]
    return lines

def lines_of(result, verbose):
    """A result for a person."""
    if result["command"] == "verify":
        wanted = u"none is needed" if result["need"] == "not needed" else result["need"]
        wanted = u"; %s: %s" % (wanted, result["needReason"]) if result["state"] == "absent" else u""
        return ([u"%s: %s: %s%s" % (result["state"], result["file"], result["stateReason"], wanted)]
                + proof_lines(u"behaviour", result["behaviour"], verbose)
                + proof_lines(u"virt-install", result["install"], verbose))
    lines, check = [headline(result)], result["check"]
    if result["restored"]:
        releases = u", ".join(result["shippedIn"])
        shipped = u": the file of virt-manager %s" % releases if releases else u""
        lines.append(u"The file %s, in its bytes%s, what the blocks were put into%s." % (
            u"would be" if check else u"is", u" and its time" if result["timeRestored"] else u"", shipped))
    elif result["restored"] is False:
        lines.append(u"The file %s no blocks any more." % (u"would have" if check else u"has"))
    compiled = result.get("compiled") or u""
    if compiled[:7] == u"not run":
        lines.append(u"Compiling the new text was %s." % compiled)
    elif verbose and compiled:
        lines.append(u"The new text was %s." % compiled)
    return lines + ([u"virt-manager release: %s" % (result["release"] or u"unknown")] if verbose else [])

def as_json(result, code, options):
    import json
    tool, verdict = u"virtinst-rbd-patch %s" % VERSION, {"ok": code == 0, "exitCode": code}
    form = dict(result, form=FORM, tool=tool, verdict=verdict)
    if not options["diff"]:
        form.pop("diff", None)
    form = json.dumps(form, indent=2, ensure_ascii=False, sort_keys=True, separators=(",", ": ")) + u"\n"
    # An escape is the character itself there.
    return u"".join(json.dumps(one)[1:-1] if one != u"\n" and shown(one) else one for one in form)

HELP = u"""usage: FILE apply|verify|revert [--check] [--diff] [--static] [--json] [-q|-v] [--root DIR]
                                [--virtinst DIR]

  apply   put the blocks into virtinst, so that new guests' disks get their auth and monitors
  verify  say whether they are there and just what is needed, and prove what they do
  revert  take them out

  --check changes nothing and exits 1 if anything would change, --diff shows what changes; --static looks only
"""

def perform(options, site, words):
    """Does what the words ask for; the exit code."""
    if options["asks"]:
        say(VERSION + u"\n" if "--version" in words else HELP)
        return 0
    if options["wrong"]:
        raise Failure(USAGE, u"%s." % options["wrong"], u"See %s --help." % text(sys.argv[0]))
    command, root = options["command"], options["root"]
    options["base"] = os.path.realpath(root).rstrip("/") if root else ""
    for view in (options["base"], (root or "").rstrip("/")):  # Either view of a mounted system is understood.
        if view and ((options["virtinst"] or "") + "/").startswith(view + "/"):
            options["virtinst"] = options["virtinst"][len(view):] or "/"
    site = site or inside(root, look, options)
    os.fchdir(site["folder"])
    site["release"] = inside(root, release_of, site["place"])
    site["program"] = None if site["mounted"] else (users_of(site["place"], programs(False)) + [None])[0]
    state = examine(site["content"], command != "revert")
    # Before the file's names are counted: one may be a killed run's.
    if command != "verify" and not options["check"]:
        site["notes"] += clear_up(site, state["is"] != (ABSENT if command == "revert" else CURRENT))
    result = {"apply": apply, "verify": verify, "revert": revert}[command](options, site, state)
    return show(result, exit_code(result), options, lines_of(result, options["verbose"]))

def explain(error, options, site):
    """Says what went wrong, and what to do next; the exit code."""
    if not isinstance(error, Failure):
        error = unforeseen(error, site)
    complain(u"virtinst-rbd-patch: %s\n%s\n" % (seen(error.message), seen(error.hint)))
    if options["json"]:
        fields = "host source file release sha256 need needReason state stateReason"
        nothing = dict.fromkeys(fields.split())
        said = {"message": error.message, "hint": error.hint}
        nothing.update(command=options["command"], shippedIn=[], pools=[], notes=[], error=said)
        try:
            write(1, as_json(nothing, error.code, options).encode("utf-8", "replace"))
        except OSError:
            pass  # Standard error has said it already.
    return error.code

def unforeseen(error, site):
    what = u"%s was replaced, but" % REPLACED[0] if REPLACED else u""
    where = text(getattr(error, "filename", None) or ("A file" if site else "virtinst"))
    if not isinstance(error, EnvironmentError):
        what = u"%s something" % what if what else u"Something"
        return Failure(IO, u"%s unforeseen went wrong: %s" % (what, text(error)),
                       u"Please report this, with the command line and virtinst-rbd-patch %s." % VERSION)
    if site is None:
        return Failure(IO, u"%s cannot be read: %s." % (where, text(error)), "Check its rights.")
    return Failure(IO, u"%s %s." % (what or where + u":", text(error)),
                   "Check the path and its rights, and the disk (dmesg).")
# <<< SECOND

if __name__ == "__main__":
    try:
        WORKING = os.getcwd()
    except OSError:
        WORKING = "/"  # It is gone; then nothing is named relative to it.
    os._exit(begin(sys.argv[1:]))  # Nothing waits to be written, and to take Python apart takes its time.
