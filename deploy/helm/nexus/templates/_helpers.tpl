{{- define "nexus.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Names get suffixes of up to 11 characters and stay below 63. */}}
{{- define "nexus.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "nexus.name" . }}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "nexus.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "nexus.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "nexus.labels" -}}
{{ include "nexus.commonLabels" . }}
app.kubernetes.io/component: gateway
{{- end }}

{{/* The component keeps the pods of `helm test` out of the Services. */}}
{{- define "nexus.selectorLabels" -}}
app.kubernetes.io/name: {{ include "nexus.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gateway
{{- end }}

{{/* Of the pods of `helm test`. */}}
{{- define "nexus.testLabels" -}}
app.kubernetes.io/name: {{ include "nexus.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: test
{{- end }}

{{- define "nexus.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "nexus.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "nexus.image" -}}
{{- with .Values.image }}
{{- $tag := printf "%s%s" (default $.Chart.AppVersion .tag) (ternary (printf "-%s" .variant) "" (ne .variant "")) }}
{{- ternary (printf "%s@%s" .repository .digest) (printf "%s:%s" .repository $tag) (ne .digest "") }}
{{- end }}
{{- end }}

{{/* The text of a setting. Helm reads numbers as floats and would print 1000000 as 1e+06. */}}
{{- define "nexus.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}{{ else }}{{ toString . }}{{ end }}
{{- end }}

{{/* Seconds within which a pod that stops has finished: the drain delay, the requests in flight, and 15 s for clients that
do not read their responses. */}}
{{- define "nexus.drainSeconds" -}}
{{- with .Values.settings -}}
{{- $ms := add (int64 .NEXUS_DRAIN_DELAY_MS) (int64 .NEXUS_REQUEST_TIMEOUT_MS) -}}
{{- add (div (add $ms 999) 1000) 15 }}
{{- end }}
{{- end }}

{{- define "nexus.gracePeriod" -}}
{{- int64 .Values.terminationGracePeriodSeconds | default (int64 (include "nexus.drainSeconds" .)) }}
{{- end }}

{{- define "nexus.hasTls" -}}
{{- if .Values.tls.existingSecret }}true{{ end }}
{{- end }}

{{- define "nexus.hasOidc" -}}
{{- if .Values.settings.NEXUS_OIDC_ISSUER }}true{{ end }}
{{- end }}

{{- define "nexus.hasKeysFile" -}}
{{- if and .Values.auth.enabled (or .Values.auth.keysFile .Values.auth.keysFileSecret.name) }}true{{ end }}
{{- end }}

{{/* Whether the chart generates a key: no other credentials are configured. */}}
{{- define "nexus.generatesApiKey" -}}
{{- with .Values.auth }}
{{- if and .enabled .generateApiKey (not .apiKey) (not .apiKeySecret.name) (not (include "nexus.hasKeysFile" $)) (not (include "nexus.hasOidc" $)) }}true{{ end }}
{{- end }}
{{- end }}

{{/* Name of the Secret with NEXUS_API_KEY; empty if there is none. */}}
{{- define "nexus.apiKeySecret" -}}
{{- with .Values.auth }}
{{- if and .enabled .apiKeySecret.name }}
{{- .apiKeySecret.name }}
{{- else if and .enabled (or .apiKey (include "nexus.generatesApiKey" $)) }}
{{- include "nexus.fullname" $ }}
{{- end }}
{{- end }}
{{- end }}

{{- define "nexus.apiKeySecretKey" -}}
{{- ternary .Values.auth.apiKeySecret.key "api-key" (ne .Values.auth.apiKeySecret.name "") }}
{{- end }}

{{- define "nexus.hasRedis" -}}
{{- if or .Values.redis.url .Values.redis.existingSecret.name }}true{{ end }}
{{- end }}

{{/* Name of the port with /metrics. */}}
{{- define "nexus.metricsPort" -}}
{{- ternary "admin" "http" .Values.admin.enabled }}
{{- end }}

{{/* A probe of the chart: (list $ path times). The kubelet does not verify the certificate, and health needs no client
certificate. */}}
{{- define "nexus.probe" -}}
{{- $root := index . 0 -}}
httpGet:
  path: {{ index . 1 }}
  port: http
  scheme: {{ ternary "HTTPS" "HTTP" (ne (include "nexus.hasTls" $root) "") }}
{{ toYaml (index . 2) }}
{{- end }}

{{/* The endpoint of a ServiceMonitor or PodMonitor: (list $ values). */}}
{{- define "nexus.endpoint" -}}
{{- $root := index . 0 -}}
{{- $monitor := index . 1 -}}
{{- $name := include "nexus.fullname" $root -}}
port: {{ include "nexus.metricsPort" $root }}
path: /metrics
interval: {{ $monitor.interval }}
scrapeTimeout: {{ $monitor.scrapeTimeout }}
{{- if include "nexus.hasTls" $root }}
scheme: https
tlsConfig:
  {{- if $monitor.tlsConfig }}
  {{- toYaml $monitor.tlsConfig | nindent 2 }}
  {{- else }}
  serverName: {{ $name }}.{{ $root.Release.Namespace }}.svc
  ca:
    secret: { name: {{ $root.Values.tls.existingSecret }}, key: ca.crt }
  {{- end }}
{{- end }}
{{- with $monitor.authorization }}
authorization:
  {{- toYaml . | nindent 2 }}
{{- end }}
relabelings:
  # The rules and dashboards group by job, so that releases do not mix.
  - targetLabel: job
    replacement: nexus/{{ $root.Release.Namespace }}/{{ $name }}
  {{- with $monitor.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Number of the port with /metrics. */}}
{{- define "nexus.metricsPortNumber" -}}
{{- ternary .Values.admin.port 8000 .Values.admin.enabled }}
{{- end }}
