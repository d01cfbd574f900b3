import type { Catalogue } from '../access/catalogue.ts';
import type { Client } from '../access/principal.ts';
import type { Setting } from '../configuration.ts';
import type { AnyLifecycle } from '../lifecycle/lifecycle.ts';
import type { JobDefinition, TickDefinition } from '../jobs/definitions.ts';
import type { Erasure } from '../privacy/erasure.ts';
import type { Retention } from '../privacy/retention.ts';
import type { ReportDefinition } from '../render/report.ts';
import type { Route } from './route.ts';

/** What a module brings: its routes beside everything else it registers. All of it is checked at start. */
export interface Module {
  readonly name: string;
  /** Names of modules that must be there too. */
  readonly requires?: readonly string[];
  /** Path below `/angelis`, for example `/admin/project`. */
  readonly base?: string;
  readonly routes?: readonly Route[];
  /** Which clients may call those of its routes that do not say. Default: admin below `/admin`, worker and admin elsewhere. */
  readonly clients?: readonly Client[];
  /** Permissions that this module defines, with what each is about. */
  readonly permissions?: Catalogue;
  readonly lifecycles?: readonly AnyLifecycle[];
  readonly jobs?: readonly JobDefinition[];
  readonly ticks?: readonly TickDefinition[];
  readonly reports?: readonly ReportDefinition[];
  readonly settings?: readonly Setting<unknown>[];
  /** What becomes of each of its tables that hold something about a profile when the profile is erased, in this order. */
  readonly erasures?: readonly Erasure[];
  /** How long it keeps what its ticks erase. */
  readonly retentions?: readonly Retention[];
}
