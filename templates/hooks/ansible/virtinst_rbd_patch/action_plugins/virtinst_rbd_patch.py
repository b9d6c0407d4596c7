"""Makes a host's bundle on the controller, and hands it to the module of the same name."""

from __future__ import annotations

import json

from ansible.plugins.loader import action_loader

Info = action_loader.get("virtinst_rbd_patch_info", class_only=True)

# `revert` asks for no facts, and `bundle` has to be given some.
NO_HOST = {"version": 1, "pools": [{"name": "none", "cephPool": "none", "monitors": [{"name": "192.0.2.1"}]}]}


class ActionModule(Info):
    """Node runs here, and on the host one Python file."""

    def run(self, tmp=None, task_vars=None):
        """What the module answers, in check mode too: the bundle goes along with its arguments."""
        result = super(Info, self).run(tmp, task_vars)
        args = dict(self._task.args)
        document, pools = (args.pop(name, None) for name in ("document", "pools"))
        args.pop("tool", None)
        if args.get("state", "present") == "present" and document is None:
            raise self.failure(
                "The document of the host is missing.", "Read it with virtinst_rbd_patch_info, and give it as document."
            )
        nothing = document is not None and not document["pools"]
        if nothing:
            args["state"] = "absent"
        if args.get("state") == "absent":
            document, words = NO_HOST, []
        else:
            words = [f"--pool={name}" for name in pools or []]
        name = self.file_of(task_vars["inventory_hostname"])
        made = self.tool(["bundle", f"--host={name}", *words], {name: json.dumps(document)})
        args["content"] = made["program"]
        result.update(self._execute_module(module_args=args, task_vars=task_vars))
        if nothing and not result.get("failed"):
            result["msg"] = f"This host has no rbd pool; {result['msg']}"
        return result
