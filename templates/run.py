# Runs under the Python that runs virt-install; reads a request as JSON, answers as JSON on a line of its own.
# Before it does anything it says its version: a Python that says no more after that died of the request.
# compile: which of the given texts compile. run: what the helper block makes of each XML.
import json
import logging
import sys

print(json.dumps({"version": "%d.%d" % sys.version_info[:2]}))
sys.stdout.flush()
request = json.load(sys.stdin)
answer = {}


def text(value):
    # Latin-1 carries any byte through JSON.
    return value.encode("latin-1")


if "compile" in request:
    answer["compile"] = []
    for source in request["compile"]:
        try:
            compile(text(source), str(request["name"]), "exec", 0, True)
            answer["compile"].append(None)
        except Exception as error:
            # Its own words may quote the file.
            answer["compile"].append("%s in line %s" % (type(error).__name__, getattr(error, "lineno", None) or "unknown"))

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
