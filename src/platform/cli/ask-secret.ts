import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * Asks for a secret. At a terminal nothing of it is shown; else it is the first line of the input. Throws an Error when
 * there is none.
 */
export const askSecret = async (question: string, { input, output }: Terminal): Promise<string> => {
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  if (input.isTTY === true) output.write(question);
  const lines = createInterface({ input, output: nowhere, terminal: input.isTTY === true });
  try {
    for await (const line of lines) if (line !== '') return line;
    throw new Error(`${question.replace(/:? *$/u, '')} was not given`);
  } finally {
    lines.close();
    if (input.isTTY === true) output.write('\n');
  }
};
