// The page of verify --report in Debian's Chromium.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built, HOST_TWO } from "../support/cli";
import { Chromium } from "./support/chromium";
import { expectDone, makeFolder, requireCleanVirtinst, SHARE, undoAll } from "./support/machine";

/** The box of the difference. */
const BOX = "document.querySelector('pre[role=region]')";

let browser: Chromium;
const pages: Record<string, string> = {};

/** A host whose one pool has long names that contain HTML. */
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
  requireCleanVirtinst();
  const folder = makeFolder();
  const verify = (name: string, host: readonly string[]) => {
    pages[name] = join(folder, `${name}.html`);
    return built(["verify", ...host, "--virtinst", SHARE, "--report", pages[name]]).code;
  };
  expectDone(built(["apply", ...HOST_TWO, "--virtinst", SHARE]), "apply");
  expect(verify("current", HOST_TWO)).toBe(0);
  expect(verify("outdated", longNames(folder))).toBe(1);
  browser = await Chromium.start();
});

afterAll(async () => {
  await browser?.stop();
  undoAll();
});

const open = (name: string, width: number, scheme: "light" | "dark") =>
  browser.open(pages[name] as string, width, scheme);
const style = (element: string, name: string) => browser.evaluate(`getComputedStyle(${element}).${name}`);
const background = () => style("document.body", "backgroundColor");

describe.each(["current", "outdated"])("the page of a patch that is %s", (name) => {
  test.each([
    [1280, "light", "rgb(255, 255, 255)"],
    [1280, "dark", "rgb(13, 17, 23)"],
    [390, "light", "rgb(255, 255, 255)"],
    [390, "dark", "rgb(13, 17, 23)"],
  ] as const)("fits into %i pixels, is %s, loads no other file and runs no script", async (width, scheme, colour) => {
    await open(name, width, scheme);
    expect(await browser.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    expect(await background()).toBe(colour);
    expect(await browser.evaluate("document.title")).toMatch(/ - virtinst-rbd-patch \d/);
    expect(browser.complaints).toEqual([]);
    expect(new Set(browser.requests)).toEqual(new Set([`file://${pages[name]}`]));
  });
});

test("the page reports patched and verified, with all checks of the real virt-install", async () => {
  await open("current", 1280, "light");
  expect(await browser.evaluate("document.querySelector('h1').textContent")).toBe("Patched (verified)");
  expect(await browser.evaluate("document.querySelectorAll('.checks .yes').length")).toBeGreaterThan(9);
  expect(await browser.evaluate("document.querySelectorAll('.checks li:not(.yes)').length")).toBe(0);
});

test("a difference that is too wide scrolls in a box with the colours of the style, and is printed completely", async () => {
  await open("current", 390, "dark");
  expect(await browser.evaluate(`${BOX}.scrollWidth > ${BOX}.clientWidth`)).toBe(true);
  expect(await browser.evaluate(`${BOX}.scrollHeight > ${BOX}.clientHeight`)).toBe(true);
  await browser.emulateMedia("print", "dark");
  expect(await browser.evaluate(`${BOX}.scrollHeight > ${BOX}.clientHeight`)).toBe(false);
  expect(await background()).toBe("rgb(255, 255, 255)");
  expect(await style(`${BOX}.querySelector('ins')`, "backgroundColor")).toBe("rgb(218, 251, 225)");
});
