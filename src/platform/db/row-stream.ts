import QueryStream from 'pg-query-stream';

/** What of pg's cursor its end depends on. */
interface Cursor {
  readonly state: string;
  read(count: number, done: (error: Error | undefined, rows: readonly unknown[]) => void): void;
  readonly connection?: NodeJS.EventEmitter;
}

/** Rows that are fetched at once. */
const BATCH = 250;

/**
 * Rows of a statement in lists, fetched as they are read; one by one, streams would cost more than rows. pg's cursor waits for
 * the answer to its end, which a connection that is gone never gives: whoever read would wait for ever, and the connection with
 * them. So an error ends the rows wherever they are, also after the last one; where the statement or the connection failed there
 * is nothing to close; and a connection that ends meanwhile ends the wait.
 */
export class RowStream extends QueryStream {
  constructor(text: string, values: readonly unknown[]) {
    // One list waits while another is read.
    super(text, [...values], { batchSize: 1, rowMode: 'array' });
    const tell = this.handleError;
    this.handleError = (error: Error, ...more: unknown[]): void => {
      tell(error, ...more);
      this.destroy(error);
    };
  }

  override _read(): void {
    (this.cursor as Cursor).read(BATCH, (error, rows) => {
      if (error) {
        this.destroy(error);
        return;
      }
      if (rows.length > 0) this.push(rows);
      if (rows.length < BATCH) this.push(null);
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { state, connection } = this.cursor as Cursor;
    if (state === 'error') {
      done(error);
      return;
    }
    let isOver = false;
    const end = (cause: Error | null = null): void => {
      if (isOver) return;
      isOver = true;
      connection?.removeListener('end', end);
      done(cause ?? error);
    };
    connection?.once('end', end);
    super._destroy(error ?? (undefined as never), end);
  }
}
