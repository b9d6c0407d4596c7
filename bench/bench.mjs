// Measures what a run costs, as ratios within this one run: medians of interleaved repetitions.
// --write puts the table into bench/README.md; --quick repeats less.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";

const quick = process.argv.includes("--quick");
const REPEAT = quick ? 7 : 25;
const TOOL = resolve("dist/virtinst-rbd-patch.js");
const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
cpSync("test/fixtures/virtinst/installer-4.0", join(folder, "vm"), { recursive: true, preserveTimestamps: true });
cpSync("test/fixtures/virtinst/installer-4.0", join(folder, "pristine"), { recursive: true, preserveTimestamps: true });
cpSync("test/fixtures/host", join(folder, "host"), { recursive: true });
const HOST = ["--pool-xml", "host/pool-usage.xml", "--secret-xml", "host/secret-usage.xml"];
// As on a host: virtinst is found through the virt-install in PATH.
mkdirSync(join(folder, "bin"));
const program = `#!/usr/bin/python3\nimport sys\nsys.path.insert(0, "${folder}/vm")\n`;
writeFileSync(join(folder, "bin/virt-install"), program, { mode: 0o755 });
const tool = (/** @type {string[]} */ ...words) => [process.execPath, TOOL, ...words];

/** Made from nothing: one variable (NODE_EXTRA_CA_CERTS) triples Node's start, and pyenv has a script for a Python. */
const ENVIRONMENT = {
  PATH: [`${folder}/bin`, ...(process.env.PATH ?? "").split(":").filter((one) => !one.endsWith("/shims"))].join(":"),
  HOME: process.env.HOME ?? "/",
  LANG: "C.UTF-8",
};

/** @param {string[]} command @param {{ input?: string }} [options] */
function run([program = "", ...args], options = {}) {
  const result = spawnSync(program, args, { cwd: folder, encoding: "utf8", env: ENVIRONMENT, ...options });
  return { ok: !result.error && result.status === 0, ...result };
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return /** @type {number} */ (sorted[Math.floor(sorted.length / 2)]);
}

/**
 * Median wall time of each command in milliseconds; the commands take turns, so that a busy moment meets all of them.
 *
 * @param {Record<string, { command: string[], before?: () => void, input?: string }>} commands
 */
function time(commands) {
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round < REPEAT; round++)
    for (const [name, { command, before, input }] of Object.entries(commands)) {
      before?.();
      const start = process.hrtime.bigint();
      const { ok, stderr } = run(command, input === undefined ? {} : { input });
      if (!ok) throw new Error(`${name} failed: ${stderr}`);
      times[name]?.push(Number(process.hrtime.bigint() - start) / 1e6);
    }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}

/** Peak memory of a command in MB, by the kernel's account of a child. @param {string[]} command */
function memory(command) {
  const code =
    "import resource, subprocess, sys\nsubprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)\nprint(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
  return median(Array.from({ length: 5 }, () => Number(run(["python3", "-c", code, ...command]).stdout) / 1024));
}

/** So many that three or more of them count. @param {number} ms */
const digits = (ms) => (ms < 1 ? 3 : ms < 10 ? 2 : 0);

/** @type {{ name: string, value: string, against: string, own?: string, ratio: number | null, goal: string }[]} */
const rows = [];
/** @param {number} value */
const ms = (value) => `${value.toFixed(digits(Math.abs(value)))} ms`;
/** @param {string} name @param {number} value @param {string} against @param {number} base @param {string} goal */
const row = (name, value, against, base, goal) =>
  rows.push({
    name,
    value: ms(value),
    against: `${against}, ${ms(base)}`,
    ...(value > base ? { own: ms(value - base) } : {}),
    ratio: value / base,
    goal,
  });
/** @type {string[]} */
const notRun = [];

// A run that changes nothing.
run(tool("apply", "-q", ...HOST));
const zero = [process.execPath, "-e", "0"];
const still = {
  "apply, current": ["apply", ...HOST],
  "verify --static": ["verify", "--static", ...HOST],
  "inspect, from files": ["inspect", ...HOST],
};
const starts = time({
  zero: { command: zero },
  ...Object.fromEntries(Object.entries(still).map(([name, words]) => [name, { command: tool(...words) }])),
});
for (const name of Object.keys(still)) row(name, starts[name] ?? 0, "`node -e 0`", starts.zero ?? 1, "");

