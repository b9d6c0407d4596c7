import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, must, run, startDaemon, waitFor } from "./machine";

/** The Ceph pool, and a user who may use only this pool. */
export const CEPH_POOL = "vms";
export const CEPH_USER = "libvirt";

/** The monitors, in the order in which libvirt's pools list them. */
export const MONITOR_HOSTS = [
  { id: "a", name: "127.0.0.1", port: 6789 },
  { id: "b", name: "127.0.0.2", port: 6789 },
  { id: "c", name: "127.0.0.3", port: 6789 },
] as const;

/** A running Ceph cluster. */
export interface Cluster {
  /** The key of `CEPH_USER`. */
  readonly key: string;
  rbd(...words: string[]): string;
  /** The clients that have an image open. */
  watchers(image: string): string;
  /** Stops the monitor that the pools list first, and waits until the others work without it. */
  stopFirstMonitor(): void;
}

/** Starts a cluster of three monitors and one OSD that keeps everything in memory. It requires cephx. */
export function startCluster(folder: string): Cluster {
  const own = join(folder, "ceph");
  mkdirSync(own);
  const conf = join(own, "ceph.conf");
  const keyring = join(own, "keyring");
  const fsid = randomUUID();
  const osdUuid = randomUUID();
  const address = (host: string) => `[v2:${host}:3300,v1:${host}:6789]`;
  writeFileSync(
    conf,
    `[global]
fsid = ${fsid}
mon host = ${MONITOR_HOSTS.map(({ name }) => address(name)).join(",")}
mon initial members = ${MONITOR_HOSTS.map(({ id }) => id).join(", ")}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = ${keyring}
run dir = ${own}
crash dir = ${own}
admin socket = ${own}/$name.asok
log file = ${own}/$name.log
pid file = ${own}/$name.pid
osd objectstore = memstore
memstore device bytes = 1073741824
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1
[mon]
mon data = ${own}/$name
[osd]
osd data = ${own}/$name
public addr = 127.0.0.1
`,
  );

  must("ceph-authtool", ["--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"]);
  const addUser = (name: string, capabilities: Record<string, string>) =>
    must("ceph-authtool", [
      keyring,
      ...["--gen-key", "-n", name],
      ...Object.entries(capabilities).flatMap(([daemon, text]) => ["--cap", daemon, text]),
    ]);
  addUser("client.admin", { mon: "allow *", osd: "allow *" });
  addUser("osd.0", { mon: "allow profile osd", osd: "allow *" });
  addUser(`client.${CEPH_USER}`, { mon: "profile rbd", osd: `profile rbd pool=${CEPH_POOL}` });

  const monmap = join(own, "monmap");
  must("monmaptool", [
    ...["--create", "--fsid", fsid],
    ...MONITOR_HOSTS.flatMap(({ id, name }) => ["--addv", id, address(name)]),
    monmap,
  ]);

  const start = (kind: "mon" | "osd", id: string) =>
    startDaemon(`${kind}.${id}`, [`ceph-${kind}`, "-c", conf, "-i", id, "-f"], own);
  const daemons = new Map<string, Daemon>();
  const ceph = (...words: string[]) => must("ceph", ["-c", conf, "--connect-timeout", "60", ...words]);
  const rbd = (...words: string[]) => must("rbd", ["-c", conf, ...words], { seconds: 60 });
  const quorum = (size: number) =>
    waitFor(`${size} monitors agree`, 60, () => {
      const { stdout } = run("ceph", ["-c", conf, "--connect-timeout", "10", "quorum_status", "-f", "json"]);
      return stdout.trim() !== "" && JSON.parse(stdout).quorum.length === size;
    });

  try {
    for (const { id } of MONITOR_HOSTS) {
      mkdirSync(join(own, `mon.${id}`));
      must("ceph-mon", ["-c", conf, "-i", id, "--mkfs", "--monmap", monmap, "--keyring", keyring]);
      daemons.set(`mon.${id}`, start("mon", id));
    }
    mkdirSync(join(own, "osd.0"));
    must("ceph-osd", ["-c", conf, "-i", "0", "--mkfs", "--osd-uuid", osdUuid, "--no-mon-config"]);
    quorum(MONITOR_HOSTS.length);
    ceph("osd", "new", osdUuid, "0");
    daemons.set("osd.0", start("osd", "0"));
    ceph("osd", "pool", "create", CEPH_POOL, "8");
    rbd("pool", "init", CEPH_POOL);
  } catch (error) {
    const said = [...daemons].map(([name, daemon]) => `${name}: ${daemon.log().slice(-1500)}`);
    throw new Error(`The cluster did not start: ${(error as Error).message}\n${said.join("\n")}`);
  }

  return {
    key: must("ceph-authtool", [keyring, "-p", "-n", `client.${CEPH_USER}`]).trim(),
    rbd,
    watchers: (image) => rbd("status", image),
    stopFirstMonitor: () => {
      daemons.get(`mon.${MONITOR_HOSTS[0].id}`)?.stop();
      quorum(MONITOR_HOSTS.length - 1);
    },
  };
}
