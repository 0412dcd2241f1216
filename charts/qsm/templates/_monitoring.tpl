{{/* Metadata of an object for Prometheus or Grafana: (dict "root" $ "name" "…" "settings" …), whose labels and annotations come on top. */}}
{{- define "qsm.monitoringMetadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- merge (dict) (.settings.labels | default dict) (include "qsm.labels" . | fromYaml) | toYaml | nindent 2 }}
{{- with merge (dict) (.settings.annotations | default dict) .root.Values.global.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
