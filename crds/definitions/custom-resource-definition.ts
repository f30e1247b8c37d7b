import { GROUP, VERSION } from '../resources.ts';
import { NAME_LENGTH } from './common.ts';
import type { Definition } from './definition.ts';
import { toStructural } from './structural.ts';

/** The CustomResourceDefinition of a kind, for the API server. */
export function customResourceDefinition(definition: Definition): object {
  const { kind, plural, shortName, scope, description, spec, status, columns } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['pivot'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns.map(({ wide, ...column }) => ({
            ...column,
            ...(wide === true ? { priority: 1 } : {}),
          })),
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              required: ['spec'],
              'x-kubernetes-validations': [
                {
                  rule: `self.metadata.name.size() <= ${NAME_LENGTH}`,
                  message: `a name has at most ${NAME_LENGTH} characters`,
                },
              ],
              properties: {
                apiVersion: { type: 'string', description: 'pivot.voice/v1alpha1.' },
                kind: { type: 'string', description: `${kind}.` },
                metadata: { type: 'object' },
                spec: toStructural(spec, `${kind}.spec`),
                status: toStructural(status, `${kind}.status`),
              },
            },
          },
        },
      ],
    },
  };
}
