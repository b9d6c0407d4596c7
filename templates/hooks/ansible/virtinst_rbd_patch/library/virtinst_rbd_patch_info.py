#!/usr/bin/python
# Reads on the host what libvirt says; the action plugin of the same name makes a host document of it on the controller.
# It runs under Python 2.7 and 3.5 or later: EL 7, Debian 9 and Ubuntu 16.04 have no other.
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: virtinst_rbd_patch_info
short_description: Read a host's rbd pools and ceph secrets
description:
  - Asks libvirt through C(virsh -r), or reads what its daemons keep below C(/etc/libvirt). Changes nothing.
  - Only pools of type rbd and secrets of type ceph leave the host. A secret's value is never read, and neither is
    a C(.base64) file beside it.
  - On the controller C(virtinst-rbd-patch inspect) makes a host document of it, which holds no XML any more.
options:
  source:
    description:
      - Where to look. With C(auto), in the files where virsh is not installed or libvirt does not answer.
    type: str
    choices: [auto, virsh, files]
    default: auto
  connect:
    description: The connection URI for virsh.
    type: str
    default: qemu:///system
  root:
    description: A mounted system or image; its C(etc/libvirt) is read, under chroot.
    type: path
  tool:
    description: How to call virtinst-rbd-patch on the controller.
    type: list
    elements: str
    default: [virtinst-rbd-patch]
attributes:
  check_mode:
    support: full
author:
  - virtinst-rbd-patch
"""

EXAMPLES = r"""
- name: Read the pools
  virtinst_rbd_patch_info:
  register: found
- name: Read those of an image
  virtinst_rbd_patch_info:
    root: /mnt/image
  register: found
"""

RETURN = r"""
document:
  description: The host document, as C(virtinst-rbd-patch inspect --json) has it.
  type: dict
  returned: success
asked:
  description: What answered, virsh's URI or a folder.
  type: str
  returned: success
  sample: qemu:///system
