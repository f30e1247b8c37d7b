import { pivot } from '../callflow/schemas/pivot.ts';
import { secretKeyRef } from './common.ts';
import type { ResourceField } from './field.ts';

const { fields } = pivot;
const { secretRef } = fields.signing.properties;
const { ca_secret_ref } = fields.tls.properties;
// Required, so its default means nothing here.
const { default: _, ...attempts } = fields.retries.properties.attempts;

/**
 * `spec.pivot`: the settings of the pivot action, with the fields of its schema. Where Callflow JSON takes a value in several types, the
 * API server, whose schemas know one type for each field, takes the first.
 */
export const pivotSettings = {
  type: 'object',
  description: 'The web server that is asked what calls do. Field names are those of the pivot action.',
  properties: {
    ...fields,
    req_timeout: { ...fields.req_timeout, intOrString: true },
    retries: {
      ...fields.retries,
      properties: { ...fields.retries.properties, attempts },
      rules: [
        {
          rule: '!has(self.on) || !has(self.when)',
          message: '"on" and "when" are two names of one field; give one of them',
        },
      ],
    },
    custom_request_headers: {
      ...fields.custom_request_headers,
      type: 'array',
      description: 'Headers of every request of the session.',
      listType: 'map',
      listMapKeys: ['name'],
      items: {
        ...fields.custom_request_headers.items,
        properties: {
          ...fields.custom_request_headers.items.properties,
          valueFrom: {
            ...fields.custom_request_headers.items.properties.valueFrom,
            properties: { secretKeyRef },
          },
        },
        presence: [
          { exactlyOne: ['value', 'valueFrom'], message: 'a header has exactly one of "value" and "valueFrom"' },
        ],
        rules: [
          {
            rule: "self.name.matches('^[-!#$%&*+.^_`|~0-9A-Za-z]+$')",
            message: 'the name of a header holds letters, digits and dashes, no spaces and no colon',
          },
          {
            rule: "!(self.name.lowerAscii() in ['connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'])",
            message: 'this header belongs to the HTTP connection and cannot be set',
          },
        ],
      },
    },
    signing: { ...fields.signing, properties: { secretRef: { ...secretKeyRef, description: secretRef.description } } },
    tls: {
      ...fields.tls,
      properties: {
        ...fields.tls.properties,
        ca_secret_ref: { ...secretKeyRef, description: ca_secret_ref.description },
      },
    },
    serverless: {
      ...fields.serverless,
      properties: {
        ...fields.serverless.properties,
        flow_doc: { ...fields.serverless.properties.flow_doc, content: 'any' },
      },
    },
  },
  presence: [
    {
      exactlyOne: ['voice_url', 'serverless'],
      message: 'give "voice_url" (the URL to ask first) or "serverless" (the answer itself), one of the two',
    },
  ],
} as const satisfies ResourceField;
