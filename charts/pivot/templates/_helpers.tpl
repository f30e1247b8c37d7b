{{/* Names of all objects begin with it. 40 characters, so that what follows fits into 63. */}}
{{- define "pivot.name" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "pivot.labels" -}}
app.kubernetes.io/name: pivot
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* By which Services, budgets and policies find the Pods of a component. Call with (list $ "operator"). */}}
{{- define "pivot.selector" -}}
app.kubernetes.io/name: pivot
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* metadata.labels of an object of a component. Call with (list $ "operator"). */}}
{{- define "pivot.componentLabels" -}}
{{ include "pivot.labels" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* An image by digest where there is one. Call with (list image "default tag"). */}}
{{- define "pivot.imageReference" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default (index . 1) $image.tag }}
{{- end -}}
{{- end -}}

{{- define "pivot.image" -}}
{{ include "pivot.imageReference" (list .Values.image .Chart.AppVersion) }}
{{- end -}}

{{- define "pivot.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Pod Security Standard "restricted", for a Pod. */}}
{{- define "pivot.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* The same, for a container. */}}
{{- define "pivot.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "pivot.streamService" -}}
{{ include "pivot.name" . }}-operator-stream
{{- end -}}

{{- define "pivot.tlsSecret" -}}
{{- if eq .Values.tls.source "secret" -}}
{{ required "tls.existingSecret: name the Secret with tls.crt, tls.key and ca.crt when tls.source is secret" .Values.tls.existingSecret }}
{{- else -}}
{{ include "pivot.name" . }}-stream-tls
{{- end -}}
{{- end -}}

{{/* Names for which the certificate of the stream is made. */}}
{{- define "pivot.streamNames" -}}
{{- $service := include "pivot.streamService" . -}}
{{- list (printf "%s.%s.svc" $service .Release.Namespace) (printf "%s.%s.svc.cluster.local" $service .Release.Namespace) (printf "%s.%s" $service .Release.Namespace) $service | toJson -}}
{{- end -}}

{{- define "pivot.mediaSecret" -}}
{{- default (printf "%s-media-servers" (include "pivot.name" .)) .Values.secrets.existingSecret -}}
{{- end -}}

{{- define "pivot.snapshotPrefix" -}}
pivot-table
{{- end -}}

{{- define "pivot.rtpFrom" -}}
{{- if .Values.mediaWorker.rtp.from -}}{{ int .Values.mediaWorker.rtp.from }}
{{- else if .Values.softswitch.enabled -}}20000
{{- else -}}16384
{{- end -}}
{{- end -}}

{{- define "pivot.rtpTo" -}}
{{- if .Values.mediaWorker.rtp.to -}}{{ int .Values.mediaWorker.rtp.to }}
{{- else if .Values.softswitch.enabled -}}29999
{{- else -}}32768
{{- end -}}
{{- end -}}

{{/* What SIP Contact and SDP say: an address, or a reference to an environment variable of the container. */}}
{{- define "pivot.externalAddress" -}}
{{- $address := .Values.mediaWorker.externalAddress -}}
{{- if eq $address "pod" -}}$(POD_IP)
{{- else if eq $address "host" -}}$(HOST_IP)
{{- else -}}{{ $address }}
{{- end -}}
{{- end -}}

{{/* What RecordingUrl begins with. With a bucket every worker has every recording, else only the one that made it. */}}
{{- define "pivot.recordingsUrl" -}}
{{- if .Values.mediaWorker.recordings.publicUrl -}}
{{ .Values.mediaWorker.recordings.publicUrl }}
{{- else if .Values.mediaWorker.recordings.store -}}
http://{{ include "pivot.name" . }}-recordings.{{ .Release.Namespace }}.svc:8080
{{- else -}}
http://$(POD_IP):{{ .Values.mediaWorker.httpPort }}
{{- end -}}
{{- end -}}

{{/* POD_IP, HOST_IP, EXTERNAL_ADDRESS; a reference needs its variable before it. */}}
{{- define "pivot.addressEnv" -}}
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
- name: HOST_IP
  valueFrom: { fieldRef: { fieldPath: status.hostIP } }
- name: EXTERNAL_ADDRESS
  value: {{ include "pivot.externalAddress" . | quote }}
{{- end -}}

{{/* The standard variables of OpenTelemetry. */}}
{{- define "pivot.telemetryEnv" -}}
{{- $endpoint := .Values.telemetry.otlpEndpoint -}}
{{- if and (not $endpoint) .Values.jaeger.enabled -}}
{{- $endpoint = printf "http://%s-jaeger:4318" (include "pivot.name" .) -}}
{{- end -}}
{{- if $endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ $endpoint | quote }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME)
{{- end }}
{{- with .Values.telemetry.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* POD_NAME, POD_NAMESPACE, NODE_NAME. */}}
{{- define "pivot.podEnv" -}}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: POD_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: NODE_NAME
  valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
{{- end -}}

{{/* What no schema can say. */}}
{{- define "pivot.checks" -}}
{{- if and .Values.mediaWorker.autoscaling.enabled (eq .Values.mediaWorker.kind "DaemonSet") -}}
{{- fail "mediaWorker.autoscaling: a DaemonSet has one Pod on each node and cannot be scaled; use mediaWorker.kind=Deployment" -}}
{{- end -}}
{{- if and (eq .Values.tls.source "cert-manager") (not .Values.tls.certManager.issuerRef.name) -}}
{{- fail "tls.certManager.issuerRef.name: name the Issuer when tls.source is cert-manager" -}}
{{- end -}}
{{- if and (eq .Values.tls.source "secret") (not .Values.tls.existingSecret) -}}
{{- fail "tls.existingSecret: name the Secret with tls.crt, tls.key and ca.crt when tls.source is secret" -}}
{{- end -}}
{{- if ge (int (include "pivot.rtpFrom" .)) (int (include "pivot.rtpTo" .)) -}}
{{- fail "mediaWorker.rtp: from must be smaller than to" -}}
{{- end -}}
{{- if and .Values.mediaWorker.autoscaling.enabled (gt (int .Values.mediaWorker.autoscaling.minReplicas) (int .Values.mediaWorker.autoscaling.maxReplicas)) -}}
{{- fail "mediaWorker.autoscaling: minReplicas must not be greater than maxReplicas" -}}
{{- end -}}
{{- end -}}