// The standalone script, beside its Python and beside Node.
const script = join(folder, "script.py");
run(tool("bundle", "-q", ...HOST, "-o", script));
for (const python of ["python3", "python2.7"]) {
  const own = [python, script, "apply", "--virtinst", "vm"];
  if (!run(own).ok) notRun.push(`the script with ${python}: it is not installed`);
  else {
    const times = time({
      zero: { command: [python, "-c", "0"] },
      script: { command: own },
      node: { command: tool("apply", ...HOST) },
    });
    const name = `the script, ${python}: apply, current`;
    row(name, times.script ?? 0, `\`${python} -c 0\``, times.zero ?? 1, "4");
    row(name, times.script ?? 0, "the same with Node", times.node ?? 1, "");
  }
}

// The same from live libvirt.
if (run(["virsh", "--version"]).ok) {
  writeFileSync(
    join(folder, "node.xml"),
    `<node>${readFileSync("test/fixtures/host/pool-usage.xml", "utf8").replace("</pool>", "<target><path>/</path></target></pool>")}</node>`,
  );
  const uri = `test://${folder}/node.xml`;
  const live = ["--connect", uri, "--secret-xml", "host/secret-usage.xml"];
  run(tool("apply", "-q", ...live));
  const calls = "hostname\npool-list --all\nsecret-list\npool-dumpxml --pool libvirtpool\n";
  const times = time({
    zero: { command: zero },
    virsh: { command: ["virsh", "-q", "-r", "-c", uri], input: calls },
    apply: { command: tool("apply", ...live) },
  });
  row(
    "apply, current, live libvirt",
    times.apply ?? 0,
    "`node -e 0` and the bare virsh calls",
    (times.zero ?? 0) + (times.virsh ?? 0),
    "1.5",
  );
  run(tool("apply", "-q", ...HOST));
} else notRun.push("live libvirt: virsh is not installed");

// What changes something, or runs Python.
const restore = () =>
  cpSync(join(folder, "pristine"), join(folder, "vm"), { recursive: true, preserveTimestamps: true });
const changes = time({
  zero: { command: zero },
  "first apply": { command: tool("apply", ...HOST), before: restore },
  "verify, with its Python run": { command: tool("verify", ...HOST) },
});
for (const [name, value] of Object.entries(changes))
  if (name !== "zero") row(name, value, "`node -e 0`", changes.zero ?? 1, "");

// Peak memory.
const base = memory(zero);
for (const [name, words] of Object.entries({ ...still, "verify, with its Python run": ["verify", ...HOST] })) {
  const value = memory(tool(...words));
  rows.push({
    name: `${name}: peak memory`,
    value: `${value.toFixed(1)} MB`,
    against: `\`node -e 0\`, ${base.toFixed(1)} MB`,
    ratio: value / base,
    goal: "1.3",
  });
}

// Many hosts: each kind of file, for hosts of ten clusters and for hosts of which none is like another.
const { document } = JSON.parse(run(tool("inspect", "--json", ...HOST, "--virtinst", "pristine")).stdout);
/** @param {number} count @param {number} clusters */
function documents(count, clusters) {
  const into = mkdtempSync(join(folder, "documents-"));
  for (let index = 0; index < count; index++) {
    const monitor = { name: `mon${index % clusters}`, port: 6789 };
    const pools = document.pools.map((/** @type {any} */ pool) => ({ ...pool, monitors: [monitor, ...pool.monitors] }));
    writeFileSync(join(into, `hv${index}.json`), JSON.stringify({ ...document, host: `hv${index}`, pools }));
  }
  return into;
}
/** Seconds, peak memory in MB and the files that were written. @param {string} hosts */
function many(hosts) {
  const out = mkdtempSync(join(folder, "out-"));
  const code = `import json, resource, subprocess, sys, time
start = time.time()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(json.dumps([code, time.time() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0]))`;
  const [status, seconds, memory] = JSON.parse(
    run(["python3", "-c", code, ...tool("bundle", "--hosts", hosts, "-o", out)]).stdout,
  );
  const files = readdirSync(out).length;
  rmSync(out, { recursive: true });
  if (status !== 0) throw new Error(`bundle --hosts exits with ${status}`);
  return { seconds, memory, files };
}
const counts = quick ? /** @type {const} */ ([100, 1000]) : /** @type {const} */ ([1000, 10_000]);
for (const clusters of [10, 10_000]) {
  const [few, lot] = counts.map((count) => many(documents(count, clusters)));
  if (!few || !lot) throw new Error("no counts");
  const [fewer, more] = [few, lot].map(({ files }) => files.toLocaleString("en"));
  const name = `bundle --hosts, ${more} files, ${clusters === 10 ? "ten clusters" : "no two hosts alike"}`;
  rows.push({
    name,
    value: `${lot.seconds.toFixed(1)} s`,
    against: `${fewer} files, ${few.seconds.toFixed(2)} s`,
    // A file among many against one among few: 1 is linear.
    ratio: lot.seconds / lot.files / (few.seconds / few.files),
    goal: "1.1",
  });
  rows.push({
    name: `${name}: peak memory`,
    value: `${lot.memory.toFixed(0)} MB`,
    against: `${fewer} files, ${few.memory.toFixed(0)} MB`,
    ratio: lot.memory / few.memory,
    goal: "200 MB",
  });
}

