// A channel number typed digit by digit, as on a remote control.

// After the last digit the number counts as complete.
export const COMMIT_AFTER_MS = 1200;

const MOST_DIGITS = 4;

export interface NumberEntryEvents {
  // What stands on the screen; empty: nothing.
  shown(digits: string): void;
  committed(number: number): void;
}

export class NumberEntry {
  private digits = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly events: NumberEntryEvents) {}

  get active(): boolean {
    return this.digits !== "";
  }

  // A digit beyond the longest number begins a new number: whoever types on has changed their mind.
  digit(digit: string): void {
    const full = this.digits.length >= MOST_DIGITS;
    this.show((full ? "" : this.digits) + digit);
    if (this.active) this.timer = setTimeout(() => this.commit(), COMMIT_AFTER_MS);
  }

  erase(): void {
    this.show(this.digits.slice(0, -1));
    if (this.active) this.timer = setTimeout(() => this.commit(), COMMIT_AFTER_MS);
  }

  commit(): void {
    if (!this.active) return;
    const number = Number.parseInt(this.digits, 10);
    this.show("");
    this.events.committed(number);
  }

  cancel(): void {
    if (this.active) this.show("");
  }

  private show(digits: string): void {
    clearTimeout(this.timer);
    this.digits = digits;
    this.events.shown(digits);
  }
}
