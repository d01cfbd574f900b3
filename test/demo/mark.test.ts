import { expect } from 'chai';
import { LOADING, writeMark } from '../../src/demo/mark.ts';
import { checkDemoData } from '../../src/platform/checks/database.ts';
import { cloneDatabase } from '../support/database.ts';

describe('the demo’s mark', () => {
  it('makes production refuse to start, from the first moment of the load on', async () => {
    const database = await cloneDatabase();
    try {
      const system = database.pool('system', 1);
      const check = () => checkDemoData(async (text) => (await system.query(text)).rows as never);
      await check();
      await writeMark(system, { version: LOADING, at: new Date() });
      const refused = await check().catch((error: Error) => error.message);
      expect(refused).to.include('the data of the demo');
    } finally {
      await database.drop();
    }
  });
});
