/** sql.js with its WebAssembly in the same file, as far as it is used here. */
declare module 'sql.js/dist/sql-wasm-inline.js' {
  interface Statement {
    step(): boolean;
    get(): (number | string | Uint8Array | null)[];
    free(): void;
  }
  interface Sql {
    Database: new (
      data: Uint8Array,
    ) => {
      prepare(query: string): Statement;
      run(query: string, params?: readonly (number | string | Uint8Array)[]): void;
      export(): Uint8Array;
      close(): void;
    };
  }
  const open: () => Promise<Sql>;
  export default open;
}
