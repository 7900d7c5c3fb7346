{{/* What the chart reads out of the configuration: where jobs wait, which variables it names, where events come in. */}}

{{/* As JSON: kind, prefix, region, endpoint. What `broker` says goes before what the configuration says. */}}
{{- define "minilab.broker" -}}
{{- $queue := get (default dict .Values.config) "queue" | default dict -}}
{{- $kind := .Values.broker.kind -}}
{{- range list "sqs" "rabbitmq" }}{{ if and (not $kind) (hasKey $queue .) }}{{ $kind = . }}{{ end }}{{ end -}}
{{- $settings := default dict (get $queue $kind) -}}
{{- dict
  "kind" $kind
  "prefix" (coalesce .Values.broker.prefix $settings.prefix "minilab")
  "region" (coalesce .Values.broker.sqs.region $settings.region "")
  "endpoint" (coalesce .Values.broker.sqs.endpoint $settings.endpoint "")
| toJson }}
{{- end }}

{{/* Name of a lane's queue at the broker, of (dict "broker" $broker "lane" "fast"). */}}
{{- define "minilab.queueName" -}}
{{- if eq .broker.kind "sqs" -}}
{{ .broker.prefix }}-jobs-{{ .lane }}
{{- else -}}
{{ .broker.prefix }}.v1.jobs.{{ .lane }}
{{- end }}
{{- end }}

{{/* Names of the variables of the configuration, separated by spaces. */}}
{{- define "minilab.variables" -}}
{{- range regexFindAll "\"\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}\"" (toJson .Values.config) -1 }} {{ trimAll "\"${}" . }}{{ end -}}
{{- end }}

{{/* Where `intake: [{ webhook: { listen } }]` listens; empty without one. */}}
{{- define "minilab.eventsListen" -}}
{{- $listen := "" -}}
{{- range get (default dict .Values.config) "intake" | default list }}
{{- if and (kindIs "map" .) (hasKey . "webhook") (not $listen) }}{{ $listen = toString .webhook.listen }}{{ end }}
{{- end -}}
{{ $listen }}
{{- end }}

{{- define "minilab.eventsPort" -}}
{{ include "minilab.eventsListen" . | regexFind "[0-9]+$" }}
{{- end }}
