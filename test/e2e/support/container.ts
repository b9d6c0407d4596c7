import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ran } from "../../support/cli";
import { standInSsh, standInVirsh } from "./examples";
import { atEnd, makeFolder, must, PREFIX, run, startDaemon, waitFor } from "./machine";

/** A host of its own: this Debian with a systemd as its first process, and all that it changes in memory. */
export interface Container {
  /** What stands for ssh and virsh on the way to it: for `programs()`. */
  readonly programs: Readonly<Record<string, string>>;
  /** Runs a line of sh there, as root. */
  sh(line: string, input?: string | Buffer): Ran;
  /** The same, of a line that has to succeed: what it printed. */
  must(line: string, input?: string | Buffer): string;
}

/** No variable of this machine goes there, and no terminal. */
const INSIDE = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"];

/** Starts it; it goes with the tests. This machine's own files are below its, and stay as they are. */
export function startContainer(): Container {
  const folder = makeFolder();
  for (const name of ["memory", "root"]) mkdirSync(join(folder, name));
  const booted = existsSync("/run/systemd/system");
  const name = `${PREFIX}-${process.pid}-${Date.now()}`;
  const trees = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
    .filter((tree) => !booted && existsSync(join(tree, "cgroup.procs")))
    .map((tree) => join(tree, name));
  // Where no systemd gives it a control group, it has one that goes with it.
  atEnd("remove the container's control groups", () => {
    for (const tree of trees.filter((one) => existsSync(one)))
      must("find", [tree, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
  });
  const boot = `set -e
echo $$ >pid
for tree in ${trees.join(" ")}; do mkdir $tree; echo $$ >$tree/cgroup.procs; done
mount -t tmpfs tmpfs memory
mkdir memory/upper memory/work
mount -t overlay overlay -o lowerdir=/,upperdir=memory/upper,workdir=memory/work root
echo hv01 >root/etc/hostname
exec systemd-nspawn --register=no ${booted ? "" : "--keep-unit"} --quiet --directory=root \
  --private-network --console=pipe --boot systemd.unit=basic.target`;
  const { log, running } = startDaemon("container", ["unshare", "--mount", "sh", "-c", boot], folder);

  let first = "";
  waitFor("systemd in a container", 60, () => {
    if (!running()) throw new Error(`systemd-nspawn ended:\n${log()}`);
    const pid = existsSync(join(folder, "pid")) ? readFileSync(join(folder, "pid"), "utf8").trim() : "";
    first = /^\d*/.exec(run("pgrep", ["--parent", pid || "0"]).stdout)?.[0] ?? "";
    return first !== "" && inside("systemctl is-active basic.target").stdout === "active\n";
  });
  function inside(line: string, input: string | Buffer = "") {
    return run("nsenter", ["--target", first, "--all", ...INSIDE, "sh", "-c", line], { input, seconds: 300 });
  }

  const enter = `exec nsenter --target ${first} --all ${INSIDE.join(" ")} sh -c`;
  return {
    programs: { ssh: standInSsh(enter), virsh: standInVirsh("hv01") },
    sh: inside,
    must: (line, input = "") => must("nsenter", ["--target", first, "--all", ...INSIDE, "sh", "-c", line], { input }),
  };
}
