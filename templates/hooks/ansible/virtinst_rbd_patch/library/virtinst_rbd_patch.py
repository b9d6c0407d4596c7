#!/usr/bin/python
# Runs the bundle on the host. The action plugin of the same name makes it, on the controller.
# It runs under Python 2.7 and 3.5 or later: EL 7, Debian 9 and Ubuntu 16.04 have no other.
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: virtinst_rbd_patch
short_description: Give new guests' rbd disks the auth and monitors of their pool
description:
  - Puts two marked blocks into one file of virt-manager's virtinst, or takes them out again, to the byte.
  - On the controller C(virtinst-rbd-patch bundle) makes one Python file from the host's facts. On the host that file
    does the work, in check mode too, and needs neither Node nor the file to be there before.
options:
  state:
    description:
      - C(present) brings the blocks in or up to date. C(absent) takes them out, and removes C(program).
      - On a host without rbd pools C(present) is C(absent).
    type: str
    choices: [present, absent]
    default: present
  document:
    description: What C(virtinst_rbd_patch_info) returned as C(document). Needed with C(present).
    type: dict
  pools:
    description: Only these libvirt pools; all of type rbd by default.
    type: list
    elements: str
  tool:
    description: How to call virtinst-rbd-patch on the controller.
    type: list
    elements: str
    default: [virtinst-rbd-patch]
  content:
    description: The bundle. The action plugin gives it.
    type: str
  program:
    description: Where the bundle is left on the host, for administrators and hooks; nowhere by default.
    type: path
  root:
    description: A mounted system or image that is to be patched instead of the host itself.
    type: path
  virtinst:
    description: The folder on the host that holds the C(virtinst) package; that of virt-install by default.
    type: path
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
author:
  - virtinst-rbd-patch
"""

EXAMPLES = r"""
- name: Patch virtinst
  virtinst_rbd_patch:
    document: "{{ found.document }}"
    program: /usr/local/sbin/rbd-patch.py
- name: Take the patch out
  virtinst_rbd_patch:
    state: absent
    program: /usr/local/sbin/rbd-patch.py
"""

RETURN = r"""
msg:
  description: What was done, or would be, in the bundle's own words; of a failure, what is wrong.
  type: str
  returned: always
  sample: "patched: /usr/share/virt-manager/virtinst/guest.py (libvirtpool)"
hint:
  description: What to do next.
  type: str
  returned: failure
result:
  description: What the bundle printed with C(--json).
  type: dict
  returned: always, where it ran
"""

import json
import os
from unicodedata import category

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_bytes

# A host where nothing can be patched has nothing to take out.
NOTHING_HERE = "No virtinst was found "


def seen(words):
    """A diff without what a terminal would obey: the file may be anybody's."""
    # Controls, directions, line ends: what has no picture of its own.
    return "".join(letter if letter in "\n\t" or category(letter) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
                   else "\\x%02x" % ord(letter) for letter in words)


def write(path, content):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def run(module, bundle):
    """What the bundle answers: its result and exit code. Fails where it does."""
    params = module.params
    present = params["state"] == "present"
    words = ["apply" if present else "revert", "--json"]
    words += ["--check"] if module.check_mode else []
    words += ["--diff"] if module._diff else []
    words += ["--%s=%s" % (name, params[name]) for name in ("root", "virtinst") if params[name]]
    # Through the shell that its first line names: a temporary folder may be mounted noexec.
    argv = ["/bin/sh", bundle] + words
    code, out, errors = module.run_command(argv, encoding=None, expand_user_and_vars=False)
    try:
        result = json.loads(out.decode("utf-8"))
    except ValueError:
        said = errors.decode("utf-8", "replace").strip() or "The bundle said nothing."
        module.fail_json(msg=said, hint="Run it on the host by hand.")
    error = result.get("error")
    if error and not present and error["message"].startswith(NOTHING_HERE):
        return dict(result, changed=False, status="absent", file=None), code
    if error:
        module.fail_json(msg=error["message"], hint=error["hint"], result=result)
    if code != (1 if module.check_mode and result["changed"] else 0):
        said = errors.decode("utf-8", "replace").strip() or "The bundle ended with exit code %d." % code
        module.fail_json(msg=said, hint="Run it on the host by hand.", result=result)
    return result, code


def place(module, path, content, fresh):
    """Whether the file was not so, or would not be: its content, root's own, to be run by all."""
    old = None
    if os.path.isfile(path) and not os.path.islink(path):
        with open(path, "rb") as file:
            old = file.read()
    changed = old != content
    if changed and not module.check_mode:
        module.atomic_move(fresh, path)
    changed = module.set_mode_if_different(path, 0o755, changed)
    if os.geteuid() == 0:
        changed = module.set_owner_if_different(path, "0", changed)
        changed = module.set_group_if_different(path, "0", changed)
    return changed


def remove(module, path):
    """Whether there was something to remove."""
    there = os.path.lexists(path)
    if there and not module.check_mode:
        os.unlink(path)
    return there


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            # No secret; but it would be in each log, and it is long.
            "content": {"type": "str", "required": True, "no_log": True},
            "program": {"type": "path"},
            "root": {"type": "path"},
            "virtinst": {"type": "path"},
        },
        supports_check_mode=True,
    )
    present, program = module.params["state"] == "present", module.params["program"]
    content = to_bytes(module.params["content"], errors="surrogate_or_strict")
    if present and program and (os.path.isdir(program) or not os.path.isdir(os.path.dirname(program))):
        module.fail_json(msg="%s cannot be written: its folder is not there, or it is one itself." % program,
                         hint="Make the folder, or name another place: program.")
    bundle = os.path.join(module.tmpdir, "rbd-patch.py")
    try:
        write(bundle, content)
        result, code = run(module, bundle)
        other = program and (place(module, program, content, bundle) if present else remove(module, program))
    except EnvironmentError as error:
        module.fail_json(msg="%s: %s." % (error.filename or program, error.strerror),
                         hint="Look at the path and its rights.")
    names = u", ".join(result["pools"])
    msg = u"%s: %s%s" % (result["status"], result["file"] or u"no virtinst is here", u" (%s)" % names if names else u"")
    diff = [{"prepared": seen(result.pop("diff"))}] if result.get("diff") else []
    if other:
        would = "would be " if module.check_mode else ""
        diff.append({"prepared": "%s: %s%s\n" % (program, would, "written" if present else "removed")})
    more = {"diff": diff} if module._diff and diff else {}
    module.exit_json(changed=result["changed"] or bool(other), msg=msg, result=result, **more)


if __name__ == "__main__":
    main()
