// @ts-check
// The way to Python, where there is one: values that are kept in common, and questions with their answers.

/**
 * @typedef {object} Model what anywidget hands over; a page without a kernel has `get` alone
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} [set]
 * @property {() => void} [save_changes]
 * @property {(event: string, callback: (content: any) => void) => void} [on]
 * @property {(event: string, callback: (content: any) => void) => void} [off]
 * @property {(content: object) => void} [send]
 */

/** @typedef {Record<string, unknown>} Question */
/** @typedef {{ number?: unknown, error?: string, [name: string]: any }} Answer */

const PATIENCE = 10_000; // ms until a kernel that does not answer is given up
const ABSENT = "This needs a running kernel: open the notebook.";
const SILENT = "The kernel does not answer: it may be busy or gone. Restart it, then run this cell again.";

export class Kernel {
  /**
   * @param {Model} model
   * @param {{ receive: (answer: Answer) => void, fail: (message: string) => void }} listener
   */
  constructor(model, { receive, fail }) {
    this.model = model;
    this.alone = typeof model.send !== "function";
    this.patience = PATIENCE;
    this.view = Math.random().toString(36).slice(2); // views of one model hear each other's answers
    this.count = 0;
    this.number = "";
    /** @type {Question | null} */
    this.asked = null;
    /** @type {Question | null} */
    this.next = null;
    this.pass = receive;
    this.fail = fail;
    this.timer = 0;
    /** @type {(() => void)[]} */
    this.undo = [];
    this.listen("msg:custom", (answer) => this.receive(answer));
  }

  /** @param {string} name */
  get(name) {
    return this.model.get(name);
  }

  /**
   * Tell Python a value.
   * @param {string} name
   * @param {unknown} value
   */
  save(name, value) {
    if (this.alone) return;
    this.model.set?.(name, value);
    this.model.save_changes?.();
  }

  /**
   * @param {string} event
   * @param {(content: any) => void} callback
   */
  listen(event, callback) {
    if (this.alone) return;
    this.model.on?.(event, callback);
    this.undo.push(() => this.model.off?.(event, callback));
  }

  /** The question that counts: the last one. */
  get latest() {
    return this.next ?? this.asked;
  }

  /**
   * Only the latest question counts, and no more than one is on its way.
   * @param {Question} question
   */
  ask(question) {
    if (this.alone) throw new Error(ABSENT);
    this.next = question;
    if (!this.asked) this.send(question);
  }

  /** @param {Question} question */
  send(question) {
    this.asked = question;
    this.next = null;
    this.count += 1;
    this.number = `${this.view} ${this.count}`;
    this.wait(this.patience);
    try {
      this.model.send?.({ number: this.number, ...question });
    } catch { // no connection; reported after the frame that asks, which would take the words away
      this.wait(0);
    }
  }

  /** @param {number} patience */
  wait(patience) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.asked = null;
      this.next = null;
      this.fail(SILENT);
    }, patience);
  }

  /** @param {Answer} answer */
  receive(answer) {
    if (!this.asked || answer.number !== this.number) return;
    clearTimeout(this.timer);
    this.asked = null;
    if (this.next) this.send(this.next);
    else if (answer.error) this.fail(answer.error);
    else this.pass(answer);
  }

  close() {
    clearTimeout(this.timer);
    this.undo.forEach((each) => each());
  }
}
