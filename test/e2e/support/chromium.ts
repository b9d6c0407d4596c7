import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

/** How a page is looked at. */
export interface View {
  /** Of the viewport, in pixels. */
  readonly width: number;
  readonly scheme: "light" | "dark";
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly request?: { readonly url: string }; readonly entry?: { readonly text: string } };
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

/** A page in Debian's Chromium, spoken to through a pipe, in the DevTools protocol's own words. */
export class Chromium {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #session: string | undefined;
  #last = 0;
  #loaded: () => void = () => {};
  /** The address of each request that the page made. */
  readonly requests: string[] = [];
  /** What the browser complained of, a breach of the page's policy among it. */
  readonly complaints: string[] = [];

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "vrp-e2e-chromium-"));
    const words = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"];
    this.#child = spawn("chromium", [...words, `--user-data-dir=${this.#folder}`], {
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

  /** Loads a file and looks at it; what was requested and complained of before is forgotten. */
  async open(file: string, { width, scheme }: View): Promise<void> {
    for (const list of [this.requests, this.complaints]) list.length = 0;
    await this.#ask("Emulation.setDeviceMetricsOverride", {
      ...{ width, height: 844, deviceScaleFactor: 1, mobile: width < 500 },
    });
    await this.#ask("Emulation.setEmulatedMedia", {
      media: "",
      features: [{ name: "prefers-color-scheme", value: scheme }],
    });
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    await this.#ask("Page.navigate", { url: `file://${file}` });
    await loaded;
  }

  /** What a JavaScript expression is in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#ask("Runtime.evaluate", { expression, returnByValue: true });
    return (result as { value?: unknown }).value;
  }

  /** The whole page as a PNG. */
  async picture(): Promise<Buffer> {
    const { data } = await this.#ask("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(data as string, "base64");
  }

  /** The page as it is printed, a PDF. */
  async print(): Promise<Buffer> {
    const { data } = await this.#ask("Page.printToPDF", { paperWidth: 8.27, paperHeight: 11.69 });
    return Buffer.from(data as string, "base64");
  }

  /** Looks at the page as it would be on paper, on a machine that prefers dark. */
  async onPaper(): Promise<void> {
    const features = [{ name: "prefers-color-scheme", value: "dark" }];
    await this.#ask("Emulation.setEmulatedMedia", { media: "print", features });
  }

  /** Ends the browser. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20 });
  }
}
