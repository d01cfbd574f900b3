import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addStaff } from '../../../support/staff.ts';
import type { TestStaff } from '../../../support/staff.ts';

const REASON = { reason: 'a session was left open' };
/** What the staff do about somebody's login, and with what body. */
const WAYS: readonly (readonly [way: string, body: object])[] = [
  ['reset-second-factor', REASON],
  ['change-email', { ...REASON, email: 'elsewhere@example.cl' }],
  ['change-phone', { ...REASON, phone: '+56 9 8765 4321' }],
  ['require-new-password', REASON],
  ['disable', REASON],
];

/** Whoever holds a session of the staff holds no proof of who they are: their own login is in the hands of another. */
describe('one’s own login, by the way of the staff', () => {
  let app: TestApp;
  let chief: TestStaff;
  let removed: string[];
  before(async () => {
    app = await startApp({ background: true });
    const { users } = app.identityProvider;
    const { removeSecondFactor } = users;
    users.hasSecondFactor = () => Promise.resolve(true);
    users.removeSecondFactor = (id) => {
      removed.push(id);
      return removeSecondFactor(id);
    };
  });
  beforeEach(async () => {
    chief = await addStaff(app);
    removed = [];
  });
  after(() => app.close());

  const as = async (who: TestStaff) => ({ authorization: await who.bearer(), 'accept-language': 'en' });
  const path = ({ personId }: TestStaff): string => `/angelis/admin/person/${personId}`;
  const seen = async (who: TestStaff, of: TestStaff) => {
    const { body, headers } = await app.http
      .get(path(of))
      .set(await as(who))
      .expect(200);
    return { row: body as object, etag: String(headers['etag']) };
  };
  const act = async (who: TestStaff, of: TestStaff, way: string, body: object) => {
    const headers = { ...(await as(who)), 'if-match': (await seen(who, of)).etag };
    return app.http
      .post(`${path(of)}/${way}`)
      .set(headers)
      .send(body);
  };

  for (const [way, body] of WAYS)
    it(`is left alone: ${way}`, async () => {
      const before = await seen(chief, chief);
      const refused = await act(chief, chief, way, body);
      expect([refused.status, (refused.body as { code: string }).code]).to.deep.equal([409, 'OWN_ACCOUNT']);
      await app.idle();
      expect(removed).to.deep.equal([]);
      expect(await seen(chief, chief)).to.deep.equal(before);
    });

  it('says so among what may be done next', async () => {
    const { body } = await app.http
      .get(`${path(chief)}/actions`)
      .set(await as(chief))
      .expect(200);
    const { items } = body as { items: { move: string; allowed: boolean; reason: string | null }[] };
    expect(items.find(({ move }) => move === 'disable')).to.include({ allowed: false, reason: 'OWN_ACCOUNT' });
  });

  it('of who is no superadmin is a login of the staff as any other', async () => {
    const helper = await addStaff(app, 'support');
    const refused = await act(helper, helper, 'reset-second-factor', REASON);
    expect([refused.status, (refused.body as { code: string }).code]).to.deep.equal([403, 'ROLE_ABOVE_OWN']);
  });

  it('is mended by another superadmin', async () => {
    const other = await addStaff(app);
    expect((await act(other, chief, 'reset-second-factor', REASON)).status).to.equal(200);
    await app.idle();
    expect(removed).to.have.length(1);
  });
});
