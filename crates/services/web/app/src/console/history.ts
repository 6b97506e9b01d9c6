// The last minutes of a figure, for sparklines. The services keep no history; this page does while it is open.

export const KEPT = 90;

export class History {
  private readonly series = new Map<string, number[]>();

  // Adds one round of figures; what is no longer reported is forgotten.
  add(figures: ReadonlyMap<string, number>): void {
    for (const key of [...this.series.keys()]) {
      if (!figures.has(key)) this.series.delete(key);
    }
    for (const [key, figure] of figures) {
      const kept = this.series.get(key) ?? [];
      this.series.set(key, [...kept, figure].slice(-KEPT));
    }
  }

  of(key: string): readonly number[] {
    return this.series.get(key) ?? [];
  }

  // By how much a counter has grown since it was first seen; a restart of its service begins anew.
  growth(key: string): number {
    const kept = this.of(key);
    let grown = 0;
    for (let i = 1; i < kept.length; i++) {
      grown += Math.max((kept[i] ?? 0) - (kept[i - 1] ?? 0), 0);
    }
    return grown;
  }
}
