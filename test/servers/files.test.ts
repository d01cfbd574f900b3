import { randomUUID } from 'node:crypto';
import { createAzureStore } from '../../src/platform/storage/azure.ts';
import { describeFileStore } from '../platform/storage/contract.ts';
import { serverSetting } from '../support/servers/settings.ts';

describe('files in Azurite, with TLS', () => {
  describeFileStore(() =>
    createAzureStore({
      connectionString: serverSetting('AZURE_STORAGE_CONNECTION_STRING'),
      container: `contract-${randomUUID()}`,
    }),
  );
});
