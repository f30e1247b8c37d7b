import { parse, parseAllDocuments, stringify } from 'yaml';
import { definitions } from '../crds/definitions/definitions.ts';
import { CALLS } from './dashboards/calls.ts';
import { grafanaJson } from './dashboards/grafana.ts';
import { PLATFORM } from './dashboards/platform.ts';
import { generatedFiles } from './resource-files.ts';
import { type ValueSchema, valuesReference } from './values-reference.ts';

const RIGHTS = 'operator/controller/rbac.yaml';
const CHART = 'charts/pivot';

/** Every file of the chart that is made of another: its path from the root of the repository, and its text. `read` takes such a path. */
export function chartFiles(read: (path: string) => string): readonly (readonly [path: string, text: string])[] {
  const crds = new Set(definitions.map((one) => `crds/${one.plural}.yaml`));
  const schema = JSON.parse(read(`${CHART}/values.schema.json`)) as ValueSchema;
  const values: unknown = parse(read(`${CHART}/values.yaml`));
  return [
    // Whole copies: Helm packs what is in the folder of the chart.
    ...generatedFiles()
      .filter(([path]) => crds.has(path))
      .map(([path, text]) => [`${CHART}/files/${path}`, text] as const),
    [`${CHART}/files/operator-rights.yaml`, operatorRights(read(RIGHTS))],
    ...[CALLS, PLATFORM].map((one) => [`${CHART}/files/monitoring/${one.uid}.json`, grafanaJson(one)] as const),
    ['docs/chart-values.md', valuesReference(schema, values)],
  ];
}

interface Role {
  readonly kind: string;
  readonly rules: readonly object[];
}

/** The rules of the operator's ClusterRole and Role, for the template that makes the roles. */
function operatorRights(text: string): string {
  const roles = parseAllDocuments(text).map((document) => document.toJS() as Role);
  const rules = (kind: string): readonly object[] => roles.find((role) => role.kind === kind)?.rules ?? [];
  const note = `# Made by tools/generate-chart.ts of ${RIGHTS}; do not edit.\n`;
  return `${note}${stringify({ clusterRole: rules('ClusterRole'), role: rules('Role') }, { lineWidth: 0 })}`;
}
