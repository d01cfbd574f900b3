import { randomBytes } from 'node:crypto';
import type { TxtRecords } from '../../../platform/dns/txt-records.ts';
import { OPERATOR_COMPANY } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { RateLimits } from '../../../platform/http/rate-limits.ts';
import { conflict, invalid, job, notFound, Problem } from '../../../platform/module.ts';
import type { Context, JobDefinition, Mover, Reader, Repository, Tx } from '../../../platform/module.ts';
import type { CompanyRow } from './companies.repository.ts';
import { CHECK_DOMAIN } from './domains.lifecycle.ts';
import { domainOf } from './domains.repository.ts';
import type { CompanyDomainRow } from './domains.repository.ts';
import { hostOf, isBelow, recordNameOf, recordValueOf } from './hosts.ts';
import type { CompanyNotices } from './notices.ts';

const TOKEN_BYTES = 24;
const LAPSES_AFTER_MS = 3 * 86_400_000;
/** The unique key of `company` on the domain that holds. */
const TAKEN = 'company_custom_domain_key';

interface DomainsDependencies {
  readonly work: UnitOfWork;
  readonly repository: Repository<CompanyDomainRow>;
  readonly mover: Mover<CompanyDomainRow>;
  readonly companies: Pick<Repository<CompanyRow>, 'lock' | 'update'>;
  readonly txtRecords: TxtRecords;
  readonly rates: Pick<RateLimits, 'count'>;
  readonly notices: Pick<CompanyNotices, 'domain'>;
  /** Host name of the service. */
  readonly host: string;
}

export interface Domains {
  /** 404 without one. */
  own(context: Context): Promise<CompanyDomainRow>;
  /** Names the company's host, in place of what it had; the same again changes nothing. 422 for what cannot be one. */
  claim(context: Context, host: string): Promise<CompanyDomainRow>;
  /** Looks for the record, and has the host name the company. 409 when it is not there, or another company proved it; 503 when DNS does not answer. */
  verify(context: Context): Promise<CompanyDomainRow>;
  /** Gives the host up. */
  remove(context: Context, version: number): Promise<void>;
  readonly jobs: readonly JobDefinition[];
}

/** The custom domain of a company, proven by a record in its DNS. See docs/decisions/a-domain-is-proven-each-day.md. */
export const createDomains = (dependencies: DomainsDependencies): Domains => {
  const { work, repository, mover, companies, txtRecords, rates, notices, host: ownHost } = dependencies;

  const find = async (reader: Reader): Promise<CompanyDomainRow> => {
    const id = await domainOf(reader);
    if (id === undefined) throw notFound();
    return repository.get(reader, id);
  };

  /** The company under lock, before its domain: always in this order. */
  const lockCompany = (tx: Tx): Promise<CompanyRow> => {
    if (tx.companyId === OPERATOR_COMPANY) throw notFound();
    return companies.lock(tx, tx.companyId);
  };

  /** What requests by this host mean changed, for every session of the company at once. */
  const name = async (tx: Tx, company: CompanyRow, customDomain: string | null): Promise<void> => {
    if (company.customDomain === customDomain) return;
    const patch = { customDomain, accessEpoch: company.accessEpoch + 1 };
    await companies.update(tx, company, patch, { action: customDomain === null ? 'lose_domain' : 'take_domain' });
  };

  const drop = async (tx: Tx, company: CompanyRow, row: CompanyDomainRow): Promise<void> => {
    await name(tx, company, null);
    await repository.remove(tx, row);
  };

  const isProven = async ({ host, token }: CompanyDomainRow): Promise<boolean> =>
    (await txtRecords(recordNameOf(host))).includes(recordValueOf(token));

  const claim = async (tx: Tx, host: string): Promise<CompanyDomainRow> => {
    const company = await lockCompany(tx);
    const id = await domainOf(tx);
    if (id !== undefined) {
      const row = await repository.lock(tx, id);
      if (row.host === host) return row;
      await drop(tx, company, row);
    }
    return repository.insert(tx, {
      host,
      token: randomBytes(TOKEN_BYTES).toString('base64url'),
      status: 'claimed',
      verifiedAt: null,
      checkedAt: null,
      failingSince: null,
      checkAt: null,
    });
  };

  const take = async (tx: Tx, { id }: CompanyDomainRow): Promise<CompanyDomainRow> => {
    const company = await lockCompany(tx);
    const after = await mover.moveAs(tx, { scope: tx.scope }, await repository.lock(tx, id), 'verify');
    await name(tx, company, after.host);
    return after;
  };

  /** What the daily look found, about a domain that is verified still. */
  const settle = async (tx: Tx, id: string, proven: boolean): Promise<void> => {
    const company = await lockCompany(tx);
    const row = await repository.lock(tx, id);
    if (row.status !== 'verified') return;
    const worker = { scope: tx.scope };
    if (company.customDomain !== row.host) {
      await mover.moveAs(tx, worker, row, 'lapse');
    } else if (proven) {
      await mover.moveAs(tx, worker, row, 'verify');
    } else if (row.failingSince !== null && tx.now.getTime() - Date.parse(row.failingSince) >= LAPSES_AFTER_MS) {
      await name(tx, company, null);
      await notices.domain(tx, 'domain_lapsed', await mover.moveAs(tx, worker, row, 'lapse'));
    } else {
      const missed = await mover.moveAs(tx, worker, row, 'miss');
      if (row.failingSince === null) await notices.domain(tx, 'domain_failing', missed);
    }
  };

  return {
    own: (context) => work.read(context, find),
    claim: async (context, given) => {
      const host = hostOf(given);
      if (host === undefined) throw invalid('/host', 'HOST');
      if (isBelow(host, ownHost)) throw invalid('/host', 'HOST_OF_SERVICE');
      return work.write(context, (tx) => claim(tx, host));
    },
    verify: async (context) => {
      await rates.count('lookup', `domain:${context.scope.companyId}`);
      const row = await work.read(context, find);
      if (!(await isProven(row))) throw conflict('DOMAIN_NOT_PROVEN', { params: { name: recordNameOf(row.host) } });
      try {
        return await work.write(context, (tx) => take(tx, row));
      } catch (error) {
        throw error instanceof Problem && error.options.constraint === TAKEN ? conflict('DOMAIN_TAKEN') : error;
      }
    },
    remove: (context, version) =>
      work.write(context, async (tx) => {
        const company = await lockCompany(tx);
        const { id } = await find(tx);
        await drop(tx, company, await repository.lock(tx, id, version));
      }),
    jobs: [
      job<{ domainId: string }>({
        name: CHECK_DOMAIN,
        run: async ({ domainId }, { scope }) => {
          const row = await work.read({ scope }, (reader) => repository.find(reader, domainId));
          if (row?.status !== 'verified') return;
          const proven = await isProven(row);
          await work.write({ scope }, (tx) => settle(tx, domainId, proven));
        },
      }),
    ],
  };
};