// The injected helper, in the Pythons that run virt-install.
restore();
run(tool("apply", "-q", ...HOST));
// What a call in a fresh Python cannot do without.
const IMPORT = `import logging, re, timeit
start = timeit.default_timer()
from xml.etree import ElementTree
print((timeit.default_timer() - start) * 1000)`;
const file = "virtinst/install/installer.py";
const benchHelper = (/** @type {string} */ python, /** @type {string[]} */ ...words) =>
  run([python, "-B", resolve("bench/helper.py"), join(folder, "vm", file), ...words]);
const pythons = [
  ["/usr/bin/python3", "python3"],
  ["/usr/bin/python2.7", "python2.7"],
].flatMap((names) => names.find((name) => run([name, "-c", ""]).ok) ?? []);
const helpers = pythons.map((python) => {
  const { version, sizes } = JSON.parse(benchHelper(python, quick ? "5" : "20").stdout);
  const rounds = Array.from({ length: REPEAT }, () => [
    Number(benchHelper(python).stdout),
    Number(run([python, "-B", "-c", IMPORT]).stdout),
  ]);
  const [first, imported] = [0, 1].map((place) => median(rounds.map((round) => round[place] ?? 0)));
  return { version, sizes, first, imported };
});
if (helpers.length < 2) notRun.push("helper under Python 2.7: there is none");
for (const { version, sizes, first = 0, imported = 0 } of helpers) {
  for (const { disks, helper: own, etree } of sizes)
    row(
      `helper, Python ${version}, ${Number(disks).toLocaleString("en")} rbd disk${disks === 1 ? "" : "s"}`,
      own,
      "xml.etree parse and serialise",
      etree,
      "1.5",
    );
  // How much longer a disk takes among 5,000 than among 100: 1 is linear; Python's own garbage collection adds to it.
  const growth = (/** @type {"helper" | "etree"} */ what) => {
    const each = (/** @type {number} */ count) =>
      sizes.find((/** @type {any} */ { disks }) => disks === count)[what] / count;
    return each(5000) / each(100);
  };
  rows.push({
    name: `helper, Python ${version}, a disk among 5,000 against one among 100`,
    value: `${growth("helper").toFixed(2)} times`,
    against: `xml.etree, ${growth("etree").toFixed(2)} times`,
    ratio: growth("helper") / growth("etree"),
    goal: "",
  });
  rows.push({
    name: `helper, Python ${version}, first call in a fresh Python`,
    value: `${first.toFixed(2)} ms`,
    against: `the import of xml.etree in it, ${imported.toFixed(2)} ms`,
    ratio: first / imported,
    goal: "3 ms",
  });
}
const table = [
  "| | measured | against | more by | ratio | goal |",
  "|---|---|---|---|---|---|",
  ...rows.map(
    ({ name, value, against, own = "", ratio, goal }) =>
      `| ${name} | ${value} | ${against} | ${own} | ${ratio === null ? "" : ratio.toFixed(ratio < 0.1 ? 4 : 2)} | ${goal} |`,
  ),
].join("\n");
const [cpu] = cpus();
const machine = `Node ${process.versions.node}, Python ${helpers.map(({ version }) => version).join(" and ")}, ${cpus().length} × ${cpu?.model.trim()}; medians of ${REPEAT}.`;
console.log(`${machine}\n\n${table}`);
for (const line of notRun) console.log(`not run: ${line}`);
if (process.argv.includes("--write")) {
  const page = readFileSync("bench/README.md", "utf8");
  const text = `<!-- bench -->\n${table}\n\n${machine}\n<!-- /bench -->`;
  writeFileSync(
    "bench/README.md",
    page.replace(/<!-- bench -->[\s\S]*<!-- \/bench -->/, () => text),
  );
}
