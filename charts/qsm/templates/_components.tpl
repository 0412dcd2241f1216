{{/* The port of a component, or the `admin` port that each has: (dict "component" "auth"). */}}
{{- define "qsm.port" -}}
{{- get (dict "auth" 8000 "message" 8000 "quantum-crypto" 8001 "admin" 9464) .component -}}
{{- end -}}

{{/*
The components, as YAML: a list of {key, component, port, settings}. Settings are the defaults with what the component
overrides. Every template that makes one object for each component ranges over it.
*/}}
{{- define "qsm.components" -}}
{{- range $key := list "auth" "message" "quantumCrypto" }}
- key: {{ $key }}
  component: {{ kebabcase $key }}
  port: {{ include "qsm.port" (dict "component" (kebabcase $key)) }}
  settings:
    {{- mergeOverwrite (deepCopy $.Values.defaults) (deepCopy (get $.Values.components $key)) | toYaml | nindent 4 }}
{{- end }}
{{- end -}}

{{/* Whether a component may have more than one pod: then a budget makes sense. */}}
{{- define "qsm.hasSeveralPods" -}}
{{- $fewest := ternary .autoscaling.minReplicas .replicas .autoscaling.enabled | int -}}
{{- if gt $fewest 1 }}true{{ end -}}
{{- end -}}

{{/* Address of a component within the cluster: (dict "root" $ "component" "auth"). */}}
{{- define "qsm.internalUrl" -}}
{{- printf "http://%s.%s.svc:%s" (include "qsm.componentName" .) .root.Release.Namespace (include "qsm.port" .) -}}
{{- end -}}

{{/*
Which paths belong to which service. What is not named, such as /internal, is nobody's. No path fits two entries, in whatever
way a controller reads them: some take a prefix for letters instead of parts of a path, and some let a long prefix go before
a short exact path.
*/}}
{{- define "qsm.paths" -}}
- component: auth
  exact:
    - /api/register
    - /api/login
    - /api/token/refresh
    - /api/logout
    - /api/me
    - /api/password
    - /api/sessions
    - /api/account
    - /api/account/export
  prefixes: [/api/sessions/]
{{- if .Values.components.quantumCrypto.expose }}
- component: quantum-crypto
  prefixes: [/api/quantum/]
{{- end }}
- component: message
  exact: [/, /api/health, /api/config, /api/stats]
  prefixes:
    - /api/users/
    - /api/devices
    - /api/connection/
    - /api/connections
    - /api/message/
    - /api/messages
    - /api/session/
    - /api/ws/
    - /docs
    - /openapi.json
    - /asyncapi.json
- component: message
  sockets: true
  prefixes: [/ws]
{{- end -}}
