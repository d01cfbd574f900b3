import { join } from 'node:path';
import { importOtpKey, createKeycloakIdentityProvider } from '../platform/identity-provider/keycloak.ts';
import { createLocalIdentityProvider } from '../platform/identity-provider/local.ts';
import type { LocalIdentityProvider } from '../platform/identity-provider/local.ts';
import type { IdentityProvider } from '../platform/identity-provider/port.ts';
import { API_CLIENT } from '../platform/identity-provider/realm.ts';
import { createConsoleMessaging } from '../platform/messaging/console.ts';
import type { ConsoleMessaging } from '../platform/messaging/console.ts';
import { createSmtpMailer } from '../platform/messaging/smtp.ts';
import { createTwilioSms } from '../platform/messaging/twilio.ts';
import type { Mailer, Sms } from '../platform/messaging/messages.ts';
import type { Settings } from '../platform/settings/settings.ts';
import { createAzureStore } from '../platform/storage/azure.ts';
import type { FileStore } from '../platform/storage/file-store.ts';
import { createFolderStore } from '../platform/storage/folder.ts';

/** The parts outside the database, each the real one where its setting is there, else the local one. */
export interface Outside {
  readonly identityProvider: IdentityProvider;
  /** Set when the identity provider is the development issuer. */
  readonly local?: LocalIdentityProvider;
  readonly issuerUrl: string;
  readonly mailer: Mailer;
  readonly sms: Sms;
  /** Set when mail or SMS go to the console. */
  readonly console?: ConsoleMessaging;
  readonly files: FileStore;
  readonly close: () => Promise<void>;
}

const CALLBACK = '/angelis/admin/auth/callback';

const openIdentityProvider = async (
  settings: Settings,
  now: () => Date,
): Promise<Pick<Outside, 'identityProvider' | 'local' | 'issuerUrl'>> => {
  const { KEYCLOAK_URL: url, KEYCLOAK_REALM: realm } = settings;
  if (url === undefined) {
    const local = await createLocalIdentityProvider({
      issuer: `${settings.PUBLIC_URL}/realms/${realm}`,
      now,
      environment: { nodeEnv: settings.NODE_ENV, appEnv: settings.APP_ENV },
      redirectUris: [`${settings.PUBLIC_URL}${CALLBACK}`],
      backchannelLogoutUrl: `http://127.0.0.1:${settings.PORT}/angelis/auth/backchannel-logout`,
      folder: join(settings.DATA_DIR, 'issuer'),
    });
    return { identityProvider: local, local, issuerUrl: settings.PUBLIC_URL };
  }
  const { KEYCLOAK_ADMIN_CLIENT_SECRET: clientSecret, KEYCLOAK_OTP_KEY: otpKey } = settings;
  if (clientSecret === undefined || otpKey === undefined)
    throw new Error('KEYCLOAK_URL needs KEYCLOAK_ADMIN_CLIENT_SECRET and KEYCLOAK_OTP_KEY');
  const service = { clientId: settings.KEYCLOAK_ADMIN_CLIENT_ID ?? API_CLIENT, clientSecret };
  const identityProvider = createKeycloakIdentityProvider({
    url,
    realm,
    service,
    otpKey: await importOtpKey(otpKey),
    now,
  });
  return { identityProvider, issuerUrl: url };
};

const openMessaging = (
  settings: Settings,
  now: () => Date,
): Pick<Outside, 'mailer' | 'sms' | 'console'> & { close: () => void } => {
  const output = createConsoleMessaging({ output: process.stderr, now });
  const { SMTP_URL: smtp, TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_FROM: from } = settings;
  const mailer = smtp === undefined ? undefined : createSmtpMailer({ url: smtp, from: settings.MAIL_FROM });
  const sms =
    accountSid === undefined || authToken === undefined || from === undefined
      ? undefined
      : createTwilioSms({ accountSid, authToken, from });
  return {
    mailer: mailer ?? output.mailer,
    sms: sms ?? output.sms,
    ...((mailer === undefined || sms === undefined) && { console: output }),
    close: () => mailer?.close(),
  };
};

/** Where files are kept: Azure Blob storage when it is set, else a folder in DATA_DIR. */
export const openFiles = async (settings: Settings): Promise<FileStore> => {
  const azure = settings.AZURE_STORAGE_CONNECTION_STRING;
  return azure === undefined
    ? await createFolderStore(join(settings.DATA_DIR, 'files'))
    : await createAzureStore({ connectionString: azure, container: 'angelis' });
};

/** Opens identity provider, mail, SMS and files as the settings say. */
export const openOutside = async (settings: Settings, now: () => Date): Promise<Outside> => {
  const identity = await openIdentityProvider(settings, now);
  const { close, ...messaging } = openMessaging(settings, now);
  const files = await openFiles(settings);
  return {
    ...identity,
    ...messaging,
    files,
    close: async () => {
      close();
      await identity.local?.close();
    },
  };
};
