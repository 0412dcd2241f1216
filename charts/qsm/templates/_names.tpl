{{/* Name of everything in this release, with room for a component behind it. */}}
{{- define "qsm.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains "qsm" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-qsm" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels by which pods are selected: (dict "root" $ "component" "message"). They never change. */}}
{{- define "qsm.selectorLabels" -}}
app.kubernetes.io/name: qsm
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{/*
Labels of an object: (dict "root" $ "component" "message" "more" (dict …)); the component and more may be left out. One map,
so that no label comes twice; those by which pods are selected go before all others.
*/}}
{{- define "qsm.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_")
  "app.kubernetes.io/version" .root.Chart.AppVersion
  "app.kubernetes.io/part-of" "qsm" -}}
{{- $fixed := include "qsm.selectorLabels" . | fromYaml | merge (dict "app.kubernetes.io/managed-by" .root.Release.Service) -}}
{{- mergeOverwrite $own .root.Values.global.labels (.more | default dict) $fixed | toYaml -}}
{{- end -}}

{{/* Metadata of an object: (dict "root" $ "name" "…" "component" "message" "annotations" (dict …)). */}}
{{- define "qsm.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "qsm.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.global.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Name of what belongs to a component: (dict "root" $ "component" "message"). */}}
{{- define "qsm.componentName" -}}
{{- printf "%s-%s" (include "qsm.fullname" .root) .component -}}
{{- end -}}

{{- define "qsm.serviceAccountName" -}}
{{- if .settings.serviceAccount.name -}}
{{- .settings.serviceAccount.name -}}
{{- else if .settings.serviceAccount.create -}}
{{- include "qsm.componentName" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}

{{/* The image of the services; the digest goes before the tag. */}}
{{- define "qsm.image" -}}
{{- $repository := include "qsm.mirrored" (dict "root" . "image" (printf "%s/%s" .Values.image.registry .Values.image.repository)) -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* An image from global.imageRegistry, where there is one: its own registry is taken off. */}}
{{- define "qsm.mirrored" -}}
{{- if .root.Values.global.imageRegistry -}}
{{- $parts := splitList "/" .image -}}
{{- $first := first $parts -}}
{{- $hasRegistry := or (contains "." $first) (contains ":" $first) (eq $first "localhost") -}}
{{- printf "%s/%s" (trimSuffix "/" .root.Values.global.imageRegistry) (join "/" (ternary (rest $parts) $parts (and $hasRegistry (gt (len $parts) 1)))) -}}
{{- else -}}
{{- trimPrefix "/" .image -}}
{{- end -}}
{{- end -}}

{{/* Host of publicUrl. */}}
{{- define "qsm.host" -}}
{{- (urlParse .Values.publicUrl).hostname -}}
{{- end -}}

{{/* A value as text for a variable. Helm reads whole numbers from files as floats: 1000000 would become 1e+06. */}}
{{- define "qsm.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- printf "%.0f" . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}
