{{/* What stands before images that name no registry's host: nothing, or the registry and a slash. */}}
{{- define "NAME.registry" -}}
{{- with .Values.registry }}{{ . }}/{{ end }}
{{- end }}

{{/* An image's reference. Takes registry (may be absent), repository, and image: tag and digest. */}}
{{- define "NAME.image" -}}
{{- with .registry }}{{ . }}/{{ end }}
{{- .repository }}
{{- with .image.tag }}:{{ . }}{{ end }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* The name of an object that never changes: another one where values change what it holds.
Takes name, and as lists what it holds of the values and what that is by default. */}}
{{- define "NAME.hashed" -}}
{{- $values := toJson .values }}
{{- if eq $values (toJson .defaults) }}
{{- .name }}
{{- else }}
{{- printf "%s-%s" (trunc 52 .name | trimSuffix "-") (printf "%s %s" .name $values | sha256sum | trunc 10) }}
{{- end }}
{{- end }}
