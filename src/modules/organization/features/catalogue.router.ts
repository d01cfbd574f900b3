import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import type { FeatureCatalogue } from './catalogue.service.ts';

const clients = ['admin'] as const;

/** /admin/feature, /admin/feature/plan, /admin/feature/plan-feature: what the operator's staff keep. */
export const catalogueModules = ({ features, plans, planFeatures }: FeatureCatalogue): Module[] => [
  crudModule({ base: '/admin/feature', permission: 'operator:feature', clients, service: features }),
  crudModule({ base: '/admin/feature/plan', permission: 'operator:plan', clients, service: plans }),
  crudModule({
    base: '/admin/feature/plan-feature',
    permission: 'operator:plan-feature',
    clients,
    service: planFeatures,
  }),
];
