# Run by the Python that runs virt-install. Reads a request as JSON, and prints an answer as JSON on a line.
# It prints its version first, to distinguish a Python that crashes from one that cannot start.
# The keys of the request:
# compile: why each of these files cannot be imported. run: the result of the function for each XML.
# before, after, labels: check the function with a domain that has a disk for each label.
import json
import logging
import re
import sys

print(json.dumps({"version": "%d.%d" % sys.version_info[:2]}))
sys.stdout.flush()
request = json.load(sys.stdin)
answer = {"log": []}


class Log(logging.Handler):
    def emit(self, record):
        answer["log"].append(record.getMessage())


def to_bytes(value):
    # JSON has no bytes: the request encodes them as Latin-1.
    return value.encode("latin-1")


def fault_in(source):
    """Return why `import` cannot read a file, or None. The compile() of Python 2 does not apply PEP 263."""
    encoding = "ascii" if sys.version_info[0] == 2 else "utf-8"
    if source.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8"
    for line in re.split(b"\r\n|\r|\n", source)[:2]:
        found = re.match(b"[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)", line)
        if found:
            encoding = found.group(1).decode("ascii")
            break
        if not re.match(b"[ \t\f]*(?:#|$)", line):
            break
    try:
        source.decode(encoding)
        compile(source, "file", "exec", 0, True)
        return None
    except UnicodeError as error:
        line = source[:getattr(error, "start", 0)].count(b"\n") + 1
        return "line %d is not %s text, which is the declared or default encoding" % (line, encoding)
    except Exception as error:
        # The message of the error may quote the file.
        return "%s in line %s" % (type(error).__name__, getattr(error, "lineno", None) or "unknown")


def to_unicode(xml):
    return xml.decode("utf-8") if isinstance(xml, bytes) else xml


def to_str(xml):
    return xml if xml is None or isinstance(xml, str) else xml.encode("utf-8")


def checks(function, before, after, labels):
    """Return checks of the function; a label states what is true if the check passes."""
    xml, again, none = [to_unicode(function(to_str(one))) for one in (before, after, None)]
    wanted, found = [re.findall("(?s) {4}<disk .*?</disk>\n", one or "") for one in (after, xml)]
    log = "\n".join(["log:"] + answer["log"])
    found += [""] * len(wanted)
    results = [(label, disk == own, "expected:\n%sfound:\n%s" % (disk, own))
               for label, disk, own in zip(labels, wanted, found)]
    results += [
        ("the rest of the domain is unchanged", xml == after, log),
        ("complete disks are unchanged", again == after, log),
        ("None is returned as None (--import)", none is None, "returned: %r" % (none,)),
        # On 2.7, virt-install may pass str or unicode.
        ("same result for str and unicode", all(to_unicode(function(one)) == to_unicode(function(to_str(one)))
                                              for one in (before, after)), log)]
    return [{"label": label, "passed": passed, "difference": "" if passed else difference}
            for label, passed, difference in results]


if "compile" in request:
    answer["compile"] = [fault_in(to_bytes(source)) for source in request["compile"]]

if "block" in request:
    logging.getLogger().addHandler(Log())
    module = {}
    try:
        exec(compile(to_bytes(request["block"]), "block", "exec", 0, True), module)
        helper = module["_virtinst_rbd_patch"]
        answer["results"] = [to_unicode(helper(to_str(xml))) for xml in request.get("run", [])]
        if "labels" in request:
            answer["checks"] = checks(helper, *[request[name] for name in ("before", "after", "labels")])
    except Exception as error:
        answer["error"] = "%s: %s" % (type(error).__name__, error)

print(json.dumps(answer))
