{{/* What all pods and containers have in common. */}}

{{/* Of (dict "root" $ "serviceAccount" NAME). */}}
{{- define "minilab.podBase" -}}
{{- $root := .root -}}
serviceAccountName: {{ .serviceAccount }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml $root.Values.podSecurityContext | nindent 2 }}
{{- with concat $root.Values.global.imagePullSecrets $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "minilab.containerBase" -}}
image: {{ include "minilab.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- with include "minilab.env" . | trim }}
env:
  {{- . | nindent 2 }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Each name once, because the API server refuses two: what is said last wins. */}}
{{- define "minilab.env" -}}
{{- $variables := dict -}}
{{- range $name, $from := .Values.secretVariables }}
{{- $_ := set $variables $name (dict "name" $name "valueFrom" (dict "secretKeyRef" (dict "name" $from.secret "key" $from.key))) }}
{{- end }}
{{- range .Values.extraEnv }}
{{- $_ := set $variables .name . }}
{{- end }}
{{- range keys $variables | sortAlpha }}
{{ list (get $variables .) | toYaml }}
{{- end }}
{{- end }}

{{/* Arguments that every command has. */}}
{{- define "minilab.configArguments" -}}
- --config=/etc/minilab/minilab.yaml
- --log-format={{ .Values.log.format }}
- --log-level={{ .Values.log.level }}
{{- end }}

{{- define "minilab.mounts" -}}
- name: config
  mountPath: /etc/minilab
  readOnly: true
- name: scratch
  mountPath: /tmp
{{- end }}

{{/* Of (dict "root" $ "configMap" NAME "scratch" (dict "sizeLimit" "1Gi" "medium" "")). */}}
{{- define "minilab.volumes" -}}
- name: config
  configMap:
    name: {{ .configMap }}
    items:
      - key: {{ empty .root.Values.existingConfigMap.name | ternary "minilab.yaml" .root.Values.existingConfigMap.key }}
        path: minilab.yaml
- name: scratch
  emptyDir:
    sizeLimit: {{ .scratch.sizeLimit }}
    {{- with .scratch.medium }}
    medium: {{ . }}
    {{- end }}
{{- end }}

{{/* They answer from the first moment to the last, so that a start needs no patience of its own. */}}
{{- define "minilab.probes" -}}
livenessProbe:
  httpGet:
    path: /livez
    port: metrics
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: metrics
  periodSeconds: {{ .readinessPeriodSeconds }}
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}

{{/* Zones and hosts, as evenly as can be, of (dict "constraints" LIST "selector" LABELS). */}}
{{- define "minilab.spread" -}}
{{- if .constraints -}}
{{ toYaml .constraints }}
{{- else -}}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  matchLabelKeys: [pod-template-hash]
  labelSelector:
    matchLabels:
      {{- $.selector | nindent 6 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where pods run, of a component's values. */}}
{{- define "minilab.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Restarts pods when the configuration changes. */}}
{{- define "minilab.podAnnotations" -}}
{{- $annotations := dict }}
{{- if not .root.Values.existingConfigMap.name }}
{{- $_ := set $annotations "checksum/config" (toYaml .root.Values.config | sha256sum) }}
{{- end }}
{{- with merge (deepCopy .annotations) $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
