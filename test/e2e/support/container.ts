import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ran } from "../../support/cli";
import { standInSsh, standInVirsh } from "./examples";
import { atEnd, makeFolder, must, PREFIX, run, startDaemon, waitFor } from "./machine";

/** This Debian in a container with systemd, whose changes stay in memory. */
export interface Container {
  /** For `programs`: an ssh into the container, and a virsh with one pool. */
  readonly programs: Readonly<Record<string, string>>;
  /** Runs a line of sh in it, as root. */
  sh(line: string, input?: string | Buffer): Ran;
  /** The same for a line that must succeed; returns its output. */
  must(line: string, input?: string | Buffer): string;
}

const INSIDE = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"];

/** Starts a container, which ends with the tests. */
export function startContainer(): Container {
  const folder = makeFolder();
  for (const name of ["memory", "root"]) mkdirSync(join(folder, name));
  const booted = existsSync("/run/systemd/system");
  const name = `${PREFIX}-${process.pid}-${Date.now()}`;
  const trees = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
    .filter((tree) => !booted && existsSync(join(tree, "cgroup.procs")))
    .map((tree) => join(tree, name));
  // Without systemd on this machine, the container needs its own control groups.
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
