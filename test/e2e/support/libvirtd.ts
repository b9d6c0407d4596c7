import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atEnd, must, PREFIX, run, startDaemon, waitFor } from "./machine";

const URI = "qemu:///system";

/** Runs virsh, and returns its output. */
export function virsh(...words: string[]): string {
  return must("virsh", ["-q", "-c", URI, ...words]);
}

/** Uses the libvirtd that is running, or starts one whose definitions and logs are in directories of the test. */
export function startLibvirt(folder: string): void {
  if (run("virsh", ["-q", "-c", URI, "version"]).code === 0) {
    takeOver();
    return;
  }
  const own = join(folder, "libvirt");
  for (const name of ["etc", "lib", "cache", "log"]) mkdirSync(join(own, name), { recursive: true });
  // Ordinary users may read, as with polkit.
  writeFileSync(
    join(own, "libvirtd.conf"),
    'auth_unix_ro = "none"\nauth_unix_rw = "none"\nunix_sock_ro_perms = "0777"\n',
  );
  // As root, QEMU is not probed again for each call. Without systemd there are no control groups and no virtlogd.
  writeFileSync(
    join(own, "etc/qemu.conf"),
    `user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
`,
  );
  if (!existsSync("/run/libvirt"))
    atEnd("remove /run/libvirt", () => rmSync("/run/libvirt", { recursive: true, force: true }));
  const script = `set -e
mount --bind etc /etc/libvirt
mount --bind lib /var/lib/libvirt
mount --bind cache /var/cache/libvirt
mount --bind log /var/log/libvirt
exec libvirtd --config "$PWD/libvirtd.conf" --pid-file "$PWD/libvirtd.pid"`;
  const daemon = startDaemon("libvirtd", ["unshare", "--mount", "--propagation", "private", "sh", "-c", script], own);
  try {
    waitFor("libvirtd answers", 60, () => {
      if (!daemon.running()) throw new Error("libvirtd ended");
      return run("virsh", ["-q", "-c", URI, "version"]).code === 0;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}:\n${daemon.log()}`);
  }
  takeOver();
}

function takeOver(): void {
  removeOwn();
  atEnd("remove what is left in libvirt", removeOwn);
}

/** Removes the domains and pools of an earlier run that was killed, and the directory pools that virt-install creates. */
function removeOwn(): void {
  const own = (...words: string[]) =>
    virsh(...words, "--all", "--name")
      .split("\n")
      .filter((name) => name.startsWith(PREFIX));
  own("list").forEach(removeDomain);
  for (const name of own("pool-list")) removePool(name.trim());
}

/** Removes a domain, if it exists. */
export function removeDomain(name: string): void {
  run("virsh", ["-q", "-c", URI, "destroy", name]);
  run("virsh", ["-q", "-c", URI, "undefine", name]);
}

/** Defines a secret of type ceph, and sets its value if one is given. */
export function defineSecret(folder: string, uuid: string, usage: string, value?: string): void {
  const file = join(folder, `${uuid}.xml`);
  writeFileSync(
    file,
    `<secret ephemeral="no" private="yes">
  <uuid>${uuid}</uuid>
  <usage type="ceph"><name>${usage}</name></usage>
</secret>
`,
  );
  virsh("secret-define", file);
  atEnd(`undefine secret ${uuid}`, () => virsh("secret-undefine", uuid));
  if (value === undefined) return;
  const key = join(folder, `${uuid}.key`);
  writeFileSync(key, value, { mode: 0o600 });
  virsh("secret-set-value", uuid, "--file", key);
  rmSync(key);
}

/** A storage pool of type rbd. */
export interface PoolXml {
  /** Escaped for XML. */
  readonly name: string;
  readonly cephPool: string;
  readonly hosts: readonly { readonly name: string; readonly port?: number }[];
  /** The user, and an attribute that names the secret, such as `uuid="…"`. */
  readonly auth?: { readonly username: string; readonly secret: string };
}

export function definePool(folder: string, { name, cephPool, hosts, auth }: PoolXml): void {
  const file = join(folder, "pool.xml");
  writeFileSync(
    file,
    `<pool type="rbd">
  <name>${name}</name>
  <source>
${hosts.map((host) => `    <host name="${host.name}"${host.port === undefined ? "" : ` port="${host.port}"`}/>\n`).join("")}    <name>${cephPool}</name>
${auth ? `    <auth type="ceph" username="${auth.username}"><secret ${auth.secret}/></auth>\n` : ""}  </source>
</pool>
`,
  );
  virsh("pool-define", file);
  const plain = name.replaceAll("&lt;", "<").replaceAll("&amp;", "&");
  atEnd(`undefine pool ${plain}`, () => removePool(plain));
}

/** Removes a pool, if it exists, and none of its volumes. */
export function removePool(name: string): void {
  const { code, stdout } = run("virsh", ["-q", "-c", URI, "pool-info", "--pool", name]);
  if (code !== 0) return;
  if (/^State: +running$/m.test(stdout)) virsh("pool-destroy", "--pool", name);
  virsh("pool-undefine", "--pool", name);
}
