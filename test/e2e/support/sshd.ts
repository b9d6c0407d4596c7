import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { makePrograms } from "./examples";
import { type Daemon, makeFolder, must, SHARE, startDaemon, waitFor } from "./machine";

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** A user of the host besides root, who may log in with the same key. */
export interface User {
  readonly name: string;
  readonly shell: string;
  readonly password?: string;
  readonly sudo?: boolean;
}

/** The host `hv01` behind OpenSSH. Its virtinst, root's home and /usr/local/sbin are directories of the test. */
export interface SshHost {
  /** The directory of `ssh`, `scp` and the tool, for PATH. */
  readonly path: string;
  /** The file with `_build_xml`, as seen from here. */
  readonly file: string;
  /** The directory with ssh_config (`config`), and a line for each call of ssh (`ssh.log`). */
  readonly folder: string;
  /** Root's home on the host, as seen from here. */
  readonly home: string;
  readonly server: Daemon;
}

/**
 * Starts an sshd.
 *
 * @param variants more names of the host; what each runs before a command, in a mount namespace of its own
 */
export async function startSshd({
  variants = {},
  users = [],
}: {
  variants?: Readonly<Record<string, string>>;
  users?: readonly User[];
} = {}): Promise<SshHost> {
  const folder = makeFolder();
  const key = (name: string) => {
    must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    return readFileSync(join(folder, `${name}.pub`), "utf8");
  };
  const own = key("host");
  writeFileSync(join(folder, "authorized"), key("user"));
  writeFileSync(join(folder, "known"), `hv01 ${own}`);
  const ports = new Map<string, number>();
  for (const name of ["hv01", ...Object.keys(variants)]) ports.set(name, await freePort());
  const matches = Object.entries(variants).map(([name, line]) => {
    const script = join(folder, `${name}.sh`);
    writeFileSync(script, `${line}\nexec sh -c "$SSH_ORIGINAL_COMMAND"\n`);
    return `Match LocalPort ${ports.get(name)}\n  ForceCommand exec unshare --mount sh ${script}\n`;
  });
  writeFileSync(
    join(folder, "sshd_config"),
    `${[...ports.values()].map((port) => `ListenAddress 127.0.0.1:${port}\n`).join("")}HostKey ${folder}/host
AuthorizedKeysFile ${folder}/authorized
PidFile none
UsePAM no
StrictModes no
SetEnv TMPDIR=/root
Subsystem sftp internal-sftp
${matches.join("")}`,
  );
  const hosts = [...ports].map(([name, port]) => `Host ${name}\n  Port ${port}\n`);
  writeFileSync(
    join(folder, "config"),
    `${hosts.join("")}
Host *
  HostName 127.0.0.1
  HostKeyAlias hv01
  UserKnownHostsFile ${folder}/known
  IdentityFile ${folder}/user
  IdentitiesOnly yes
`,
  );
  const directories = [SHARE, "/root", "/usr/local/sbin", "/run/sshd"].map((place) => {
    const mine = join(folder, "hv01", place);
    mkdirSync(mine, { recursive: true });
    mkdirSync(place, { recursive: true });
    if (place === SHARE) must("cp", ["-aT", SHARE, mine]);
    return `mount --bind '${mine}' '${place}'`;
  });
  const files = users.length > 0 ? usersOf(folder, users) : [];
  const script = [...directories, ...files, `exec /usr/sbin/sshd -D -e -f '${folder}/sshd_config'`].join("\n");
  const server = startDaemon("sshd", ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script], folder);
  waitFor("sshd listens", 20, () => /listening/.test(server.log()) || !server.running());
  // No key, known host or option of this machine's user is used.
  const wrap = (name: string) =>
    `#!/bin/sh\necho >>'${folder}/${name}.log'\nexec /usr/bin/${name} -F '${folder}/config' "$@"\n`;
  return {
    folder,
    path: makePrograms({ ssh: wrap("ssh"), scp: wrap("scp") }),
    file: join(folder, "hv01", SHARE, "virtinst/install/installer.py"),
    home: join(folder, "hv01/root"),
    server,
  };
}

/** IDs of Debian's daemon, bin, sys, games and man: libvirtd must find them in the machine's own /etc. */
const KNOWN_IDS = [1, 2, 3, 5, 6];

/** Files of /etc with more users; returns how to mount them. */
function usersOf(folder: string, users: readonly User[]): string[] {
  const lines = (make: (user: User, id: number) => string) =>
    users.map((user, index) => make(user, KNOWN_IDS[index] as number)).join("");
  const hash = (password?: string) => (password ? must("openssl", ["passwd", "-6", password]).trim() : "*");
  const more: Readonly<Record<string, string>> = {
    passwd: lines(({ name, shell }, id) => `${name}:x:${id}:${id}::/:${shell}\n`),
    group: lines(({ name }, id) => `${name}:x:${id}:\n`),
    shadow: lines(({ name, password }) => `${name}:${hash(password)}:19000:0:99999:7:::\n`),
    sudoers: lines(({ name, sudo }) => (sudo ? `${name} ALL=(ALL) NOPASSWD: ALL\n` : "")),
  };
  return Object.entries(more).map(([name, text]) => {
    const mine = join(folder, name);
    copyFileSync(`/etc/${name}`, mine);
    writeFileSync(mine, `${text}${readFileSync(mine, "utf8")}`);
    return `chown --reference=/etc/${name} '${mine}'; chmod --reference=/etc/${name} '${mine}'; mount --bind '${mine}' /etc/${name}`;
  });
}
