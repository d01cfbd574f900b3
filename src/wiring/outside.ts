import { join } from 'node:path';
import { createTxtRecords } from '../platform/dns/txt-records.ts';
import type { TxtRecords } from '../platform/dns/txt-records.ts';
import { createLocalIdentityProvider } from '../platform/identity-provider/local.ts';
import type { RealmReader } from '../platform/identity-provider/keycloak/realm-state.ts';
import type { LocalIdentityProvider } from '../platform/identity-provider/local.ts';
import type { IdentityProvider } from '../platform/identity-provider/port.ts';
import { API_CLIENT } from '../platform/identity-provider/realm.ts';
import { loadInTurn } from '../platform/process/load-in-turn.ts';
import { createConsoleMessaging } from '../platform/messaging/console.ts';
import type { ConsoleMessaging } from '../platform/messaging/console.ts';
import { createPublicPoster } from '../platform/messaging/post.ts';
import type { Poster } from '../platform/messaging/post.ts';
import { createSmtpMailer } from '../platform/messaging/smtp.ts';
import type { SmtpMailer } from '../platform/messaging/smtp.ts';
import { createTwilioSms } from '../platform/messaging/twilio.ts';
import type { Mailer, Sms } from '../platform/messaging/messages.ts';
import type { Settings } from '../platform/settings/settings.ts';
import type { FileStore } from '../platform/storage/file-store.ts';
import { createFolderStore } from '../platform/storage/folder.ts';
import { MISSING_SECRETS } from './realm-file.ts';

/** The parts outside the database, each the real one where its setting is there, else the local one. */
export interface Outside {
  readonly identityProvider: IdentityProvider;
  /** Set when the identity provider is the development issuer. */
  readonly local?: LocalIdentityProvider;
  /** Set when it is Keycloak. */
  readonly realm?: RealmReader;
  readonly issuerUrl: string;
  readonly mailer: Mailer;
  readonly sms: Sms;
  /** Calls systems that companies name: at public addresses only. */
  readonly webhooks: Poster;
  readonly txtRecords: TxtRecords;
  /** Set when mail goes to a server. */
  readonly mailServer?: SmtpMailer;
  /** Set when mail or SMS go to the console. */
  readonly console?: ConsoleMessaging;
  readonly files: FileStore;
  readonly close: () => Promise<void>;
}

/** Longest call of a webhook, in ms, as its description says. */
const WEBHOOK_TIMEOUT = 10_000;

const CALLBACK = '/angelis/admin/auth/callback';

// Each of the real parts is loaded where its setting names it: a start without them is sooner.
type Identity = Pick<Outside, 'identityProvider' | 'local' | 'realm' | 'issuerUrl'>;

/** Keycloak as the settings name it; undefined where they name none. */
export const openKeycloak = async (settings: Settings, now: () => Date): Promise<Identity | undefined> => {
  const { KEYCLOAK_URL: url, KEYCLOAK_REALM: realm } = settings;
  if (url === undefined) return undefined;
  const { KEYCLOAK_ADMIN_CLIENT_SECRET: clientSecret, KEYCLOAK_OTP_KEY: otpKey } = settings;
  if (clientSecret === undefined || otpKey === undefined) throw new Error(MISSING_SECRETS);
  const { importOtpKey, createKeycloakIdentityProvider } = await loadInTurn(
    () => import('../platform/identity-provider/keycloak.ts'),
  );
  const service = { clientId: settings.KEYCLOAK_ADMIN_CLIENT_ID ?? API_CLIENT, clientSecret };
  const identityProvider = createKeycloakIdentityProvider({
    url,
    realm,
    service,
    otpKey: await importOtpKey(otpKey),
    now,
  });
  return { identityProvider, realm: identityProvider.realm, issuerUrl: url };
};

const openIssuer = async (settings: Settings, now: () => Date): Promise<Identity> => {
  const local = await createLocalIdentityProvider({
    issuer: `${settings.PUBLIC_URL}/realms/${settings.KEYCLOAK_REALM}`,
    now,
    environment: { nodeEnv: settings.NODE_ENV, appEnv: settings.APP_ENV },
    redirectUris: [`${settings.PUBLIC_URL}${CALLBACK}`, ...settings.ADMIN_REDIRECT_URIS],
    backchannelLogoutUrl: `http://127.0.0.1:${settings.PORT}/angelis/auth/backchannel-logout`,
    folder: join(settings.DATA_DIR, 'issuer'),
  });
  return { identityProvider: local, local, issuerUrl: settings.PUBLIC_URL };
};

/** The mail server of the settings; undefined where they name none. Nothing connects before the first mail. */
export const openMailServer = ({ SMTP_URL: url, MAIL_FROM: from }: Settings): SmtpMailer | undefined =>
  url === undefined ? undefined : createSmtpMailer({ url, from });

const openMessaging = (
  settings: Settings,
  now: () => Date,
): Pick<Outside, 'mailer' | 'mailServer' | 'sms' | 'console'> & { close: () => void } => {
  const output = createConsoleMessaging({ output: process.stderr, now });
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_FROM: from } = settings;
  const mailServer = openMailServer(settings);
  const sms =
    accountSid === undefined || authToken === undefined || from === undefined
      ? undefined
      : createTwilioSms({ accountSid, authToken, from });
  return {
    mailer: mailServer ?? output.mailer,
    ...(mailServer && { mailServer }),
    sms: sms ?? output.sms,
    ...((mailServer === undefined || sms === undefined) && { console: output }),
    close: () => mailServer?.close(),
  };
};

/** Where files are kept: Azure Blob storage when it is set, else a folder in DATA_DIR. */
export const openFiles = async (settings: Settings): Promise<FileStore> => {
  const azure = settings.AZURE_STORAGE_CONNECTION_STRING;
  if (azure === undefined) return createFolderStore(join(settings.DATA_DIR, 'files'));
  const { createAzureStore } = await loadInTurn(() => import('../platform/storage/azure.ts'));
  return createAzureStore({ connectionString: azure, container: 'angelis' });
};

/** Opens identity provider, mail, SMS and files as the settings say. */
export const openOutside = async (settings: Settings, now: () => Date): Promise<Outside> => {
  const identity = (await openKeycloak(settings, now)) ?? (await openIssuer(settings, now));
  const { close, ...messaging } = openMessaging(settings, now);
  const files = await openFiles(settings);
  return {
    ...identity,
    ...messaging,
    webhooks: createPublicPoster(WEBHOOK_TIMEOUT),
    txtRecords: createTxtRecords(),
    files,
    close: async () => {
      close();
      await identity.local?.close();
    },
  };
};
