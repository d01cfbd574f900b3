import type { TestApp } from './app.ts';
import type { TestStaff } from './staff.ts';

const BASE = '/angelis/admin/internal_user';

export interface StaffRow {
  id: string;
  version: number;
  role: string;
  status: string;
  personStatus: string;
}

/** The routes of the operator's staff as members of it ask for them. */
export const staffRoutes = (app: TestApp) => {
  const request = async (
    method: 'get' | 'post' | 'patch',
    path: string,
    by: Pick<TestStaff, 'bearer'>,
    body?: object,
    version?: number,
  ) => {
    const headers = { authorization: await by.bearer(), 'accept-language': 'en' };
    return app.http[method](`${BASE}${path}`)
      .set(version === undefined ? headers : { ...headers, 'if-match': `"${version}"` })
      .send(body);
  };
  return {
    request,
    read: async (id: string, by: Pick<TestStaff, 'bearer'>): Promise<StaffRow> =>
      (await request('get', `/${id}`, by)).body as StaffRow,
    codeOf: ({ body }: { body: unknown }): string => (body as { code: string }).code,
    me: async (by: Pick<TestStaff, 'bearer'>) =>
      app.http.get('/angelis/auth/me').set({ authorization: await by.bearer() }),
  };
};
