{{/* What does not fit together ends the render, with what to set instead. */}}
{{- define "qsm.validate" -}}
{{- $values := .Values -}}
{{- $problems := list -}}
{{- if not (regexMatch "^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?$" $values.publicUrl) -}}
{{- $problems = append $problems "publicUrl is where clients reach this installation, in small letters and without a path or a slash at the end: --set publicUrl=https://chat.example.org" -}}
{{- end -}}
{{- $hasDatabase := or $values.database.url $values.database.existingSecret.name -}}
{{- if and (not $hasDatabase) (not $values.dev.enabled) -}}
{{- $problems = append $problems "a PostgreSQL is needed: --set database.existingSecret.name=SECRET (key `uri`), or database.url; for trying out: --set environment=development,dev.enabled=true" -}}
{{- end -}}
{{- if and $values.database.url $values.database.existingSecret.name -}}
{{- $problems = append $problems "database.url and database.existingSecret.name are both set: keep one" -}}
{{- end -}}
{{- if and $values.database.url (not (regexMatch "^postgres(ql)?://" $values.database.url)) -}}
{{- $problems = append $problems "database.url must begin with postgresql:// (another database cannot be used): postgresql://USER:PASSWORD@HOST:5432/DATABASE" -}}
{{- end -}}
{{- if and (eq (toString $values.config.DATABASE_POOLER) "transaction") (not $values.database.migrationSecret.name) -}}
{{- $problems = append $problems "config.DATABASE_POOLER=transaction needs database.migrationSecret.name: a Secret with the address of PostgreSQL itself, as migrations do not work over a pooler" -}}
{{- end -}}
{{- if and $values.redis.url (not (regexMatch "^rediss?://" $values.redis.url)) -}}
{{- $problems = append $problems "redis.url must begin with redis://, or rediss:// for TLS: redis://HOST:6379" -}}
{{- end -}}
{{- if and $values.image.digest (not (regexMatch "^sha256:[0-9a-f]{64}$" $values.image.digest)) -}}
{{- $problems = append $problems "image.digest is sha256: and 64 hexadecimal digits; a tag belongs into image.tag" -}}
{{- end -}}
{{- if and $values.fullnameOverride (not (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" $values.fullnameOverride)) -}}
{{- $problems = append $problems "fullnameOverride becomes the name of objects: small letters, digits and hyphens, beginning with a letter" -}}
{{- end -}}
{{- $redisSecret := $values.redis.existingSecret -}}
{{- if and (not $values.redis.url) (not $redisSecret.name) (not $values.dev.enabled) -}}
{{- $problems = append $problems "a Redis is needed, over which the pods tell each other of messages: --set redis.url=redis://HOST:6379, or redis.existingSecret.name and .urlKey" -}}
{{- end -}}
{{- if and $redisSecret.name (not $redisSecret.urlKey) (not $redisSecret.passwordKey) -}}
{{- $problems = append $problems "redis.existingSecret.name needs urlKey (the whole address) or passwordKey (then redis.url has the address)" -}}
{{- end -}}
{{- if and $redisSecret.name $redisSecret.urlKey $values.redis.url -}}
{{- $problems = append $problems "redis.url and redis.existingSecret.urlKey both give an address: keep one" -}}
{{- end -}}
{{- if and $redisSecret.passwordKey (not $redisSecret.urlKey) (not $values.redis.url) -}}
{{- $problems = append $problems "redis.existingSecret.passwordKey needs redis.url, the address without a password: redis://default@HOST:6379" -}}
{{- end -}}
{{- if and $redisSecret.passwordKey (not $redisSecret.name) -}}
{{- $problems = append $problems "redis.existingSecret.passwordKey needs redis.existingSecret.name" -}}
{{- end -}}
{{- if and $redisSecret.sentinelPasswordKey (not $redisSecret.name) -}}
{{- $problems = append $problems "redis.existingSecret.sentinelPasswordKey needs redis.existingSecret.name" -}}
{{- end -}}
{{- if and $redisSecret.sentinelPasswordKey (not $values.redis.sentinels) -}}
{{- $problems = append $problems "redis.existingSecret.sentinelPasswordKey needs redis.sentinels, which ask for it: --set redis.sentinels[0]=HOST:26379" -}}
{{- end -}}
{{- if and $values.redis.sentinelUsername (not $redisSecret.sentinelPasswordKey) -}}
{{- $problems = append $problems "redis.sentinelUsername needs redis.existingSecret.sentinelPasswordKey, the password of that user" -}}
{{- end -}}
{{- if and $redisSecret.passwordKey (contains ":" (urlParse $values.redis.url).userinfo) -}}
{{- $problems = append $problems "redis.url has a password beside redis.existingSecret.passwordKey, and would show it in a ConfigMap: take it out of the address" -}}
{{- end -}}
{{- if and $values.redis.cluster $values.redis.sentinels -}}
{{- $problems = append $problems "redis.cluster and redis.sentinels exclude each other: keep one" -}}
{{- end -}}
{{- if and $values.dev.enabled (ne $values.environment "development") -}}
{{- $problems = append $problems "dev.enabled is for trying out and keeps nothing safe: set environment=development, or take a PostgreSQL and a Redis of your own" -}}
{{- end -}}
{{- if and $values.dev.enabled (or $hasDatabase $values.redis.url $redisSecret.name) -}}
{{- $problems = append $problems "dev.enabled brings its own PostgreSQL and Valkey: leave database and redis out, or turn it off" -}}
{{- end -}}
{{- if and $values.ingress.enabled $values.httpRoute.enabled -}}
{{- $problems = append $problems "ingress.enabled and httpRoute.enabled exclude each other: --set ingress.enabled=false keeps the HTTPRoute" -}}
{{- end -}}
{{- if and $values.httpRoute.enabled (not $values.httpRoute.parentRefs) -}}
{{- $problems = append $problems "httpRoute.parentRefs must name a Gateway: --set httpRoute.parentRefs[0].name=GATEWAY" -}}
{{- end -}}
{{- $tls := $values.ingress.tls -}}
{{- $certificates := compact (list $tls.existingSecret $tls.clusterIssuer $tls.issuer) -}}
{{- if and $values.ingress.enabled (hasPrefix "https://" $values.publicUrl) (not $certificates) (not $tls.terminatedElsewhere) -}}
{{- $problems = append $problems "publicUrl is https, so the Ingress needs a certificate: ingress.tls.clusterIssuer (cert-manager), .existingSecret, or .terminatedElsewhere=true" -}}
{{- end -}}
{{- if gt (len $certificates) 1 -}}
{{- $problems = append $problems "of ingress.tls.existingSecret, .clusterIssuer and .issuer keep one" -}}
{{- end -}}
{{- if and $certificates (hasPrefix "http://" $values.publicUrl) -}}
{{- $problems = append $problems "ingress.tls has a certificate, but publicUrl begins with http:// - make it https://" -}}
{{- end -}}
{{- if and (hasPrefix "http://" $values.publicUrl) (eq $values.environment "production") -}}
{{- $problems = append $problems "publicUrl must be https in production: passwords and tokens would pass in the open" -}}
{{- end -}}
{{- if and $values.tests.caConfigMap $values.tests.caSecret -}}
{{- $problems = append $problems "of tests.caConfigMap and tests.caSecret keep one" -}}
{{- end -}}
{{- range (include "qsm.components" . | fromYamlArray) -}}
{{- if and .settings.autoscaling.enabled (gt (int .settings.autoscaling.minReplicas) (int .settings.autoscaling.maxReplicas)) -}}
{{- $problems = append $problems (printf "components.%s.autoscaling: minReplicas is more than maxReplicas" .key) -}}
{{- end -}}
{{- if and (dig "keda" "enabled" false .settings.autoscaling) (not .settings.autoscaling.enabled) -}}
{{- $problems = append $problems (printf "components.%s.autoscaling.keda.enabled needs autoscaling.enabled=true" .key) -}}
{{- end -}}
{{- end -}}
{{- /* values.schema.json refuses unknown names before this; these it lets pass, so that the place can be told. */}}
{{- $elsewhere := .Files.Get "files/elsewhere.yaml" | fromYaml -}}
{{- range $old, $place := $elsewhere.values -}}
{{- if hasKey $values $old -}}
{{- $problems = append $problems (printf "%s is no value of this chart: use %s" $old $place) -}}
{{- end -}}
{{- end -}}
{{- $configs := dict "config" $values.config "defaults.config" $values.defaults.config -}}
{{- range $key, $component := $values.components -}}
{{- $_ := set $configs (printf "components.%s.config" $key) ($component.config | default dict) -}}
{{- end -}}
{{- range $path, $config := $configs -}}
{{- range $variable, $place := $elsewhere.config -}}
{{- if hasKey $config $variable -}}
{{- $problems = append $problems (printf "%s.%s does not belong there: %s" $path $variable $place) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $extraEnvs := dict "defaults.extraEnv" $values.defaults.extraEnv -}}
{{- range $key, $component := $values.components -}}
{{- $_ := set $extraEnvs (printf "components.%s.extraEnv" $key) ($component.extraEnv | default dict) -}}
{{- end -}}
{{- range $path, $extra := $extraEnvs -}}
{{- range $variable := $elsewhere.secrets -}}
{{- $value := get $extra $variable -}}
{{- if and (hasKey $extra $variable) (or (not (kindIs "map" $value)) (not (hasKey $value "valueFrom"))) -}}
{{- $problems = append $problems (printf "%s.%s would stand readable in the pod: give it valueFrom.secretKeyRef" $path $variable) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n\nThe values do not fit (%d):\n  - %s\n" (len $problems) (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}
