import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { askSecret } from '../../../src/platform/cli/ask-secret.ts';

describe('asking for a secret', () => {
  const ask = async (given: string, isTTY: boolean): Promise<{ secret: string; shown: string }> => {
    const input = Object.assign(new PassThrough(), { isTTY });
    const output = new PassThrough();
    const asked = askSecret('Password: ', { input, output });
    input.end(given);
    const secret = await asked.catch((error: unknown) => (error as Error).message);
    return { secret, shown: String(output.read() ?? '') };
  };

  it('takes the first line of an input that is no terminal, and asks nothing', async () => {
    expect(await ask('a b c\nanother\n', false)).to.deep.equal({ secret: 'a b c', shown: '' });
    expect(await ask('no end of line', false)).to.deep.equal({ secret: 'no end of line', shown: '' });
  });

  it('asks at a terminal, and shows nothing of what is typed', async () => {
    expect(await ask('hunter2\r', true)).to.deep.equal({ secret: 'hunter2', shown: 'Password: \n' });
  });

  it('refuses an empty input', async () => {
    expect((await ask('', false)).secret).to.equal('Password was not given');
  });
});
