{{/*
Variables of a component that are no secret, as a YAML map: what the chart knows, then config, then the component's config.
One map, so that no name comes twice.
*/}}
{{- define "qsm.environment" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $known := dict
  "QSM_ENV" $values.environment
  "QSM_PUBLIC_URL" $values.publicUrl
  "LOG_FORMAT" "json"
  "HOST" "0.0.0.0"
  "PORT" .port
  "ADMIN_HOST" "0.0.0.0"
  "ADMIN_PORT" (include "qsm.port" (dict "component" "admin"))
  "TRUST_PROXY" true
  "DRAIN_SECONDS" .settings.drainSeconds
  "MIGRATE_AT_START" false
-}}
{{- with $values.redis.sentinels }}
{{- $_ := set $known "REDIS_SENTINELS" (join "," .) }}
{{- $_ := set $known "REDIS_SENTINEL_NAME" $values.redis.sentinelName }}
{{- with $values.redis.sentinelUsername }}{{- $_ := set $known "REDIS_SENTINEL_USERNAME" . }}{{- end }}
{{- end }}
{{- if $values.redis.cluster }}{{- $_ := set $known "REDIS_CLUSTER" true }}{{- end }}
{{- if and $values.redis.url $values.redis.existingSecret.passwordKey }}{{- $_ := set $known "REDIS_URL" $values.redis.url }}{{- end }}
{{- $auth := include "qsm.internalUrl" (dict "root" $root "component" "auth") -}}
{{- $quantum := include "qsm.internalUrl" (dict "root" $root "component" "quantum-crypto") -}}
{{- if ne .component "auth" }}{{- $_ := set $known "AUTH_URL" $auth }}{{- end }}
{{- if ne .component "quantum-crypto" }}{{- $_ := set $known "QUANTUM_API_URL" $quantum }}{{- end }}
{{- if and (eq .component "message") $values.components.quantumCrypto.expose }}{{- $_ := set $known "QUANTUM_PUBLIC_URL" $values.publicUrl }}{{- end }}
{{- $all := mergeOverwrite $known (deepCopy $values.config) (deepCopy .settings.config) -}}
{{- range $name, $value := $all }}
{{ $name }}: {{ include "qsm.text" $value | quote }}
{{- end }}
{{- end -}}

{{/*
Where the secrets of a component come from, as a YAML list of {variable, secret, key}. They are files, named by NAME_FILE:
nothing secret stands in the environment of a process.
*/}}
{{- define "qsm.secretFiles" -}}
{{- $values := .root.Values -}}
{{- $own := include "qsm.fullname" .root -}}
- variable: DATABASE_URL
{{- if and (eq .component "migrate") $values.database.migrationSecret.name }}
  secret: {{ $values.database.migrationSecret.name }}
  key: {{ $values.database.migrationSecret.urlKey }}
{{- else }}
  secret: {{ $values.database.existingSecret.name | default $own }}
  key: {{ ternary $values.database.existingSecret.urlKey "database-url" (not (empty $values.database.existingSecret.name)) }}
{{- end }}
{{- if ne .component "migrate" }}
{{- if or (not $values.redis.existingSecret.name) $values.redis.existingSecret.urlKey }}
- variable: REDIS_URL
  secret: {{ $values.redis.existingSecret.name | default $own }}
  key: {{ ternary $values.redis.existingSecret.urlKey "redis-url" (not (empty $values.redis.existingSecret.name)) }}
{{- end }}
{{- with $values.redis.existingSecret.passwordKey }}
- variable: REDIS_PASSWORD
  secret: {{ $values.redis.existingSecret.name }}
  key: {{ . }}
{{- end }}
{{- with $values.redis.existingSecret.sentinelPasswordKey }}
- variable: REDIS_SENTINEL_PASSWORD
  secret: {{ $values.redis.existingSecret.name }}
  key: {{ . }}
{{- end }}
- variable: JWT_SECRET
  secret: {{ $values.secrets.existingSecret | default $own }}
  key: {{ $values.secrets.jwtSecretKey }}
{{- with $values.secrets.jwtSecretPreviousKey }}
- variable: JWT_SECRET_PREVIOUS
  secret: {{ $values.secrets.existingSecret | default $own }}
  key: {{ . }}
{{- end }}
{{- if eq .component "quantum-crypto" }}
- variable: QSM_KEK
  secret: {{ $values.secrets.existingSecret | default $own }}
  key: {{ $values.secrets.kekKey }}
{{- end }}
{{- end }}
{{- end -}}
