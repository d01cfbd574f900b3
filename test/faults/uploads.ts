import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { createAzureStore } from '../../src/platform/storage/azure.ts';
import { hostilePhotos } from '../support/hostile-photos.ts';
import { hostileUploads } from '../support/hostile-uploads.ts';
import type { HostileUpload } from '../support/hostile-uploads.ts';
import { serverSetting } from '../support/servers/settings.ts';
import { sendUpload } from '../support/upload-driver.ts';
import { addCrew, signInAsAdmin } from './crew.ts';
import { judged, patienceOf } from './fault.ts';
import type { Fault } from './fault.ts';
import { settled } from './outcome.ts';

/** The routes that take an upload, as the API describes itself, and what is sent to each. */
const DRIVEN: Readonly<Record<string, () => Promise<readonly HostileUpload[]>>> = {
  '/admin/profile/batch': () => Promise.resolve(hostileUploads()),
  '/admin/profile/{id}/photo': hostilePhotos,
  '/auth/me/photo': hostilePhotos,
};
/** A refusal is there within this, ms. */
const AT_ONCE = 1_000;
/** Senders of a byte now and then who hang on while others are served. */
const DAWDLERS = 20;

interface Description {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { requestBody?: { content: Readonly<Record<string, unknown>> } }>>>
  >;
}

/** Paths whose body is a form with files, or bytes. */
const uploadPaths = async (url: string): Promise<string[]> => {
  const { paths } = (await (await fetch(`${url}/angelis/openapi.json`)).json()) as Description;
  const isUpload = (type: string): boolean => !/json$|x-www-form-urlencoded$/u.test(type);
  return Object.entries(paths)
    .filter(([, operations]) =>
      Object.values(operations).some(({ requestBody }) => Object.keys(requestBody?.content ?? {}).some(isUpload)),
    )
    .map(([path]) => path)
    .toSorted();
};

/** What uploads have left: files, rows of people, and rows staged by an upload that nobody can commit. */
const leftovers = async (client: pg.Client, companyId: string): Promise<string[]> => {
  const store = await createAzureStore({
    connectionString: serverSetting('AZURE_STORAGE_CONNECTION_STRING'),
    container: 'angelis',
  });
  const found: string[] = [];
  for (const folder of ['batch', 'photos'])
    for await (const { key } of store.list(`${folder}/${companyId}/`)) found.push(`file ${key}`);
  const { rows } = await client.query<{ staged: number; unfinished: number; people: number }>(
    `select (select count(*) from batch_row r join batch_upload u on u.company_id = r.company_id and u.id = r.upload_id
        where r.company_id = $1 and u.status <> 'validated')::int as staged,
       (select count(*) from batch_upload where company_id = $1 and status not in ('validated', 'rejected'))::int as unfinished,
       (select count(*) from profile where company_id = $1)::int - 1 as people`,
    [companyId],
  );
  for (const [what, count] of Object.entries(rows[0]!)) if (count > 0) found.push(`${count} ${what}`);
  return found;
};

/** What the processes keep in their folder. */
const kept = async (): Promise<Set<string>> =>
  new Set(await readdir(serverSetting('DATA_DIR'), { recursive: true }).catch((): string[] => []));

/** Every hostile upload there is, at every route that takes one, and what is left when all is over. */
export const uploads: Fault = {
  name: 'uploads',
  minutes: 1,
  run: async ({ short, progress, stage }) => {
    const atOnce = AT_ONCE * patienceOf(short);
    const wrong: string[] = [];
    const { webs, all } = await stage.standing();
    const web = webs[0]!;
    const [hand] = await addCrew(stage, 1, 1, ['admin']);
    const { companyId, profileId, email } = hand!;
    const bearer = await signInAsAdmin(stage, email);
    const client = await stage.database.superuser();
    const paths = await uploadPaths(web.url);
    const driven = Object.keys(DRIVEN).toSorted();
    if (paths.toString() !== driven.toString())
      wrong.push(`uploads go to ${paths.join(', ')}, the fault drives ${driven.join(', ')}`);
    const before = await kept();
    const known = new Map<string, HostileUpload>();
    let slowest = 0;
    let tried = 0;

    const judge = async (path: string, upload: HostileUpload): Promise<void> => {
      const url = new URL(`/angelis${path.replace('{id}', profileId)}`, web.url);
      const answer = await sendUpload(url, bearer, upload);
      tried += 1;
      progress(`${tried} uploads`);
      if (upload.fate === 'cut') return;
      if (upload.fate === 'refused') {
        slowest = Math.max(slowest, answer.milliseconds);
        if (answer.status === undefined || answer.status < 400 || answer.status > 499)
          wrong.push(`${upload.name}: ${answer.status} ${answer.body}`);
        if (answer.milliseconds > atOnce)
          wrong.push(`${upload.name}: refused after ${answer.milliseconds.toFixed(0)} ms`);
      } else if (answer.status === 202) known.set((JSON.parse(answer.body) as { id: string }).id, upload);
      else wrong.push(`${upload.name}: ${answer.status} ${answer.body}`);
    };
    for (const path of driven) {
      for (const upload of await DRIVEN[path]!()) await judge(path, upload);
      const slow = (await DRIVEN[path]!()).filter(({ fate }) => fate === 'cut');
      const hanging = Array.from({ length: DAWDLERS }, (_one, n) => judge(path, slow[n % slow.length]!));
      const begun = performance.now();
      const { status } = await fetch(`${web.url}/angelis/auth/me`, { headers: { authorization: bearer } });
      if (status !== 200 || performance.now() - begun > atOnce)
        wrong.push(`beside slow senders: ${status} after ${(performance.now() - begun).toFixed(0)} ms`);
      await Promise.all(hanging);
    }
    const unfinished = await settled(stage, [companyId], progress);
    wrong.push(...unfinished.map((what) => `never came to a good end: ${what}`));
    const { rows } = await client.query<{ id: string; status: string; file_name: string }>(
      'select id, status, file_name from batch_upload where company_id = $1',
      [companyId],
    );
    for (const { id, status, file_name: name } of rows) {
      const upload = known.get(id);
      if (upload === undefined) wrong.push(`a row of an upload that was refused or cut: ${name}`);
      else if (status !== (upload.fate === 'harmless' ? 'validated' : 'rejected'))
        wrong.push(`${upload.name}: ${status}`);
      if (/[\p{Cc}\p{Cf}/\\]/u.test(name)) wrong.push(`a name that is not harmless: ${JSON.stringify(name)}`);
    }
    let left: string[] = [];
    for (const until = Date.now() + 10_000; Date.now() < until; await sleep(100)) {
      left = await leftovers(client, companyId);
      if (left.length === 0) break;
    }
    const files = [...(await kept())].filter((name) => !before.has(name));
    wrong.push(...left.map((what) => `left behind: ${what}`), ...files.map((name) => `left behind: ${name}`));
    await client.end();
    if (!all.every((member) => member.runs())) wrong.push('a process ended');
    return judged({ tried, lost: left.length + files.length, doubled: 0, recoverySeconds: null }, wrong, [
      `${driven.length} routes that take uploads; slowest refusal ${slowest.toFixed(0)} ms`,
    ]);
  },
};
