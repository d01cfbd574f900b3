import { hostname } from 'node:os';
import type { Logger } from 'pino';
import packageJson from '../../package.json' with { type: 'json' };
import type { Mailer, Sms } from '../platform/messaging/messages.ts';
import type { Settings } from '../platform/settings/settings.ts';
import { createTracer, NO_TRACER } from '../platform/telemetry/tracer.ts';
import type { Tracer } from '../platform/telemetry/tracer.ts';

/** Sends spans where OTEL_EXPORTER_OTLP_ENDPOINT says; measures nothing where it is not set. */
export const openTracer = (settings: Settings, log: Logger): Tracer => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = settings;
  return endpoint === undefined
    ? NO_TRACER
    : createTracer({
        endpoint,
        headers,
        resource: {
          'service.name': `angelis-${settings.PROCESS}`,
          'service.version': packageJson.version,
          'service.instance.id': `${hostname()}-${process.pid}`,
          'deployment.environment.name': settings.APP_ENV,
        },
        onTrouble: (error, dropped) => log.warn({ err: error, dropped }, 'traces do not arrive'),
      });
};

/** Mail and text messages, each sending a span. */
export const traceMessages = (
  tracer: Tracer,
  { mailer, sms }: { readonly mailer: Mailer; readonly sms: Sms },
): { readonly mailer: Mailer; readonly sms: Sms } => ({
  mailer: { send: (message) => tracer.span({ name: 'send mail', kind: 'client' }, () => mailer.send(message)) },
  sms: { send: (message) => tracer.span({ name: 'send sms', kind: 'client' }, () => sms.send(message)) },
});
