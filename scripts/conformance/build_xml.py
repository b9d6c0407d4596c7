"""Run _build_xml of a virtinst file without the rest of virtinst, under Python 2.7 or 3.

Standard input is JSON: {"file": PATH, "first": XML, "final": XML}. Prints a JSON list of the pairs that _build_xml
returns with a first XML, without a first XML, and for a domain that is installed again.
"""
import ast
import json
import logging
import sys


class StandIn(object):
    """The attributes that _build_xml uses. Any other attribute raises AttributeError."""

    def __init__(self, first, final, again=None):
        # Guest of 1.x calls one method for both XMLs.
        self.get_install_xml = lambda *args, **given: first if given.get("install", True) else final
        self._get_install_xml = self._get_initial_xml = self.get_install_xml
        self._build_postboot_xml = lambda *args: (first, final)
        self.get_xml = lambda *args: final
        self.has_install_phase = self.requires_postboot_xml_changes = lambda *args: first is not None
        self._requires_postboot_xml_changes = self.has_install_phase
        self._insert_install_cdrom_media = self._remove_cdrom_install_media = lambda *args: None
        self._pre_reinstall_xml = again
        self.installer = self


request = json.load(sys.stdin)
# str in both Pythons, as virtinst gets it from libxml2.
first, final = [text if isinstance(text, str) else text.encode("utf-8") for text in (request["first"], request["final"])]
with open(request["file"], "rb") as stream:
    source = stream.read()
compile(source, request["file"], "exec", 0, True)
tree = ast.parse(source)
# Run only the injected function and _build_xml, not the rest of the file.
methods = [node for group in tree.body if isinstance(group, ast.ClassDef) for node in group.body]
tree.body = [node for node in tree.body if getattr(node, "name", None) == "_virtinst_rbd_patch"]
tree.body += [node for node in methods if getattr(node, "name", None) == "_build_xml"]
space = {"logging": logging, "log": logging.getLogger()}
exec(compile(tree, request["file"], "exec", 0, True), space)
code = space["_build_xml"].__code__
cases = [StandIn(first, final), StandIn(None, final)]
# Only some versions can install a domain again.
cases += [StandIn(None, "<domain/>", final)] if "_pre_reinstall_xml" in code.co_names else []
pairs = []
for case in cases:
    given = {"self": case, "guest": case, "is_initial": True, "meter": None}
    pairs.append(space["_build_xml"](*[given[name] for name in code.co_varnames[: code.co_argcount]]))
print(json.dumps(pairs))
