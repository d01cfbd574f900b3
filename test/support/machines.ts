import type { TestApp } from './app.ts';
import { addPerson } from './people.ts';

export interface TestMachine {
  readonly clientId: string;
  /** `Bearer …` of a token that is asked for now. */
  readonly bearer: () => Promise<string>;
}

/** `Bearer …` of a machine client, by its secret. */
const machineToken = async (
  app: Pick<TestApp, 'http'>,
  { clientId, secret }: { readonly clientId: string; readonly secret: string },
): Promise<string> => {
  const { body } = await app.http
    .post('/angelis/auth/token')
    .type('form')
    .send({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret })
    .expect(200);
  return `Bearer ${(body as { access_token: string }).access_token}`;
};

/** A machine client of a company with every scope that there is: nobody may give it all, so they are written down behind its back. */
export const addMachine = async (app: TestApp, companyId: string): Promise<TestMachine> => {
  const owner = await addPerson(app, { companyId, roles: ['owner'] });
  const { body } = await app.http
    .post('/angelis/admin/api-client')
    .set({ authorization: await owner.bearer() })
    .send({ name: 'Everything', scopes: ['workforce:project:read'] })
    .expect(201);
  const made = body as { id: string; clientId: string; secret: string };
  await app.database.sql('update api_client set scopes = $1 where id = $2', [
    Object.keys(app.platform.catalogue()),
    made.id,
  ]);
  return { clientId: made.clientId, bearer: () => machineToken(app, made) };
};
