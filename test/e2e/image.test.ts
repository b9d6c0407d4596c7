import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { cli, HOST } from "../support/cli";
import { examples, programs, type } from "./support/examples";
import { makeHost } from "./support/host";
import { expectDone, makeFolder, must, run, undoAll } from "./support/machine";
import { makeRoot } from "./support/root";

const PROGRAM = "/usr/local/sbin/rbd-patch.py";

/** Packages whose programs are run without being installed: each of them would do more to a machine, at its next boot too. */
const UNPACKED = [
  ...[
    "cloud-init",
    "python3-configobj",
    "python3-json-pointer",
    "python3-jsonpatch",
    "python3-netifaces",
    "python3-serial",
  ],
  ...["buildah", "golang-github-containers-common", "golang-github-containers-image"],
];

let image: string;
let unpacked: string;
let root: string;
let file: string;
let pristine: { readonly bytes: Buffer; readonly time: Date };

beforeAll(() => {
  image = join(makeFolder(), "image");
  expectDone(cli(["hook", "image", ...HOST, "-o", image]));
  ({ root, file } = makeRoot());
  pristine = { bytes: readFileSync(file), time: statSync(file).mtime };
  const packages = makeFolder();
  unpacked = join(packages, "unpacked");
  must("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", ...UNPACKED], { cwd: packages });
  for (const name of readdirSync(packages).filter((name) => name.endsWith(".deb")))
    must("dpkg-deb", ["-x", join(packages, name), unpacked]);
});
afterAll(undoAll);

beforeEach(() => restore());

/** The root folder as it was, or with a file that cannot be patched. */
function restore(text = ""): void {
  must("rm", ["-f", join(root, PROGRAM)]);
  writeFileSync(file, pristine.bytes);
  appendFileSync(file, text);
  utimesSync(file, pristine.time, pristine.time);
}

const STRANGE = "# another line end\r\n";

/** Runs a script of sh in the root folder, which has /proc there, as from Anaconda or libguestfs. */
const inside = (script: string) =>
  run("unshare", ["-m", "sh", "-c", 'mount --bind /proc "$1/proc" && exec chroot "$1" sh -c "$2"', "sh", root, script]);

/** What the tool itself says of the root folder. */
function expectPatched(): void {
  expect(cli(["verify", "--static", ...HOST, "--root", root])).toMatchObject({ code: 0 });
  expect(readFileSync(file).equals(pristine.bytes)).toBe(false);
}

test.skip("not run: ksvalidator, since Debian 12 has no pykickstart", () => {});
test.skip("not run: virt-customize, since libguestfs needs a kernel and a virtual machine to change an image", () => {});

/** The one section of a kickstart file: the options of %post, and its script. */
function section(name: string) {
  const [, options, script] = /^(?:#.*\n)*%post (.*)\n([\s\S]*?\n)%end\n$/.exec(
    readFileSync(join(image, name), "utf8"),
  ) as unknown as [string, string, string];
  return { options: options.split(" "), script };
}

test("kickstart: %post brings the program and the patch, and fails if the file cannot be patched", () => {
  const { options, script } = section("post.ks");
  expect(options).toEqual(["--erroronfail", "--log=/root/rbd-patch.log"]);
  expect(inside(script)).toMatchObject({ code: 0, stderr: expect.stringMatching(/^(note: .*\n)*$/) });
  expect(readFileSync(join(root, PROGRAM))).toEqual(readFileSync(join(image, "rbd-patch.py")));
  expect(statSync(join(root, PROGRAM)).mode & 0o777).toBe(0o755);
  expectPatched();
  restore(STRANGE);
  expect(inside(script)).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/cannot be patched; expected the same line end/),
  });
});

test.each(["sysroot", "sysimage"])("kickstart: without chroot, from the medium, the system at /mnt/%s", (place) => {
  const { options, script } = section("post-nochroot.ks");
  expect(options).toEqual(["--nochroot", "--erroronfail"]);
  // The installer's own places, in a mount namespace of its own.
  const installer = `set -e
mount -t tmpfs none /mnt && mkdir /mnt/${place} && mount --bind "$1" /mnt/${place}
mount -t tmpfs none /run && mkdir /run/install && ln -s "$2" /run/install/repo
exec sh -c "$3"`;
  const post = () => run("unshare", ["-m", "sh", "-c", installer, "sh", root, image, script]);
  expect(post()).toMatchObject({ code: 0 });
  expectPatched();
  expect(run("test", ["-e", join(root, PROGRAM)]).code).toBe(1);
  restore(STRANGE);
  expect(post()).toMatchObject({ code: 4 });
});