"""

import os
import re
import stat
from xml.etree import ElementTree

from ansible.module_utils.basic import AnsibleModule

LIMIT = 4 << 20  # libvirt carries no larger XML.
# "Name  State  Autostart": virsh 1.2.17 (EL 7.2) has neither `pool-list --name` nor `--uuid`.
POOL_ROW = re.compile(r"^ (\S|\S.*\S) +(?:in)?active +(?:yes|no) *$")
SECRET_ROW = re.compile(r"(?m)^ ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?= |$)")


class Refused(Exception):
    """What is wrong and where, and what to do next."""

    def __init__(self, message, hint):
        Exception.__init__(self, message)
        self.message, self.hint = message, hint


class NoAnswer(Refused):
    """There is no libvirt that answers."""


class Absent(NoAnswer):
    """There is no virsh, or it is not to be asked."""


def element(content, tag, where):
    """The root element of one document, and its text. No message quotes the content."""
    hint = "Mend it, or take it out of the folder."
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("%s: this is not UTF-8." % where, hint)
    if "<!DOCTYPE" in text or len(content) > LIMIT:
        raise Refused("%s: this has a DTD, or is larger than 4 MiB." % where, hint)
    try:
        root = ElementTree.fromstring(text.encode("utf-8"), ElementTree.XMLParser(encoding="utf-8"))
    except (ElementTree.ParseError, ValueError, LookupError):
        raise Refused("%s: this is not XML." % where, hint)
    if root.tag != tag:
        raise Refused("%s: this is no <%s>." % (where, tag), hint)
    return root, text


def chosen(pools, secrets):
    """The rbd pools and the ceph secrets among documents of (content, where)."""
    parsed = [element(content, "pool", where) for content, where in pools]
    pool_xml = [text for root, text in parsed if root.get("type") == "rbd"]
    parsed = [element(content, "secret", where) for content, where in secrets]
    usages = [(root.find("usage"), text) for root, text in parsed]
    return pool_xml, [text for usage, text in usages if usage is not None and usage.get("type") == "ceph"]


def from_virsh(module, uri):
    """Asks libvirt, on a connection that can change nothing."""
    program = module.get_bin_path("virsh")
    if program is None:
        raise Absent("virsh was not found.", "Install libvirt-client (Debian: libvirt-clients).")

    def ask(words, locale="C"):
        argv = [program, "-q", "-r", "-c", uri] + words
        # As they are: a pool may be named $HOME or ~root.
        status, out, errors = module.run_command(argv, environ_update={"LC_ALL": locale}, encoding=None,
                                                 expand_user_and_vars=False)
        if status == 0:
            return out
        said = " ".join(errors.decode("utf-8", "replace").replace("error: ", "").split())[:500]
        kind = NoAnswer if "failed to connect" in said else Refused
        raise kind("virsh -c %s %s: %s" % (uri, words[0], said or "it ended without a word"),
                   "Try it on the host: virsh -r -c %s pool-list --all" % uri)

    def pool_names(locale):
        table = ask(["pool-list", "--all", "--type", "rbd"], locale)
        if locale != "C":
            table = re.sub(br"\\x([0-9a-f]{2})", lambda code: bytes(bytearray([int(code.group(1), 16)])), table)
        found = [POOL_ROW.match(line) for line in table.decode("utf-8", "replace").split("\n") if line.strip()]
        if None in found:
            raise Refused("virsh -c %s pool-list: its table was not understood." % uri,
                          "Try virtinst_rbd_patch_facts_from: files.")
        return [one.group(1) for one in found]

    names = pool_names("C")
    if any("\\x" in name for name in names):  # virsh 9.0 writes so what it cannot print: a backslash; in C all but ASCII.
        names = pool_names("C.UTF-8")
    uuids = SECRET_ROW.findall(ask(["secret-list"]).decode("utf-8", "replace"))
    where = "virsh -c %s" % uri
    return ([(ask(["pool-dumpxml", "--pool", name]), where) for name in names],
            [(ask(["secret-dumpxml", "--secret", uuid]), where) for uuid in uuids])


def read_folder(folder, base):
    """The .xml files of a folder, as (content, path); libvirt makes the folder when it first needs it."""
    if not os.path.lexists(folder):
        return []
    found = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not name.endswith(".xml"):
            continue
        real = os.path.realpath(path)
        # A link may lead elsewhere, but to nothing that holds a secret's value.
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK) if real.endswith(".xml") else None
        try:
            if descriptor is None or not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refused("%s%s is no regular file, or a link that leads to no .xml file." % (base, path),
                              "Take it out of the folder, or mend the link.")
            parts = [os.read(descriptor, LIMIT + 1)]
            while parts[-1] and sum(len(part) for part in parts) <= LIMIT:
                parts.append(os.read(descriptor, LIMIT))
        finally:
            if descriptor is not None:
                os.close(descriptor)
        found.append((b"".join(parts), base + path))
    return found


def from_files(root):
    """What libvirt's daemons keep; under chroot where a root is named, so that no link leads out of it."""
    outside = here = None
    base = (root or "").rstrip("/")
    if root is not None:
        outside, here = os.open("/", os.O_RDONLY), os.open(".", os.O_RDONLY)
        os.chroot(root)
    try:
        if root is not None:
            os.chdir("/")
        if not os.path.isdir("/etc/libvirt"):
            raise Refused("%s/etc/libvirt is not there: no libvirt is configured." % base,
                          "Leave this host out of the play, or name another root.")
        return read_folder("/etc/libvirt/storage", base), read_folder("/etc/libvirt/secrets", base)
    finally:
        if root is not None:
            os.fchdir(outside)
            os.chroot(".")
            os.fchdir(here)
            os.close(outside)
            os.close(here)


def main():
    module = AnsibleModule(
        argument_spec={
            "source": {"type": "str", "choices": ["auto", "virsh", "files"], "default": "auto"},
            "connect": {"type": "str", "default": "qemu:///system"},
            "root": {"type": "path"},
            "tool": {"type": "list", "elements": "str", "default": ["virtinst-rbd-patch"]},
        },
        supports_check_mode=True,
    )
    source, uri, root = [module.params[name] for name in ("source", "connect", "root")]
    asked = (root or "").rstrip("/") + "/etc/libvirt"
    silent = None
    try:
        try:
            if root is not None or source == "files":
                raise Absent("", "")
            found, asked = from_virsh(module, uri), uri
        except NoAnswer as error:
            if root is None and source == "virsh":
                raise
            silent = None if isinstance(error, Absent) else error
            found = from_files(root)
        pool_xml, secret_xml = chosen(*found)
        # libvirt may have pools that are in no file; blocks must not go because its daemon is down.
        if silent and not pool_xml:
            raise Refused("%s; and %s has no rbd pool, which alone is no answer." % (silent.message, asked),
                          "Start libvirt; or take the files' word for it: virtinst_rbd_patch_facts_from: files.")
    except Refused as refused:
        module.fail_json(msg=refused.message, hint=refused.hint)
    except EnvironmentError as error:
        module.fail_json(msg="%s cannot be read: %s." % (error.filename or root or asked, error.strerror),
                         hint="Look at the path and its rights; the play needs become: true.")
    host = None if root is not None else os.uname()[1]
    module.exit_json(changed=False, pool_xml=pool_xml, secret_xml=secret_xml, host=host, asked=asked)


if __name__ == "__main__":
    main()
