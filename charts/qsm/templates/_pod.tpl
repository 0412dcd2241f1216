{{/* What Pod Security "restricted" asks for, of a pod. */}}
{{- define "qsm.podSecurityContext" -}}
{{- $own := dict "runAsNonRoot" true "runAsUser" 65532 "runAsGroup" 65532 "fsGroup" 65532 "fsGroupChangePolicy" "OnRootMismatch" "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- mergeOverwrite $own (deepCopy (.podSecurityContext | default dict)) | toYaml -}}
{{- end -}}

{{/* The same of a container. */}}
{{- define "qsm.containerSecurityContext" -}}
{{- $own := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL")) -}}
{{- mergeOverwrite $own (deepCopy (.securityContext | default dict)) | toYaml -}}
{{- end -}}

{{/*
One container of our image: (dict "root" $ "component" "message" "settings" … "name" … "command" … "resources" …).
Its variables are those of the ConfigMap `configMap`, the files of its secrets, and extraEnv. The files are in the volume
`secretVolume`, which is `secrets` where left out.
*/}}
{{- define "qsm.container" -}}
name: {{ .name }}
image: {{ include "qsm.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: {{ toJson .command }}
securityContext:
  {{- include "qsm.containerSecurityContext" .settings | nindent 2 }}
{{- if or .configMap .settings.extraEnvFrom }}
envFrom:
  {{- with .configMap }}
  - configMapRef: { name: {{ . }} }
  {{- end }}
  {{- with .settings.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- $env := dict -}}
{{- range (include "qsm.secretFiles" . | fromYamlArray) }}
{{- $_ := set $env (printf "%s_FILE" .variable) (dict "value" (printf "/run/secrets/qsm/%s" .variable)) }}
{{- end }}
{{- range $name, $value := .env }}
{{- $_ := set $env $name (dict "value" (include "qsm.text" $value)) }}
{{- end }}
{{- range $name, $value := .settings.extraEnv }}
{{- $_ := set $env $name (ternary $value (dict "value" (include "qsm.text" $value)) (kindIs "map" $value)) }}
{{- end }}
env:
  {{- range $name, $value := $env }}
  - name: {{ $name }}
    {{- toYaml $value | nindent 4 }}
  {{- end }}
resources:
  {{- toYaml .resources | nindent 2 }}
volumeMounts:
  - { name: {{ .secretVolume | default "secrets" }}, mountPath: /run/secrets/qsm, readOnly: true }
  - { name: tmp, mountPath: /tmp }
  {{- with .settings.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* The files of the secrets of `component`, as a volume: `secretVolume` is its name, `secrets` where left out. */}}
{{- define "qsm.secretVolume" -}}
- name: {{ .secretVolume | default "secrets" }}
  projected:
    defaultMode: 0440
    sources:
      {{- range (include "qsm.secretFiles" . | fromYamlArray) }}
      - secret: { name: {{ .secret }}, items: [{ key: {{ .key | quote }}, path: {{ .variable }} }] }
      {{- end }}
{{- end -}}

{{/* The volumes that every pod of ours has. */}}
{{- define "qsm.volumes" -}}
{{ include "qsm.secretVolume" . }}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- with .settings.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where pods go and as whom they run: (dict "root" $ "component" … "settings" … "serviceAccount" …). */}}
{{- define "qsm.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- if not .settings.hostUsers }}
hostUsers: false
{{- end }}
serviceAccountName: {{ .serviceAccount }}
securityContext:
  {{- include "qsm.podSecurityContext" .settings | nindent 2 }}
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .settings.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
The migration as a container, for the Job and for init containers. It gets the address of the database and no other secret;
an init container has it in a volume of its own.
*/}}
{{- define "qsm.migrateContainer" -}}
{{- include "qsm.container" (dict
  "root" .root "component" "migrate" "settings" .settings "name" "migrate" "secretVolume" .secretVolume
  "command" (list "node" "services/standalone/bin/qsm-server.js" "migrate")
  "env" (dict "QSM_ENV" .root.Values.environment "LOG_FORMAT" "json")
  "resources" .root.Values.migrations.resources) -}}
{{- end -}}
