/** A line on standard error that says how far a run is; none where standard error is not a terminal. */
export class Progress {
  #done = 0;
  #total = 0;
  #what = "";
  #begun = Date.now();

  /**
   * @param {string} what is counted
   * @param {number} total
   */
  begin(what, total) {
    [this.#what, this.#total, this.#done] = [what, total, 0];
    this.#draw();
  }

  /** One more is done. */
  step() {
    this.#done++;
    this.#draw();
  }

  /** Prints a line of the result. @param {string} line */
  print(line) {
    this.clear();
    console.log(line);
    this.#draw();
  }

  /** Takes the line away. */
  clear() {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }

  #draw() {
    if (!process.stderr.isTTY) return;
    const width = 30;
    const full = this.#total === 0 ? 0 : Math.floor((this.#done / this.#total) * width);
    const seconds = Math.round((Date.now() - this.#begun) / 1000);
    const bar = `${"#".repeat(full)}${".".repeat(width - full)}`;
    process.stderr.write(`\r\x1b[K[${bar}] ${this.#done} of ${this.#total} ${this.#what}, ${seconds} s`);
  }
}
