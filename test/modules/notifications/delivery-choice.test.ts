import { expect } from 'chai';
import { chooseDelivery, NO_WISHES } from '../../../src/modules/notifications/delivery-choice.ts';
import type { DeliveryFacts, Wishes } from '../../../src/modules/notifications/delivery-choice.ts';

const plain: DeliveryFacts = {
  type: 'license_expiry',
  channel: 'email',
  priority: 'normal',
  hasAddress: true,
  readAt: null,
  wishes: NO_WISHES,
  timezone: 'America/Santiago',
};
/** 12:00 in Santiago (UTC-3 in summer). */
const noon = new Date('2026-11-21T15:00:00Z');
const choose = (wishes: Partial<Wishes>, facts: Partial<DeliveryFacts> = {}, now = noon) =>
  chooseDelivery({ ...plain, ...facts, wishes: { ...NO_WISHES, ...wishes } }, now);
const skip = (because: string) => ({ do: 'skip', because });
const wait = (until: string) => ({ do: 'wait', until: new Date(until) });

describe('what becomes of a mail or SMS', () => {
  it('goes out at once to somebody who wished nothing else', () => {
    expect(choose({})).to.deep.equal({ do: 'send' });
  });

  it('is skipped without an address, once read, when switched off, and while muted', () => {
    expect(choose({}, { hasAddress: false })).to.deep.equal(skip('no_address'));
    expect(choose({}, { readAt: '2026-11-21T14:00:00.000Z' })).to.deep.equal(skip('read'));
    expect(choose({ modes: [{ type: 'license_expiry', channel: 'email', mode: 'off' }] })).to.deep.equal(skip('off'));
    expect(choose({ muteUntil: '2026-11-21T15:00:00.001Z' })).to.deep.equal(skip('muted'));
    expect(choose({ muteUntil: '2026-11-21T15:00:00.000Z' })).to.deep.equal({ do: 'send' });
  });

  it('is not skipped for what was switched off elsewhere', () => {
    const modes = [
      { type: 'license_expiry', channel: 'sms', mode: 'off' },
      { type: 'export_ready', channel: 'email', mode: 'off' },
      { type: 'license_expiry', channel: 'email', mode: 'realtime' },
    ] as const;
    expect(choose({ modes })).to.deep.equal({ do: 'send' });
  });

  for (const [name, quietHours, at, expected] of [
    ['before', { from: '22:00', to: '07:00' }, '2026-11-22T00:59:59Z', undefined],
    ['at their start', { from: '22:00', to: '07:00' }, '2026-11-22T01:00:00Z', '2026-11-22T10:00:00Z'],
    ['past midnight', { from: '22:00', to: '07:00' }, '2026-11-22T05:00:00Z', '2026-11-22T10:00:00Z'],
    ['at their end', { from: '22:00', to: '07:00' }, '2026-11-22T10:00:00Z', undefined],
    ['within a day', { from: '12:00', to: '14:00' }, '2026-11-21T16:59:00Z', '2026-11-21T17:00:00Z'],
    ['after those of a day', { from: '12:00', to: '14:00' }, '2026-11-21T17:00:00Z', undefined],
    [
      'over the night of the clock change',
      { from: '22:00', to: '07:00' },
      '2026-09-06T03:30:00Z',
      '2026-09-06T10:00:00Z',
    ],
  ] as const)
    it(`waits for the end of the quiet hours, in the zone of the site: ${name}`, () => {
      const choice = choose({ quietHours }, {}, new Date(at));
      expect(choice).to.deep.equal(expected === undefined ? { do: 'send' } : wait(expected));
    });

  it('of safety goes out whatever was wished, but not to nowhere', () => {
    const wishes: Partial<Wishes> = {
      modes: [{ type: 'test_alert', channel: 'sms', mode: 'off' }],
      muteUntil: '2027-01-01T00:00:00.000Z',
      quietHours: { from: '00:00', to: '23:59' },
    };
    const alert = { type: 'test_alert', channel: 'sms', priority: 'safety', readAt: noon.toISOString() } as const;
    expect(choose(wishes, alert)).to.deep.equal({ do: 'send' });
    expect(choose(wishes, { ...alert, hasAddress: false })).to.deep.equal(skip('no_address'));
  });
});
