import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cli } from "../support/cli";
import { type Container, startContainer } from "./support/container";
import { examples, programs, type } from "./support/examples";
import { makeFolder, must, run, undoAll } from "./support/machine";

const FACTS = ["usage"].flatMap((name) => [
  `--pool-xml=${resolve(`test/fixtures/host/pool-${name}.xml`)}`,
  `--secret-xml=${resolve(`test/fixtures/host/secret-${name}.xml`)}`,
]);
const LAYOUTS = resolve("test/fixtures/virtinst");
const SERVICE = "virtinst-rbd-patch.service";
const UNITS = ["virtinst-rbd-patch-install.path", "virtinst-rbd-patch.path", SERVICE];

let host: Container;

beforeAll(() => {
  host = startContainer();
});

afterAll(undoAll);

/** The hook's files, in a new folder. */
function hook(...words: string[]): string {
  const folder = join(makeFolder(), "hook");
  const { code, stderr } = cli(["hook", "systemd", ...FACTS, ...words, "-o", folder]);
  if (code !== 0) throw new Error(stderr);
  return folder;
}

/** Puts the hook there, with a shorter pause, and starts the watching. */
function install(folder: string): void {
  const unit = join(folder, "etc/systemd/system", SERVICE);
  const text = readFileSync(unit, "utf8");
  expect(text).toContain("/bin/sleep 5\n");
  writeFileSync(unit, text.replace("/bin/sleep 5\n", "/bin/sleep 2\n"));
  const packed = join(makeFolder(), "hook.tar");
  must("tar", ["-C", folder, "-cf", packed, "."]);
  host.must("tar -x --no-same-owner --no-overwrite-dir -C /", readFileSync(packed));
  host.must(
    "systemctl daemon-reload && systemctl enable --now virtinst-rbd-patch.path && systemctl start virtinst-rbd-patch",
  );
}

/** What the service says when a line was run there, until it is done. */
function journal(line: string): string {
  const news = `journalctl --sync; journalctl --no-pager -q -o cat --cursor-file=/run/seen _SYSTEMD_UNIT=${SERVICE}`;
  host.must(news);
  host.must(line);
  host.must(`sleep 0.5; while [ "$(systemctl is-active ${SERVICE})" = activating ]; do sleep 0.2; done`);
  return host.must(news);
}

