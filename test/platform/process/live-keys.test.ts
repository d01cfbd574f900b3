import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createLiveKeys, watchKeys } from '../../../src/platform/process/live-keys.ts';
import type { KeyIds } from '../../../src/platform/process/register.ts';
import { KEY_SETTINGS } from '../../../src/platform/settings/key-place.ts';
import type { KeySetting } from '../../../src/platform/settings/key-place.ts';
import { until } from '../../support/until.ts';

const key = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;

describe('keys of a running process', () => {
  it('are those of their file as soon as it goes on with one of them, and told of at each change', async () => {
    const first = key('first');
    const settings = Object.fromEntries(KEY_SETTINGS.map((name) => [name, first])) as Record<KeySetting, string>;
    const keys = createLiveKeys(settings);
    let text = first;
    const place = { file: '/run/secrets/data', read: () => text, write: () => undefined };
    const [told, logged]: [KeyIds[], unknown[]] = [[], []];
    const note = (facts: object, message: string) => logged.push([message, facts]);
    const watch = watchKeys({
      keys,
      places: new Map([['DATA_KEY', place]]),
      register: { tell: (ids) => Promise.resolve(void told.push(ids)), leave: () => Promise.resolve() },
      log: { info: note, error: note, warn: note } as never,
      now: () => new Date(),
    });
    const ids = () => keys.DATA_KEY.keys.map(({ id }) => id);
    try {
      for (const [count, bad] of [key('other'), `first:${key('x').slice(2)}`, 'no key'].entries()) {
        text = bad;
        await until(() => logged.length > count);
        expect(ids(), bad).to.deep.equal(['first']);
      }
      expect(JSON.stringify(logged)).to.not.contain(first.slice(6));
      text = `${key('second')},${first}`;
      await until(() => logged.length > 3 && told.length > 1);
    } finally {
      await watch.stop();
    }
    expect(logged.at(-1)).to.deep.equal(['keys were read again', { setting: 'DATA_KEY', ids: ['second', 'first'] }]);
    expect(keys.DATA_KEY.current.id).to.equal('second');
    expect(keys.DATA_KEY.find('first')?.id).to.equal('first');
    expect(keys.LOOKUP_KEY.current.id).to.equal('first');
    expect(told.map(({ DATA_KEY }) => DATA_KEY)).to.deep.equal([['first'], ['second', 'first']]);
  });
});
