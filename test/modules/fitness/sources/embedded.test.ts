import { createTestSources } from '../../../support/sources.ts';

describe('embedded sources', () => {
  it('are made by several at once, who share their users', async () => {
    const made = await Promise.all(Array.from({ length: 6 }, () => createTestSources()));
    for (const { sql, drop } of made) {
      await sql('safer', 'select 1 from dbo."TestResults"');
      await drop();
    }
  });
});