test("systemd's own tools find nothing wrong with the units, and little that the service may do", () => {
  const folder = hook();
  const units = join(folder, "etc/systemd/system");
  expect(readdirSync(units).sort()).toEqual(UNITS);
  // verify looks for the program that a unit starts.
  const program = join(folder, "usr/local/sbin/rbd-patch.py");
  const there = `mount --bind ${join(folder, "usr/local/sbin")} /usr/local/sbin`;
  const verified = run("unshare", [
    "--mount",
    "sh",
    "-c",
    `${there} && systemd-analyze verify "$@"`,
    "sh",
    ...UNITS.map((unit) => join(units, unit)),
  ]);
  expect(verified).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(readFileSync(program, "utf8")).toMatch(/^#!/);
  const { code, stdout } = run("systemd-analyze", [
    "security",
    "--offline=true",
    "--threshold=20",
    "--no-pager",
    join(units, SERVICE),
  ]);
  expect(stdout).toMatch(/Overall exposure level for virtinst-rbd-patch\.service: [01]\.\d OK/);
  expect(code).toBe(0);
});

test("docs/systemd.md: each of its examples, in order, on a host with a systemd of its own", () => {
  const typed = { path: programs(host.programs), cwd: mkdtempSync(join(makeFolder(), "desk-")) };
  for (const example of examples("docs/systemd.md")) {
    const { code, stderr } = type(example, typed);
    expect({ example, code, stderr: code === 0 ? "" : stderr }).toEqual({ example, code: 0, stderr: "" });
  }
  expect(host.sh("dpkg --verify virtinst; ls /etc/systemd/system/virtinst* /usr/local/sbin/rbd*").stdout).not.toMatch(
    /installer\.py|rbd/,
  );
  expect(host.must("systemctl list-units --all --no-legend 'virtinst*'")).toBe("");
});

describe.each([
  ["installer-4.0", "virtinst/install/installer.py", "/usr/bin/python3"],
  ["guest-1.4", "virtinst/guest.py", "/usr/bin/python2.7"],
] as const)("with the files of %s", (layout, name, python) => {
  const file = `/usr/share/virt-manager/${name}`;

  beforeAll(() => {
    const packed = join(makeFolder(), "virtinst.tar");
    must("tar", ["-C", join(LAYOUTS, layout), "-cf", packed, "."]);
    host.must(
      "rm -rf /usr/share/virt-manager && mkdir /usr/share/virt-manager && tar -x --no-same-owner -C /usr/share/virt-manager",
      readFileSync(packed),
    );
    host.must(
      `printf '#!${python}\\nimport sys\\nsys.path.insert(0, "/usr/share/virt-manager")\\n' >/usr/bin/virt-install`,
    );
    install(hook());
  });

  test("a file that a package brings is patched, owner, mode, ACL and attributes kept", () => {
    expect(host.must(`systemctl show -P Result ${SERVICE}; rbd-patch.py verify --static`)).toMatch(
      /^success\ncurrent: /,
    );
    const given = `chown 1234:1234 ${file}; chmod 664 ${file}; setfacl -m u:1000:r ${file}; setfattr -n user.vrp -v kept ${file}`;
    host.must(`rbd-patch.py revert -q; sleep 3; ${given}`);
    const attributes = () =>
      host.must(`stat -c '%u %g %A' ${file}; getfacl -pn ${file}; getfattr -d ${file} 2>/dev/null`);
    const before = attributes();
    // As dpkg and rpm do it: a new file, renamed over the old one.
    const said = journal(`rbd-patch.py revert -q; cp -a ${file} ${file}.dpkg-new; mv ${file}.dpkg-new ${file}`);
    expect(said).toMatch(/^patched: /m);
    expect(attributes()).toBe(before);
    expect(before).toContain("user.vrp");
  });

  test("whatever is changed in a row, the service runs once or twice, and what watches goes on", () => {
    const said = journal(
      `for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do touch ${file}; sleep 0.1; done`,
    );
    expect(said.match(/^current: /gm)?.length).toBeLessThanOrEqual(2);
    expect(host.must("systemctl is-active virtinst-rbd-patch.path virtinst-rbd-patch-install.path")).toBe(
      "active\nactive\n",
    );
    expect(journal(`rbd-patch.py revert -q`)).toMatch(/^patched: /m);
    // Its own change starts it once more at the most.
    expect(journal("true")).not.toMatch(/patched/);
    expect(journal("true")).toBe("");
  });
});

test("pools and secrets that are newer than the program are named, as a warning; nothing is read of a value", () => {
  const made = [
    "mkdir -p /etc/libvirt/storage/autostart /etc/libvirt/secrets",
    "echo \"<pool type='rbd'><name>new</name></pool>\" >/etc/libvirt/storage/new.xml",
    "echo \"<pool type='dir'><name>default</name></pool>\" >/etc/libvirt/storage/default.xml",
    "echo \"<secret><usage type='ceph'/></secret>\" >/etc/libvirt/secrets/2a5b.xml",
    "echo \"type='ceph'\" >/etc/libvirt/secrets/2a5b.base64",
    "ln -s ../new.xml /etc/libvirt/storage/autostart/new.xml",
    "echo \"<pool type='rbd'/>\" >/etc/libvirt/storage/old.xml; touch -d 2020-01-01 /etc/libvirt/storage/old.xml",
  ];
  const named = journal(made.join("; ")).match(/^.* changed since .*$/gm);
  expect([...new Set(named)].sort()).toEqual(
    ["/etc/libvirt/secrets/2a5b.xml", "/etc/libvirt/storage/new.xml"].map(
      (path) => `${path} changed since /usr/local/sbin/rbd-patch.py was made: make a new one`,
    ),
  );
  expect(host.must(`journalctl --no-pager -q -p 4..4 -o cat _SYSTEMD_UNIT=${SERVICE}`)).toContain(
    "storage/new.xml changed since",
  );
  expect(host.must("rm -r /etc/libvirt/storage /etc/libvirt/secrets")).toBe("");
});

test("what the service cannot do it says, and it may write nowhere else", () => {
  const own = "virtinst-rbd-patch.service.d";
  const probe =
    "for f in /etc/x /usr/x /usr/share/virt-manager/x /root/x /var/x; do touch $f && echo $f; done; touch /usr/share/virt-manager/virtinst/x; true";
  host.must(
    `mkdir -p /run/systemd/system/${own}; printf '[Service]\\nExecStart=\\nExecStart=/bin/sh -c "%s"\\n' '${probe.replaceAll("$", "$$$$")}' >/run/systemd/system/${own}/x.conf; systemctl daemon-reload`,
  );
  const said = journal(`systemctl start ${SERVICE}`);
  expect(said).not.toMatch(/^\/\S+$/m);
  expect(host.must("ls /usr/share/virt-manager/virtinst/x")).toMatch(/x\n/);
  host.must(`rm -r /run/systemd/system/${own} /usr/share/virt-manager/virtinst/x; systemctl daemon-reload`);

  expect(journal("rm -r /usr/share/virt-manager /usr/bin/virt-install")).toMatch(/No virtinst was found/);
  expect(host.must(`systemctl show -P ExecMainStatus ${SERVICE}`)).toBe("4\n");
  expect(host.must("systemctl is-active virtinst-rbd-patch.path virtinst-rbd-patch-install.path")).toBe(
    "active\nactive\n",
  );
});
