{{/* What objects are called, and the labels that tie them together. */}}

{{- define "minilab.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Short enough that the name of a group and what Kubernetes adds fit behind it. */}}
{{- define "minilab.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "minilab.name" .) .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "minilab.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Of (dict "root" $ "component" "worker" "group" "fast"); the group is left out where there is none. */}}
{{- define "minilab.selectorLabels" -}}
app.kubernetes.io/name: {{ include "minilab.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .group }}
minilab.dev/lane-group: {{ . }}
{{- end }}
{{- end }}

{{- define "minilab.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{ include "minilab.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: minilab
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of (dict "root" $ "component" "worker"). */}}
{{- define "minilab.serviceAccountName" -}}
{{- $account := index .root.Values.serviceAccounts .component -}}
{{ default (printf "%s-%s" (include "minilab.fullname" .root) .component) $account.name }}
{{- end }}

{{/* The activation runs before the other ServiceAccounts are there: with one of its own, or with the operator's that exists. */}}
{{- define "minilab.activationServiceAccountName" -}}
{{- if .Values.serviceAccounts.operator.create -}}
{{ include "minilab.fullname" . }}-activate
{{- else -}}
{{ include "minilab.serviceAccountName" (dict "root" . "component" "operator") }}
{{- end }}
{{- end }}

{{- define "minilab.image" -}}
{{- $registry := default .Values.image.registry .Values.global.imageRegistry -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- with $registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "minilab.configMapName" -}}
{{ default (include "minilab.fullname" .) .Values.existingConfigMap.name }}
{{- end }}
