{{/* Refuses values that the gateway would not start with, or that contradict each other. */}}
{{- define "nexus.checks" -}}
{{- $owned := dict
  "NEXUS_PORT" "the container always listens on 8000; service.httpPort is the port for clients"
  "NEXUS_GRPC_PORT" "the container always listens on 8001; service.grpcPort is the port for clients"
  "NEXUS_ADMIN_PORT" "set admin.enabled and admin.port"
  "NEXUS_ADMIN_HOST" "set admin.enabled and networkPolicy.monitoring"
  "NEXUS_MODEL_REPOSITORY" "set models.repository, models.existingClaim or models.path"
  "NEXUS_MODEL_CACHE" "the chart mounts a volume for it; set models.cacheSizeLimit"
  "NEXUS_TLS_CERT" "set tls.existingSecret"
  "NEXUS_TLS_KEY" "set tls.existingSecret"
  "NEXUS_TLS_CLIENT_CA" "set tls.clientCaSecret"
  "NEXUS_AUTH" "set auth.enabled"
  "NEXUS_KEYS_FILE" "set auth.keysFile or auth.keysFileSecret"
  "NEXUS_API_KEY" "it is a secret, and a ConfigMap is not; set auth.apiKey or auth.apiKeySecret"
  "NEXUS_REDIS_URL" "it is a secret, and a ConfigMap is not; set redis.url or redis.existingSecret"
}}
{{- range $name, $advice := $owned }}
{{- if hasKey $.Values.settings $name }}
{{- fail (printf "settings.%s: remove it; %s" $name $advice) }}
{{- end }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if hasKey $owned .name }}
{{- fail (printf "extraEnv: remove %s; %s" .name (get $owned .name)) }}
{{- else if hasPrefix "NEXUS_" .name }}
{{- fail (printf "extraEnv: remove %s; set settings.%s" .name .name) }}
{{- end }}
{{- end }}

{{- with .Values.auth }}
{{- if and .apiKey .apiKeySecret.name }}
{{- fail "auth: set apiKey or apiKeySecret.name, not both" }}
{{- end }}
{{- if and .keysFile .keysFileSecret.name }}
{{- fail "auth: set keysFile or keysFileSecret.name, not both" }}
{{- end }}
{{- $given := or .apiKey .apiKeySecret.name .keysFile .keysFileSecret.name (include "nexus.hasOidc" $) }}
{{- if and (not .enabled) $given }}
{{- fail "auth.enabled=false lets everyone in, but keys or an issuer are set; remove them, or set auth.enabled=true" }}
{{- end }}
{{- if and .enabled (not $given) (not .generateApiKey) }}
{{- fail "auth: the gateway does not start without credentials; set auth.generateApiKey=true, auth.apiKey, auth.apiKeySecret.name, auth.keysFile, auth.keysFileSecret.name or settings.NEXUS_OIDC_ISSUER; or auth.enabled=false on a network that you trust" }}
{{- end }}
{{- end }}
{{- if and (include "nexus.hasOidc" .) (not .Values.settings.NEXUS_OIDC_AUDIENCE) }}
{{- fail "settings.NEXUS_OIDC_ISSUER: set settings.NEXUS_OIDC_AUDIENCE too" }}
{{- end }}

{{- with .Values.models }}
{{- if gt (len (compact (list .existingClaim .initContainer.image .repository))) 1 }}
{{- fail "models: set only one of existingClaim, initContainer.image and repository" }}
{{- end }}
{{- if and .subPath (not .existingClaim) }}
{{- fail "models.subPath: it is a folder of a claim; set models.existingClaim too" }}
{{- end }}
{{- if and .credentialsSecret (not .repository) }}
{{- fail "models.credentialsSecret: set models.repository too" }}
{{- end }}
{{- end }}

{{- if and .Values.redis.url .Values.redis.existingSecret.name }}
{{- fail "redis: set url or existingSecret.name, not both" }}
{{- end }}
{{- if and .Values.tls.clientCaSecret.name (not .Values.tls.existingSecret) }}
{{- fail "tls.clientCaSecret: client certificates need TLS; set tls.existingSecret too" }}
{{- end }}
{{- if has (int .Values.admin.port) (list 8000 8001) }}
{{- fail (printf "admin.port: %d is the port of HTTP or gRPC; choose another one" (int .Values.admin.port)) }}
{{- end }}
{{- if eq (int .Values.service.httpPort) (int .Values.service.grpcPort) }}
{{- fail "service: httpPort and grpcPort must differ" }}
{{- end }}

{{- $needed := int64 (include "nexus.drainSeconds" .) }}
{{- $grace := int64 (include "nexus.gracePeriod" .) }}
{{- if lt $grace $needed }}
{{- fail (printf "terminationGracePeriodSeconds=%d ends pods before they have drained; set it to 0 or to at least %d (NEXUS_DRAIN_DELAY_MS + NEXUS_REQUEST_TIMEOUT_MS + 15 s), or lower those settings" $grace $needed) }}
{{- end }}

{{- with .Values.autoscaling }}
{{- if ne .type "none" }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
{{- fail (printf "autoscaling: minReplicas=%d is more than maxReplicas=%d" (int .minReplicas) (int .maxReplicas)) }}
{{- end }}
{{- if and (eq .type "keda") (not .keda.prometheusUrl) }}
{{- fail "autoscaling.keda.prometheusUrl: set the URL of Prometheus, such as http://prometheus-operated.monitoring:9090" }}
{{- end }}
{{- if not (or .targets.queuedRequests .targets.queueMs .targets.cpuPercent (ternary .extraMetrics .keda.extraTriggers (eq .type "hpa"))) }}
{{- fail "autoscaling.targets: set at least one target" }}
{{- end }}
{{- end }}
{{- end }}

{{- with .Values.podDisruptionBudget }}
{{- if and .enabled (ne (toString .maxUnavailable) "") (ne (toString .minAvailable) "") }}
{{- fail "podDisruptionBudget: set maxUnavailable or minAvailable, and the other one to ''" }}
{{- end }}
{{- end }}

{{- if and .Values.metrics.serviceMonitor.enabled .Values.metrics.podMonitor.enabled }}
{{- fail "metrics: enable serviceMonitor or podMonitor; with both, every sample exists twice" }}
{{- end }}

{{- range $kind, $route := .Values.gateway }}
{{- if and $route.enabled (not $route.parentRefs) }}
{{- fail (printf "gateway.%s.parentRefs: name the Gateway, such as [{ name: my-gateway, namespace: gateways }]" $kind) }}
{{- end }}
{{- end }}
{{- with .Values.gateway }}
{{- if and .http.enabled .grpc.enabled (eq (toJson .http.parentRefs) (toJson .grpc.parentRefs)) }}
{{- $shared := list }}
{{- range .http.hostnames }}{{ if has . $.Values.gateway.grpc.hostnames }}{{ $shared = append $shared . }}{{ end }}{{ end }}
{{- if or $shared (not .http.hostnames) (not .grpc.hostnames) }}
{{- fail "gateway: a host name of one listener belongs either to HTTP or to gRPC; set different hostnames, or different parentRefs (sectionName)" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