/** Runs Python with Debian's cloud-init. */
function cloudInit(code: string, ...words: readonly string[]) {
  const env = `PYTHONPATH=${join(unpacked, "usr/lib/python3/dist-packages")}`;
  return run("env", [env, "/usr/bin/python3", "-c", code, ...words]);
}

const MERGED = `import json, sys
from cloudinit import mergers, util
from cloudinit.config import cc_write_files
own, part = [util.load_yaml(open(path).read()) for path in sys.argv[1:]]
whole = mergers.construct(mergers.dict_extract_mergers(part)).merge(own, part)
written = whole["write_files"][-1]
content = cc_write_files.extract_contents(written["content"], cc_write_files.canonicalize_extraction(written["encoding"]))
print(json.dumps([whole, util.decode_binary(content), util.shellify(whole["runcmd"])]))`;

test("cloud-init: its part joins those of others, writes the program, and its runcmd patches or fails", () => {
  const own = join(makeFolder(), "own.yaml");
  writeFileSync(own, "#cloud-config\nwrite_files: [{path: /tmp/own}]\nruncmd: [echo before]\npackages: [virtinst]\n");
  const ran = cloudInit(MERGED, own, join(image, "cloud-config.yaml"));
  expectDone(ran);
  const [whole, content, script] = JSON.parse(ran.stdout);
  expect(whole.packages).toEqual(["virtinst"]);
  expect(whole.write_files).toMatchObject([
    { path: "/tmp/own" },
    { path: PROGRAM, owner: "root:root", permissions: "0755" },
  ]);
  expect(content).toBe(readFileSync(join(image, "rbd-patch.py"), "utf8"));
  must("cp", [join(image, "rbd-patch.py"), join(root, PROGRAM)]);
  expect(inside(script)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^before\npatched: /) });
  expectPatched();
  writeFileSync(file, `${pristine.bytes}${STRANGE}`);
  expect(inside(`${script}echo behind\n`)).toMatchObject({ code: 4, stdout: "before\n" });
});

test("virt-customize: the commands of its file, done in a root folder", () => {
  const lines = readFileSync(join(image, "virt-customize.commands"), "utf8").split("\n");
  const commands = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const customize = () =>
    commands.map((line) => {
      const [, command, from = "", to = ""] = /^([a-z-]+) ([^:]*):?(.*)$/.exec(line) ?? [];
      if (command === "upload") return run("cp", [join(image, from), join(root, to)]).code;
      if (command === "chmod") return run("chmod", [from, join(root, to)]).code;
      return command === "run-command" ? inside(from).code : line;
    });
  expect(customize()).toEqual([0, 0, 0, 0]);
  expectPatched();
  restore(STRANGE);
  expect(customize()).toEqual([0, 0, 4, 1]);
});

/** Debian's buildah, with all that it keeps in a folder of ours, as docker. */
function docker(): string {
  const own = makeFolder();
  mkdirSync(join(own, "tmp"));
  const etc = join(unpacked, "etc/containers");
  return `#!/bin/sh
export TMPDIR='${own}/tmp' CONTAINERS_CONF='${unpacked}/usr/share/containers/containers.conf'
test "$1" = build && shift && set -- build --isolation chroot "$@"
exec '${unpacked}/usr/bin/buildah' --storage-driver vfs --root '${own}/root' --runroot '${own}/run' \\
  --registries-conf '${etc}/registries.conf' --signature-policy '${etc}/policy.json' "$@"
`;
}

test("the examples of its page, the container built by buildah", () => {
  const cwd = makeFolder();
  const { way } = makeHost();
  const env = `PYTHONPATH='${unpacked}/usr/lib/python3/dist-packages'`;
  const path = programs({
    ...way,
    docker: docker(),
    "cloud-init": `#!/bin/sh\n${env} exec /usr/bin/python3 -m cloudinit.cmd.main "$@"\n`,
  });
  symlinkSync(root, join(cwd, "rootfs"));
  const base = "printf 'FROM scratch\\nADD . /\\n' > base.file && docker build -q -t localhost/hypervisor -f base.file";
  expectDone(type(`${base} '${root}'`, { path, cwd }));
  for (const example of examples("docs/image.md")) {
    const ran = type(example, { path, cwd });
    expectDone(ran, example);
    if (example.includes("--root")) expectPatched();
    if (example.startsWith("docker")) expect(ran.stdout).toMatch(/^patched: [\s\S]*^current: /m);
  }
  expect(readFileSync(join(cwd, "user-data"), "utf8").match(/^Content-Type: text\/cloud-config/gm)).toHaveLength(2);
});
