import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built, HOST_TWO } from "../support/cli";
import { Chromium, type View } from "./support/chromium";
import { borrowVirtinst, expectDone, makeFolder, SHARE, undoAll } from "./support/machine";

// Seen by Debian's own Chromium. The pictures stay, for whoever wants to look at them.
const PICTURES = resolve(".report/page");

const VIEWS: readonly View[] = [1280, 390].flatMap((width) => [
  { width, scheme: "light" as const },
  { width, scheme: "dark" as const },
]);

/** The box of the difference. */
const BOX = "document.querySelector('pre[role=region]')";

let browser: Chromium;
const pages: Record<string, string> = {};

/** A host whose one pool has long names, with what HTML would read as more. */
function longNames(folder: string): string[] {
  const file = join(folder, "pool.xml");
  const auth = `<auth type="ceph" username="${"libvirt".repeat(12)}"><secret usage="client.libvirt secret"/></auth>`;
  const host = `<host name="${"monitor.".repeat(12)}example.org" port="6789"/>`;
  const name = `&lt;script&gt;document.title='run'&lt;/script&gt;${"pool".repeat(20)}`;
  writeFileSync(
    file,
    `<pool type="rbd"><name>${name}</name><source>${host}<name>${"ceph".repeat(20)}</name>${auth}</source></pool>`,
  );
  return [`--pool-xml=${file}`, ...HOST_TWO.slice(2)];
}

beforeAll(async () => {
  borrowVirtinst();
  const folder = makeFolder();
  mkdirSync(PICTURES, { recursive: true });
  const verify = (name: string, host: readonly string[]) => {
    pages[name] = join(folder, `${name}.html`);
    return built(["verify", ...host, "--virtinst", SHARE, "--report", pages[name]]).code;
  };
  expect(verify("not-patched", HOST_TWO)).toBe(1);
  expectDone(built(["apply", ...HOST_TWO, "--virtinst", SHARE]), "apply");
  expect(verify("current", HOST_TWO)).toBe(0);
  expect(verify("outdated", longNames(folder))).toBe(1);
  browser = await Chromium.start();
});

afterAll(async () => {
  await browser?.stop();
  undoAll();
});

describe.each(["current", "not-patched", "outdated"])("%s", (name) => {
  test.each(VIEWS)("$width pixels wide, $scheme: fits, loads nothing, breaches nothing", async (view) => {
    const file = pages[name] as string;
    await browser.open(file, view);
    writeFileSync(join(PICTURES, `${name}-${view.width}-${view.scheme}.png`), await browser.picture());
    expect(await browser.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(view.width);
    const background = await browser.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(background).toBe(view.scheme === "light" ? "rgb(255, 255, 255)" : "rgb(13, 17, 23)");
    expect(await browser.evaluate("document.title")).toMatch(/ - virtinst-rbd-patch \d/);
    expect(browser.complaints).toEqual([]);
    expect(new Set(browser.requests)).toEqual(new Set([`file://${file}`]));
  });
});

test("says patched and verified, because the real virt-install was run", async () => {
  await browser.open(pages.current as string, { width: 1280, scheme: "light" });
  expect(await browser.evaluate("document.querySelector('h1').textContent")).toBe("Patched (verified)");
  expect(await browser.evaluate("document.querySelectorAll('.checks .yes').length")).toBeGreaterThan(9);
  expect(await browser.evaluate("document.querySelectorAll('.checks li:not(.yes)').length")).toBe(0);
});

test("a difference that is too wide scrolls in its own box, and its colours are those of the style", async () => {
  await browser.open(pages.current as string, { width: 390, scheme: "light" });
  expect(await browser.evaluate(`${BOX}.scrollWidth > ${BOX}.clientWidth`)).toBe(true);
  expect(await browser.evaluate(`${BOX}.scrollHeight > ${BOX}.clientHeight`)).toBe(true);
  expect(await browser.evaluate(`getComputedStyle(${BOX}.querySelector('ins')).backgroundColor`)).toBe(
    "rgb(218, 251, 225)",
  );
});

test("on paper it is dark on white, and whole", async () => {
  await browser.open(pages.current as string, { width: 1280, scheme: "dark" });
  const pdf = await browser.print();
  writeFileSync(join(PICTURES, "current.pdf"), pdf);
  expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
  await browser.onPaper();
  // What scrolls on a screen would be cut off here.
  expect(await browser.evaluate(`${BOX}.scrollHeight > ${BOX}.clientHeight`)).toBe(false);
  expect(await browser.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
});
