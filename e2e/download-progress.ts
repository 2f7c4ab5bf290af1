/** The progress of a download, for a terminal or a log. */
interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface ProgressPrinter {
  (bytes: number, totalBytes: number | undefined): void;
  /** Ends the line. */
  end(): void;
}

/** Updates one line of a terminal; elsewhere it prints a line at each tenth, or at each 20 MB of an unknown total. */
export function progressPrinter(title: string, output: Output): ProgressPrinter {
  let lastTenth = -1;
  let hasLine = false;
  const print = (bytes: number, totalBytes: number | undefined): void => {
    const text =
      totalBytes === undefined
        ? `${title}: ${megabytes(bytes)} MB`
        : `${title}: ${megabytes(bytes)} of ${megabytes(totalBytes)} MB (${Math.floor((100 * bytes) / Math.max(1, totalBytes))} %)`;
    if (output.isTTY) {
      hasLine = true;
      output.write(`\r${text}\x1b[K`);
      return;
    }
    const tenth =
      totalBytes === undefined ? Math.floor(bytes / 20e6) : Math.floor((10 * bytes) / Math.max(1, totalBytes));
    if (tenth > lastTenth) {
      lastTenth = tenth;
      output.write(`${text}\n`);
    }
  };
  return Object.assign(print, {
    end: () => {
      if (hasLine) {
        output.write('\n');
      }
    },
  });
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0);
}
