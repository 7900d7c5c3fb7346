{{/* Figures that follow from others. */}}

{{/* How much of what waits one pod is enough for, in seconds of work: slots x 0.8 x drainSeconds. The rest is for what comes meanwhile. */}}
{{- define "minilab.secondsPerPod" -}}
{{ max 1 (mulf .slots 0.8 .autoscaling.drainSeconds | floor | int) }}
{{- end }}

{{/* The same in messages: by what the mean job costs. */}}
{{- define "minilab.messagesPerPod" -}}
{{ max 1 (divf (mulf .slots 0.8 .autoscaling.drainSeconds) .autoscaling.meanSeconds | floor | int) }}
{{- end }}

{{/* Most pods that there may be. */}}
{{- define "minilab.podsMax" -}}
{{ eq .autoscaling.kind "none" | ternary .replicas .autoscaling.max | int }}
{{- end }}

{{/* A quantity of memory in MiB; empty if it is none. */}}
{{- define "minilab.mebibytes" -}}
{{- $quantity := toString . -}}
{{- if regexMatch "^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$" $quantity -}}
{{- $number := regexFind "^[0-9.]+" $quantity | float64 -}}
{{- $unit := regexFind "[A-Za-z]+$" $quantity -}}
{{- $bytes := dict "" 1 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 -}}
{{ divf (mulf $number (get $bytes $unit)) 1048576 | floor | int }}
{{- end }}
{{- end }}

{{/* Memory that a worker may plan for, in MiB: 768 for each renderer at work, and 256 for itself. */}}
{{- define "minilab.memoryPlanned" -}}
{{- $shares := and (has "fast" .lanes) (gt (len .lanes) 1) | ternary 1 0 -}}
{{ add (mul (add .slots $shares) 768) 256 }}
{{- end }}
