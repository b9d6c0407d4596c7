# Runs under the Python that runs virt-install: reads a request as JSON, answers as JSON on a line of its own. It prints
# its version first, so that a Python that crashes over the request is told from one that does not work at all.
# compile: whether each of the given files compiles. run: the results of the function for each XML.
import json
import logging
import re
import sys

print(json.dumps({"version": "%d.%d" % sys.version_info[:2]}))
sys.stdout.flush()
request = json.load(sys.stdin)
answer = {}


def text(value):
    # Latin-1 carries any byte through JSON.
    return value.encode("latin-1")


def fault_in(source):
    """Return why `import` could not read a file, or None. Python 2's compile() does not apply PEP 263, so do it here."""
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
        compile(source, str(request["name"]), "exec", 0, True)
        return None
    except UnicodeError as error:
        line = source[:getattr(error, "start", 0)].count(b"\n") + 1
        return "line %d is not %s text, which is the declared or default encoding of the file" % (line, encoding)
    except Exception as error:
        # The message of the error may quote the file.
        return "%s in line %s" % (type(error).__name__, getattr(error, "lineno", None) or "unknown")


if "compile" in request:
    answer["compile"] = [fault_in(text(source)) for source in request["compile"]]

if "run" in request:
    lines = []

    class Collect(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    logging.getLogger().addHandler(Collect())
    module = {}
    try:
        exec(compile(text(request["block"]), "block", "exec", 0, True), module)
        helper = module["_virtinst_rbd_patch"]
        answer["results"] = []
        for xml in request["run"]:
            native = xml
            if xml is not None and not isinstance(xml, str):
                native = xml.encode("utf-8")
            result = helper(native)
            stable = helper(result) == result
            # On 2.7 virt-install may hand over str or unicode; the result has to be the same text.
            wide = helper(xml)
            if isinstance(result, bytes):
                result = result.decode("utf-8")
            answer["results"].append({"xml": result, "stable": stable, "same_text": wide == result})
    except Exception as error:
        answer["error"] = "%s: %s" % (type(error).__name__, error)
    answer["log"] = lines

print(json.dumps(answer))
