"""Makes a host document, on the controller, of what the module of the same name read on the host."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

TOOL = {"type": "list", "elements": "str", "default": ["virtinst-rbd-patch"]}


class ActionModule(ActionBase):
    """Runs the module on the host, then virtinst-rbd-patch here."""

    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """The host document, for whatever comes next."""
        result = super().run(tmp, task_vars)
        result.update(self._execute_module(task_vars=task_vars))
        if result.get("failed") or result.get("skipped"):
            return result
        pools, secrets, host = (result.pop(name) for name in ("pool_xml", "secret_xml", "host"))
        document = {"version": 1, "host": host, "pools": [], "secrets": [], "virtinst": None}
        if pools:
            files = {f"pool-{n}.xml": xml for n, xml in enumerate(pools, 1)}
            files.update({f"secret-{n}.xml": xml for n, xml in enumerate(secrets, 1)})
            words = [f"--{name.split('-')[0]}-xml={name}" for name in files]
            # The virtinst that it finds is the controller's.
            found = self.tool(["inspect", *words], files)["document"]
            # Without a file it takes the secrets for unread; the host has listed them, and there is none.
            document.update(pools=found["pools"], secrets=found["secrets"] or [])
        result.update(changed=False, document=document)
        return result

    def tool(self, words, files):
        """What virtinst-rbd-patch says, as JSON, in a folder of its own with some files in it."""
        called = self._task.args.get("tool") or TOOL["default"]
        first, *more = [called] if isinstance(called, str) else called
        # A path, where it is no name for PATH; it is called from another folder.
        argv = [self._loader.path_dwim(first) if "/" in first else first, *more, *words, "--json"]
        # Ansible's own folder for this run: mode 0700, and it goes at the end.
        with tempfile.TemporaryDirectory(dir=C.DEFAULT_LOCAL_TMP) as folder:
            for name, content in files.items():
                Path(folder, name).write_text(content, encoding="utf-8")
            try:
                ran = subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
                said = json.loads(ran.stdout)
            except (OSError, subprocess.TimeoutExpired) as error:
                message = f"{argv[0]} does not run on the controller: {error}."
                raise self.failure(message, "Install it there, or name it: virtinst_rbd_patch_tool.") from error
            except ValueError as error:
                message = ran.stderr.decode("utf-8", "replace").strip() or f"{argv[0]} said nothing."
                raise self.failure(message, "Run `virtinst-rbd-patch --version` on the controller.") from error
        if ran.returncode != 0:
            raise self.failure(said["error"]["message"], said["error"]["hint"])
        return said

    @staticmethod
    def failure(message, hint):
        """What is wrong, and what to do next, without a stack trace."""
        failure = AnsibleActionFail(message, result={"hint": hint})
        failure.result.pop("exception", None)
        return failure

    @staticmethod
    def file_of(name):
        """A host's name as the name of a file."""
        return re.sub(r"[^\w.-]", "_", name, flags=re.ASCII) + ".json"
