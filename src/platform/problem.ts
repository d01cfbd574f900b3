/** One fault of the input: where (JSON pointer, `query:name` style locations use `in`), and a stable code. */
export interface Fault {
  readonly pointer: string;
  readonly code: string;
  readonly in?: 'params' | 'query' | 'headers' | 'body';
  readonly params?: Readonly<Record<string, string | number>>;
}

export interface ProblemOptions {
  readonly cause?: unknown;
  /** Values for the localized text. Never personal data. */
  readonly params?: Readonly<Record<string, string | number>>;
  readonly errors?: readonly Fault[];
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
  /** Members added to the answer (for example the moves that are allowed). */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** The database constraint that refused; for services that know what it means. */
  readonly constraint?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An error that a caller is meant to see, answered as an RFC 9457 problem document. `code` is a stable English constant;
 * its texts (title, detail, what to do next) stand in `locales/<language>/errors.json`.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly options: ProblemOptions;

  constructor(status: number, code: string, options: ProblemOptions = {}) {
    super(code, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.options = options;
  }
}

/** 404: there is no such row, or it is another company's; the two look the same. */
export const notFound = (): Problem => new Problem(404, 'NOT_FOUND');

/** 403: known, but not allowed. */
export const forbidden = (code = 'FORBIDDEN', options: ProblemOptions = {}): Problem => new Problem(403, code, options);

/** 409: the state does not allow it. */
export const conflict = (code: string, options: ProblemOptions = {}): Problem => new Problem(409, code, options);

/** 422: the body is well formed but wrong at `pointer`. */
export const invalid = (pointer: string, code: string, params?: Fault['params']): Problem =>
  new Problem(422, 'INVALID', { errors: [{ pointer, code, in: 'body', ...(params && { params }) }] });

/** The code of the problem that a check ends in; undefined when it passes. */
export const refusalOf = async (check: Promise<void> | undefined): Promise<string | undefined> => {
  try {
    await check;
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
};
