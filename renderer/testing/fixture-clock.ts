/** The clock of the fixture. It stands still where pictures and texts of several runs are compared. */
let fixed: number | undefined;

/** The time that the data of the fixture start from, in milliseconds since 1970. */
export function fixtureNow(): number {
  return fixed ?? Date.now();
}

/** Stops the clock of the fixture. To be called before the fixture is created. */
export function stopFixtureClock(at: Date): void {
  fixed = at.getTime();
}
