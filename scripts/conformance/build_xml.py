# Runs _build_xml of virtinst source files, under Python 2.7 or 3, without the rest of virtinst.
# Each line of standard input is a request in JSON, each line of standard output the answer to it.
import json
import sys
import types

answers = sys.stdout
# Modules may print: keep that out of the answers.
sys.stdout = sys.stderr
# Do not import from this program's own directory.
sys.path.pop(0)

try:
    import builtins
except ImportError:
    import __builtin__ as builtins
    import imp
# virtinst expects gettext to be installed.
builtins._ = lambda message: message
builtins.ngettext = lambda one, many, count: one if count == 1 else many


class Meta(type):
    """Makes classes that have any attribute: again such a class."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return named(name)

    # Lists of property names are built from those of base classes.
    def __iter__(cls):
        return iter(())

    def __getitem__(cls, key):
        return cls

    def __add__(cls, other):
        return other

    def __radd__(cls, other):
        return other

    def __or__(cls, other):
        return other


def named(name):
    # A class of its own for each name, so that a class can inherit from two of them.
    return Meta(str(name), (Anything,), {})


def accept(self, *args, **kwargs):
    pass


# Python 2 and 3 spell a metaclass differently; this they both understand.
Anything = Meta("Anything", (object,), {"__init__": accept})


class Stub(types.ModuleType):
    """A module that has any class."""

    # The classes that `from module import *` gives: those that the current source uses.
    exported = []

    def __getattr__(self, name):
        if name == "__all__":
            return self.exported
        if name.startswith("__"):
            raise AttributeError(name)
        return named(name)


class Finder(object):
    """Serves a stub for each module that Python itself does not have."""

    # What Python 2 asks for, and before it looks for itself.
    def find_module(self, fullname, path=None):
        # `import os` in virtinst asks for virtinst.os first.
        for name in (fullname.split(".")[0], fullname.split(".")[-1]):
            try:
                imp.find_module(name)
                return None
            except ImportError:
                pass
        return self

    def load_module(self, fullname):
        if fullname not in sys.modules:
            module = Stub(str(fullname))
            module.__path__ = []
            module.__loader__ = self
            sys.modules[fullname] = module
        return sys.modules[fullname]

    # Python 3 asks the finders in order, and this one last.
    def find_spec(self, fullname, path=None, target=None):
        from importlib.machinery import ModuleSpec

        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        return Stub(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.append(Finder())


def class_names(code):
    """The names in a code object, and in those inside it, that look like those of classes."""
    names = set(name for name in code.co_names if name[:1].isupper() and not hasattr(builtins, name))
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            names |= class_names(part)
    return names


def native(value):
    """JSON's text as the str that virtinst gets from libxml2."""
    return value if value is None or isinstance(value, str) else value.encode("utf-8")


def stand_in(base, first, final, reinstall):
    """An instance of the class whose XML is given; what nobody foresaw raises AttributeError."""
    result = lambda value: lambda self, *args, **kwargs: value
    # Guest of 1.x asks one method for both XMLs.
    install = lambda self, *args, **kwargs: first if kwargs.get("install", True) else final
    parts = {
        "get_install_xml": install,
        "_get_install_xml": install,
        "_get_initial_xml": install,
        "_build_postboot_xml": result((first, final)),
        "has_install_phase": result(first is not None),
        "_requires_postboot_xml_changes": result(first is not None),
        "requires_postboot_xml_changes": result(first is not None),
        "get_xml": result(final),
        "_insert_install_cdrom_media": result(None),
        "_remove_cdrom_install_media": result(None),
        "_pre_reinstall_xml": reinstall,
    }
    plain = lambda: type("Plain", (object,), dict(parts))()
    made = type(base)("StandIn", (base,), dict(parts, installer=plain()))
    return object.__new__(made), {"is_initial": True, "guest": plain(), "meter": None}


def build(request):
    source = request["source"].encode("latin-1")
    try:
        code = compile(source, str(request["name"]), "exec", 0, True)
    except (SyntaxError, ValueError, TypeError) as error:
        return {"error": "%s (line %s)" % (error, getattr(error, "lineno", "unknown"))}
    module = str(request["name"])[: -len(".py")].replace("/", ".")
    space = {"__name__": module, "__package__": module.rpartition(".")[0]}
    # Relative imports need their packages to be there.
    __import__(space["__package__"])
    Stub.exported = sorted(class_names(code))
    exec(code, space)
    base = space[str(request["class"])]
    method = base.__dict__["_build_xml"]
    results = []
    for run in request["runs"]:
        me, arguments = stand_in(base, *[native(run[name]) for name in ("first", "final", "reinstall")])
        names = method.__code__.co_varnames[1 : method.__code__.co_argcount]
        pair = method(me, *[arguments[name] for name in names])
        results.append([value.decode("utf-8") if isinstance(value, bytes) else value for value in pair])
    return {"results": results}


# Bytes: how Python 3 decodes its standard input depends on the locale.
for line in getattr(sys.stdin, "buffer", sys.stdin):
    try:
        answer = build(json.loads(line))
    except Exception as error:
        answer = {"error": "%s: %s" % (type(error).__name__, error)}
    answers.write(json.dumps(answer) + "\n")
