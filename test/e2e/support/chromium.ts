import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly request?: { readonly url: string }; readonly entry?: { readonly text: string } };
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

/** A page in Debian's Chromium, controlled with the DevTools protocol through a pipe. */
export class Chromium {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #session: string | undefined;
  #last = 0;
  #loaded: () => void = () => {};
  /** The address of each request that the page made. */
  readonly requests: string[] = [];
  /** The errors that the browser logged, such as violations of the content security policy. */
  readonly complaints: string[] = [];

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "vrp-e2e-chromium-"));
    const words = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"];
    this.#child = spawn("chromium", [...words, `--user-data-dir=${this.#folder}`], {
      // Its other processes write to the folder too: they have to end with it.
      detached: true,
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    let rest = "";
    (this.#child.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\0");
      rest = parts.pop() ?? "";
      for (const part of parts) this.#hear(JSON.parse(part));
    });
  }

  /** Starts the browser, with one empty page. */
  static async start(): Promise<Chromium> {
    const browser = new Chromium();
    await new Promise((resolve, reject) => browser.#child.once("spawn", resolve).once("error", reject));
    const { targetId } = await browser.#ask("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.#ask("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = sessionId as string;
    for (const domain of ["Page", "Network", "Log", "Runtime"]) await browser.#ask(`${domain}.enable`);
    return browser;
  }

  #hear({ id, method, params, result, error, sessionId }: Answer): void {
    if (id !== undefined) this.#waiting.get(id)?.({ ...(result && { result }), ...(error && { error }) });
    else if (sessionId !== this.#session) return;
    else if (method === "Page.loadEventFired") this.#loaded();
    else if (method === "Network.requestWillBeSent") this.requests.push(params?.request?.url ?? "");
    else if (method === "Log.entryAdded") this.complaints.push(params?.entry?.text ?? "");
  }

  #ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#last;
    const session = this.#session ? { sessionId: this.#session } : {};
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result ?? {})));
    });
  }

  /** Loads a file, and forgets the requests and complaints of the page before. */
  async open(file: string, width: number, scheme: "light" | "dark"): Promise<void> {
    for (const list of [this.requests, this.complaints]) list.length = 0;
    const size = { width, height: 844, deviceScaleFactor: 1, mobile: width < 500 };
    await this.#ask("Emulation.setDeviceMetricsOverride", size);
    await this.emulateMedia("", scheme);
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    await this.#ask("Page.navigate", { url: `file://${file}` });
    await loaded;
  }

  /** Shows the page on a screen ("") or as it would be printed, with this preference for colours. */
  async emulateMedia(media: "" | "print", scheme: "light" | "dark"): Promise<void> {
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.#ask("Emulation.setEmulatedMedia", { media, features });
  }

  /** The value of a JavaScript expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#ask("Runtime.evaluate", { expression, returnByValue: true });
    return (result as { value?: unknown }).value;
  }

  /** Ends the browser. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    process.kill(-(this.#child.pid as number), "SIGKILL");
    await ended;
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 20 });
  }
}
