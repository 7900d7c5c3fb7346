#!/usr/bin/env python3
"""Makes helm/files/dashboards/*.json, for Grafana 10 and newer: `dashboards.py [--check]`.

A dashboard is rows of panels, a panel its queries; this file says only what is particular to each. `minilab_x<lane="fast">` in a query
stands for the matchers of the variables that every dashboard has, and these. With --check nothing is written: what differs is told, exit 1.
"""
import json
import re
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "helm" / "files" / "dashboards"
OF = 'namespace=~"$namespace",job=~"$job",instance=~"$instance"'
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SELECTOR = re.compile(r"(minilab_[a-z_]+)<([^<>]*)>")
RATE = "[$__rate_interval]"
# Bounds of the lanes' targets; rules/recording.yaml has the same.
IN_TIME = " or ".join(
    f'increase(minilab_upload_to_published_seconds_bucket<lane="{lane}",le=~"{target}(\\\\.0)?">[$__range])'
    for lane, target in (("fast", 10), ("standard", 60), ("bulk", 1800)))
LATENESS = f"(1 - sum({IN_TIME}) / sum(increase(minilab_upload_to_published_seconds_count<>[$__range])))"


def selected(found):
    return f"{found[1]}{{{OF}{',' * bool(found[2])}{found[2]}}}"


def panel(title, description, unit, *queries, kind="timeseries", width=12, height=8, stacked=False, logarithmic=False, steps=None):
    """A query is its expression, or (expression, legend). `steps` are (colour, from which value)."""
    targets = []
    for index, query in enumerate(queries):
        expression, legend = query if isinstance(query, tuple) else (query, "")
        target = {"datasource": DATASOURCE, "expr": SELECTOR.sub(selected, expression),
                  "legendFormat": legend, "refId": chr(ord("A") + index)}
        if kind in ("stat", "table"):
            target["instant"] = True
        if kind == "heatmap":
            target["format"] = "heatmap"
        targets.append(target)
    thresholds = [{"color": colour, "value": value} for colour, value in steps or [("green", None)]]
    defaults = {"unit": unit, "thresholds": {"mode": "absolute", "steps": thresholds}}
    options = {}
    if kind == "timeseries":
        defaults["custom"] = {"fillOpacity": 30 if stacked else 0, "stacking": {"mode": "normal" if stacked else "none"}}
        if logarithmic:
            defaults["custom"]["scaleDistribution"] = {"type": "log", "log": 10}
        else:
            defaults["min"] = 0
        options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    if kind == "stat":
        options = {"colorMode": "value", "graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}}
    if kind == "heatmap":
        options = {"calculate": False, "yAxis": {"unit": unit}, "color": {"mode": "scheme", "scheme": "Oranges"}}
    if kind == "state-timeline":
        options = {"showValue": "never"}
    return {"title": title, "description": description, "type": kind, "datasource": DATASOURCE, "targets": targets,
            "fieldConfig": {"defaults": defaults, "overrides": []}, "options": options, "gridPos": {"w": width, "h": height}}


def stat(title, description, unit, query, steps=None):
    return panel(title, description, unit, query, kind="stat", width=6, height=4, steps=steps)


def quantiles(metric, by):
    """Lines of the median, of 95 % and of 99 %."""
    return [(f"histogram_quantile({q}, sum by (le, {by}) (rate({metric}_bucket<>{RATE})))", f"{{{{{by}}}}} p{name}")
            for q, name in ((0.5, 50), (0.95, 95), (0.99, 99))]


def variable(name, label, metric):
    return {"name": name, "label": label, "type": "query", "datasource": DATASOURCE, "refresh": 2, "sort": 1, "multi": True, "includeAll": True,
            "allValue": ".*" if name == "namespace" else ".+", "current": {"text": "All", "value": "$__all"},
            "query": f"label_values({metric}, {name})", "definition": f"label_values({metric}, {name})"}


def constant(name, label, value):
    return {"name": name, "label": label, "type": "textbox", "query": value, "current": {"text": value, "value": value}}


def dashboard(name, title, description, panels, more=()):
    x = y = tallest = 0
    for number, one in enumerate(panels, 1):
        place = one["gridPos"]
        if x + place["w"] > 24:
            x, y, tallest = 0, y + tallest, 0
        place.update(x=x, y=y)
        x, tallest = x + place["w"], max(tallest, place["h"])
        one["id"] = number
    variables = [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {"text": "default", "value": "default"}},
        variable("namespace", "Namespace", "minilab_build_info"),
        variable("job", "Job", 'minilab_build_info{namespace=~"$namespace"}'),
        variable("instance", "Instance", 'minilab_build_info{namespace=~"$namespace",job=~"$job"}'),
        *more,
    ]
    changes = {"name": "New versions", "enable": True, "iconColor": "blue", "datasource": DATASOURCE, "titleFormat": "{{version}}",
               "expr": 'count by (version) (minilab_build_info{%s}) unless count by (version) (minilab_build_info{%s} offset 5m)' % (OF, OF)}
    links = [{"title": "minilab", "type": "dashboards", "tags": ["minilab"], "asDropdown": True, "includeVars": True, "keepTime": True}]
    return name, {"uid": f"minilab-{name}", "title": f"minilab / {title}", "description": description, "tags": ["minilab"], "editable": False,
                  "graphTooltip": 1, "schemaVersion": 38, "version": 1, "refresh": "30s", "time": {"from": "now-6h", "to": "now"},
                  "timezone": "utc", "annotations": {"list": [changes]}, "links": links, "templating": {"list": variables}, "panels": panels}


GOOD_IS_LOW = [("green", None), ("orange", 0.01), ("red", 0.05)]

OVERVIEW = dashboard("overview", "Overview", "Do users get their derivatives in time?", [
    stat("Published in time", "Of what was published in the range, the part within its lane's target (fast 10 s, standard 60 s, bulk 30 min).", "percentunit",
         f"1 - {LATENESS}", [("red", None), ("orange", 0.98), ("green", 0.99)]),
    stat("Error budget left", "Of 1 % that may come late in the range, the part that is left. Below 0: more came late.", "percentunit",
         f"1 - {LATENESS} / 0.01", [("red", None), ("orange", 0.1), ("green", 0.5)]),
    stat("Work waiting", "CPU seconds of work that wait in all lanes, as dispatchers predict them.", "s",
         "sum(max by (lane) (minilab_work_waiting_seconds<>)) or vector(0)"),
    stat("Messages waiting", "Jobs that are due and that no worker has, in all queues but that of dead letters.", "short",
         'sum(max by (queue) (minilab_queue_messages<state="ready",queue!="dead">))'),
    stat("Published", "Lanes of originals that were published each second.", "ops", f"sum(rate(minilab_upload_to_published_seconds_count<>{RATE}))"),
    stat("Files", "Files that were made each second.", "ops", f'sum(rate(minilab_files_total<outcome="rendered">{RATE}))'),
    stat("Dead letters", "Jobs given up in the range, by workers and by the broker.", "short",
         "sum(round(increase(minilab_dead_letters_total<>[$__range]))) + sum(round(increase(minilab_dead_letters_recorded_total<>[$__range])))",
         [("green", None), ("red", 0.5)]),
    stat("Processes", "Workers and dispatchers that can do their work.", "short", "sum(minilab_ready<>)"),
    panel("From upload to published", "Time from the event to the swap that publishes a lane; the targets are those that rules record.", "s",
          *quantiles("minilab_upload_to_published_seconds", "lane"), ("minilab:slo_target_seconds", "{{lane}} target"), width=24, height=9,
          logarithmic=True),
    panel("Budget burn", "How many times faster than allowed the budget of late publications is spent: 14.4 over an hour and 6 over six hours page.", "short",
          *[(f'minilab:published_late:ratio_rate{w}{{namespace=~"$namespace"}} / (1 - scalar(minilab:slo_objective:ratio))', f"{{{{lane}}}} {w}")
            for w in ("5m", "1h", "6h")]),
    panel("Published by lane", "Lanes of originals that were published each second.", "ops",
          (f"sum by (lane) (rate(minilab_upload_to_published_seconds_count<>{RATE}))", "{{lane}}"), stacked=True),
    panel("Files by format", "Files that were made each second.", "ops",
          (f'sum by (format) (rate(minilab_files_total<outcome="rendered">{RATE}))', "{{format}}"), stacked=True),
    panel("Attempts that failed, by class", "`input` is the uploader's; the others are ours, and are tried again or given up.", "ops",
          (f'sum by (class) (rate(minilab_jobs_total<class!~"complete|no_op|partial">{RATE}))', "{{class}}"), stacked=True),
])

LANE = dashboard("lane", "Lane", "One lane: what waits, how fast it goes, where the time goes.", [
    panel("Messages", "By where they are; dispatchers look every 15 s. What the broker does not tell is 0.", "short",
          ('max by (queue, state) (minilab_queue_messages<queue=~"$lane|backfill">)', "{{queue}} {{state}}")),
    panel("Seconds of work waiting", "CPU seconds of work that wait, as dispatchers predict them.", "s",
          ('max by (lane) (minilab_work_waiting_seconds<lane=~"$lane">)', "{{lane}}")),
    panel("Ended and published", "Deliveries that ended, and lanes that were published, each second.", "ops",
          (f'sum by (lane) (rate(minilab_jobs_total<lane=~"$lane">{RATE}))', "{{lane}} ended"),
          (f'sum by (lane) (rate(minilab_upload_to_published_seconds_count<lane=~"$lane">{RATE}))', "{{lane}} published")),
    panel("Time until what waits is done", "Messages that wait, by how many deliveries end. Nothing is drawn while nothing waits or nothing ends.", "s",
          (f'max by (lane) (label_replace(minilab_queue_messages<state="ready",queue=~"$lane">, "lane", "$1", "queue", "(.*)"))'
           f' / sum by (lane) (rate(minilab_jobs_total<lane=~"$lane">{RATE}))', "{{lane}}")),
    panel("Wait before a worker", "From the event to a worker's receipt.", "s",
          f'sum by (le) (increase(minilab_job_queue_wait_seconds_bucket<lane=~"$lane">{RATE}))', kind="heatmap"),
    panel("Execution", "From receipt to settlement.", "s",
          f'sum by (le) (increase(minilab_job_duration_seconds_bucket<lane=~"$lane">{RATE}))', kind="heatmap"),
    panel("In time, by part", "The part of jobs whose wait, whose run, and whose whole way kept its target.", "percentunit",
          (f'sum by (lane, sli) (rate(minilab_sli_good_total<lane=~"$lane">{RATE})) / sum by (lane, sli) (rate(minilab_sli_total<lane=~"$lane">{RATE}))', "{{lane}} {{sli}}")),
    panel("CPU of renderers", "Cores that rendering takes: what the seconds of work waiting are made of.", "short",
          (f'sum by (lane) (rate(minilab_render_cpu_seconds_total<lane=~"$lane">{RATE}))', "{{lane}}"), stacked=True),
    panel("Attempts by class", "How deliveries ended.", "ops",
          (f'sum by (class) (rate(minilab_jobs_total<lane=~"$lane">{RATE}))', "{{class}}"), stacked=True),
    panel("Mean duration", "What a job takes on average: `autoscaling.meanSeconds` of the chart.", "s",
          (f'sum by (lane) (rate(minilab_job_duration_seconds_sum<lane=~"$lane">{RATE})) / sum by (lane) (rate(minilab_job_duration_seconds_count<lane=~"$lane">{RATE}))', "{{lane}}")),
    panel("Slots", "What slots of workers do.", "short", ("sum by (lane_group, state) (minilab_slots<>)", "{{lane_group}} {{state}}"), stacked=True),
    panel("Workers that serve it", "How many take jobs from a queue.", "short", ("sum by (queue) (minilab_queues_served<>)", "{{queue}}")),
    panel("Receives", "Asked of the broker each second; on SQS each costs.", "reqps",
          (f'sum by (result) (rate(minilab_queue_requests_total<operation="receive">{RATE}))', "{{result}}")),
    panel("Retries", "Jobs sent to wait for another attempt, by class of the failed one.", "ops",
          (f"sum by (class) (rate(minilab_job_retries_total<>{RATE}))", "{{class}}")),
], more=[{**variable("lane", "Lane", "minilab_jobs_total")}])

WORKER = dashboard("worker", "Worker runtime", "What workers and their renderers do with the machine. Memory and CPU are what Kubernetes tells.", [
    panel("Memory of the limit", "Working set of a container by its limit; at 1 the kernel kills it.", "percentunit",
          ('max by (pod) (container_memory_working_set_bytes{namespace=~"$namespace",container="worker"}) / max by (pod) (kube_pod_container_resource_limits{namespace=~"$namespace",container="worker",resource="memory"})', "{{pod}}"),
          steps=[("green", None), ("orange", 0.8), ("red", 0.9)]),
    panel("CPU and throttling", "Cores that a container uses, and the part of the periods in which it was held back.", "short",
          (f'sum by (pod) (rate(container_cpu_usage_seconds_total{{namespace=~"$namespace",container="worker"}}{RATE}))', "{{pod}}"),
          (f'sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{{namespace=~"$namespace",container="worker"}}{RATE})) / sum by (pod) (rate(container_cpu_cfs_periods_total{{namespace=~"$namespace",container="worker"}}{RATE}))', "{{pod}} throttled")),
    panel("Restarts", "Containers that ended; the reason is in the last state of the pod.", "short",
          (f'sum by (pod) (increase(kube_pod_container_status_restarts_total{{namespace=~"$namespace",container="worker"}}{RATE}))', "{{pod}}")),
    panel("Slots busy", "Part of the slots that are at work.", "percentunit",
          ('sum by (instance) (minilab_slots<state="busy">) / sum by (instance) (minilab_slots<> > 0)', "{{instance}}")),
    panel("Stages", "Mean time of each part of an attempt.", "s",
          (f"sum by (stage) (rate(minilab_stage_duration_seconds_sum<>{RATE})) / sum by (stage) (rate(minilab_stage_duration_seconds_count<>{RATE}))", "{{stage}}")),
    panel("Decodes and files", "Originals decoded and files encoded, each second.", "ops",
          (f"sum(rate(minilab_decodes_total<>{RATE}))", "decodes"), (f"sum(rate(minilab_files_rendered_total<>{RATE}))", "files")),
    panel("Renderers", "Processes started and ended; `recycled` is routine, `signal`, `memory` and `protocol` are deaths.", "short",
          (f"sum(increase(minilab_renderers_started_total<>{RATE}))", "started"),
          (f"sum by (kind) (increase(minilab_renderer_exits_total<>{RATE}))", "{{kind}}")),
    panel("Lost leases, acknowledgements and swaps", "Work that somebody else did or will do again.", "ops",
          (f"sum(rate(minilab_lease_lost_total<>{RATE}))", "lease lost"), (f"sum(rate(minilab_ack_lost_total<>{RATE}))", "settlement lost"),
          (f"sum(rate(minilab_cas_conflicts_total<>{RATE}))", "swap lost"), (f"sum(rate(minilab_duplicate_work_total<>{RATE}))", "made twice")),
    panel("Store, 99 %", "Time of a store call; for get, to the first byte.", "s",
          (f"histogram_quantile(0.99, sum by (le, store, operation) (rate(minilab_store_request_duration_seconds_bucket<>{RATE})))", "{{store}} {{operation}}")),
    panel("Store, requests that failed", "Precondition and not_found are answers, not failures.", "reqps",
          (f'sum by (store, result) (rate(minilab_store_requests_total<result=~"unavailable|denied|failed">{RATE}))', "{{store}} {{result}}")),
    panel("Queue, 99 %", "Time of a queue call, without receive, which waits on purpose.", "s",
          (f"histogram_quantile(0.99, sum by (le, operation) (rate(minilab_queue_request_duration_seconds_bucket<>{RATE})))", "{{operation}}")),
    panel("No jobs are taken, because this is away", "Workers that wait for a dependency.", "short",
          ("sum by (dependency) (minilab_breaker_open<>)", "{{dependency}}")),
    panel("Versions", "Processes of each version.", "short", ("count by (version, component) (minilab_build_info<>)", "{{component}} {{version}}"), stacked=True),
    panel("Ready", "1 while a process can do its work.", "short", ("max by (instance) (minilab_ready<>)", "{{instance}}"), kind="state-timeline"),
])

KEDA = 'scaledObject=~".*-worker-.*"'
HPA = 'namespace=~"$namespace",horizontalpodautoscaler=~".*-worker-.*"'
AUTOSCALING = dashboard("autoscaling", "Autoscaling", "Do pods follow work? Of KEDA and kube-state-metrics, but for the first row.", [
    panel("Seconds of work waiting", "CPU seconds of work that wait, as dispatchers predict them: what the cost-weighted trigger reads.", "s",
          ("max by (lane) (minilab_work_waiting_seconds<>)", "{{lane}}")),
    panel("Messages waiting and being worked on", "What the brokers' own triggers read.", "short",
          ('sum by (queue) (max by (queue, state) (minilab_queue_messages<state=~"ready|leased",queue!="dead">))', "{{queue}}")),
    panel("Trigger values", "What KEDA read last.", "short", (f"max by (scaledObject, scaler) (keda_scaler_metrics_value{{{KEDA}}})", "{{scaledObject}} {{scaler}}")),
    panel("Pods wanted, there, and most", "An HPA at its maximum is a backlog that grows.", "short",
          (f"max by (horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_desired_replicas{{{HPA}}})", "{{horizontalpodautoscaler}} wanted"),
          (f"max by (horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_current_replicas{{{HPA}}})", "{{horizontalpodautoscaler}} there"),
          (f"max by (horizontalpodautoscaler) (kube_horizontalpodautoscaler_spec_max_replicas{{{HPA}}})", "{{horizontalpodautoscaler}} most")),
    panel("Active", "Has a trigger work? At 0 for the cool-down a group may go to 0 pods.", "short",
          (f"max by (scaledObject, scaler) (keda_scaler_active{{{KEDA}}})", "{{scaledObject}} {{scaler}}"), kind="state-timeline"),
    panel("Paused", "1 while somebody has paused it.", "short", (f"max by (scaledObject) (keda_scaled_object_paused{{{KEDA}}})", "{{scaledObject}}"), kind="state-timeline"),
    panel("Errors of scalers", "A trigger that cannot be asked stops scaling down, and after three looks the fallback counts.", "short",
          (f"sum by (scaledObject) (increase(keda_scaled_object_errors_total{{{KEDA}}}{RATE}))", "{{scaledObject}}")),
    panel("Delay of the scale loop", "How late KEDA looks.", "s", (f"max by (resource) (keda_internal_scale_loop_latency_seconds{{{KEDA.replace('scaledObject', 'resource')}}})", "{{resource}}")),
    panel("Pods that start", "Pods that are there and not ready yet.", "short",
          ('sum by (deployment) (kube_deployment_status_replicas{namespace=~"$namespace",deployment=~".*-worker-.*"} - kube_deployment_status_replicas_ready{namespace=~"$namespace",deployment=~".*-worker-.*"})', "{{deployment}}")),
    panel("Workers that serve each queue", "Ready pods as the program itself sees it.", "short", ("sum by (queue) (minilab_queues_served<>)", "{{queue}}")),
])

FAILURES = dashboard("failures", "Failures and dead letters", "What is not made, and why. `minilab dead ls` lists it.", [
    panel("Attempts that failed, by class", "`input` is the uploader's.", "ops",
          (f'sum by (class) (rate(minilab_jobs_total<class!~"complete|no_op">{RATE}))', "{{class}}"), stacked=True),
    panel("Given up", "By workers, by reason, and by the broker.", "short",
          (f"sum by (reason) (round(increase(minilab_dead_letters_total<>{RATE})))", "{{reason}}"),
          (f"sum(round(increase(minilab_dead_letters_recorded_total<>{RATE})))", "broker"), stacked=True),
    panel("Dead letters in the broker", "Dispatchers take them within seconds; what stays expires.", "short",
          ('max by (state) (minilab_queue_messages<queue="dead">)', "{{state}}")),
    panel("Retries", "Jobs sent to wait for another attempt, by class of the failed one.", "ops",
          (f"sum by (class) (rate(minilab_job_retries_total<>{RATE}))", "{{class}}"), stacked=True),
    panel("Files that cannot be made, by format", "The others of their original are published.", "ops",
          (f'sum by (format) (rate(minilab_files_total<outcome="failed">{RATE}))', "{{format}}"), stacked=True),
    panel("Renderers that died", "By how. One file that kills them is given up after its second.", "short",
          (f'sum by (kind) (increase(minilab_renderer_exits_total<kind=~"signal|deadline|memory|protocol">{RATE}))', "{{kind}}")),
    panel("Events", "What became of what was told, and who told of what became a job.", "ops",
          (f"sum by (result) (rate(minilab_events_total<>{RATE}))", "{{result}}"),
          (f'sum by (producer) (rate(minilab_events_total<result="enqueued">{RATE}))', "enqueued, {{producer}}")),
    panel("What reconcile found", "Missing and changed originals were told by no event.", "short",
          (f'sum by (finding) (increase(minilab_reconcile_keys_total<finding!~"current|pending">{RATE}))', "{{finding}}")),
    panel("Held by the brakes", "Originals that a pass would touch and does not before somebody has looked.", "short",
          ("max by (finding) (minilab_reconcile_braked_keys<>)", "reconcile {{finding}}"), ("max(minilab_sweep_braked_originals<>)", "sweep")),
    panel("Store, requests that failed", "By store and result.", "reqps",
          (f'sum by (store, result) (rate(minilab_store_requests_total<result=~"unavailable|denied|failed">{RATE}))', "{{store}} {{result}}")),
    panel("Notifications", "Taken, not taken (each try), and given up.", "ops",
          (f"sum by (receiver) (rate(minilab_notifications_delivered_total<>{RATE}))", "{{receiver}} taken"),
          (f"sum by (receiver) (rate(minilab_notification_failures_total<>{RATE}))", "{{receiver}} not taken"),
          (f"sum by (receiver) (rate(minilab_notifications_given_up_total<>{RATE}))", "{{receiver}} given up")),
    panel("Keys refused", "Uploads whose names cannot be an original's.", "short",
          (f"sum by (reason) (increase(minilab_keys_refused_total<>{RATE}))", "{{reason}}")),
])

FILES = f'sum(rate(minilab_files_total<outcome="rendered">{RATE}))'
COST = dashboard("cost", "Cost", "What a thousand files cost. Prices are yours: set them above.", [
    panel("Slot seconds per 1,000 files", "Time that jobs took in slots; what a slot costs is a CPU.", "s",
          (f"1000 * sum(rate(minilab_job_duration_seconds_sum<>{RATE})) / {FILES}", "slot seconds")),
    panel("CPU seconds per 1,000 files", "Of the workers' containers, as Kubernetes counts them.", "s",
          (f'1000 * sum(rate(container_cpu_usage_seconds_total{{namespace=~"$namespace",container="worker"}}{RATE})) / sum(rate(minilab_files_total<outcome="rendered">{RATE}))', "CPU seconds")),
    panel("Store requests per 1,000 files", "By store and operation.", "short",
          (f"1000 * sum by (store, operation) (rate(minilab_store_requests_total<>{RATE})) / scalar({FILES})", "{{store}} {{operation}}"), stacked=True),
    panel("Queue requests per 1,000 files", "By operation. Receives of an idle fleet count, too.", "short",
          (f"1000 * sum by (operation) (rate(minilab_queue_requests_total<>{RATE})) / scalar({FILES})", "{{operation}}"), stacked=True),
    panel("Bytes", "Of originals read, and of files made, each second.", "Bps",
          (f"sum(rate(minilab_original_bytes_total<>{RATE}))", "originals"), (f"sum by (format) (rate(minilab_file_bytes_total<>{RATE}))", "{{format}}")),
    panel("Bytes of a file, by format", "Mean of what was made.", "bytes",
          (f'sum by (format) (rate(minilab_file_bytes_total<>{RATE})) / (sum by (format) (rate(minilab_files_total<outcome="rendered">{RATE})) > 0)', "{{format}}")),
    panel("Idle part of the slots", "What is paid for and does nothing.", "percentunit",
          ('sum(minilab_slots<state="idle">) / sum(minilab_slots<>)', "idle")),
    panel("Price per 1,000 files", "CPU of slots, and requests of stores: lists and puts at one price, gets and heads at another.", "currencyUSD",
          (f"1000 * $cpu_hour / 3600 * sum(rate(minilab_job_duration_seconds_sum<>{RATE})) / {FILES}", "CPU"),
          (f'$put_1000 * sum(rate(minilab_store_requests_total<operation=~"put|list">{RATE})) / {FILES}', "puts and lists"),
          (f'$get_1000 * sum(rate(minilab_store_requests_total<operation=~"get|head">{RATE})) / {FILES}', "gets and heads")),
    panel("Made without need", "Lanes that somebody else made at the same time, and files that a larger format dropped, each second.", "ops",
          (f"sum(rate(minilab_duplicate_work_total<>{RATE}))", "lanes made twice"), (f'sum(rate(minilab_files_total<outcome="dropped">{RATE}))', "files dropped")),
], more=[constant("cpu_hour", "USD for a CPU hour", "0.04"), constant("put_1000", "USD for 1,000 puts", "0.005"), constant("get_1000", "USD for 1,000 gets", "0.0004")])


def main():
    made = {f"{name}.json": json.dumps(content, indent=1, ensure_ascii=False) + "\n"
            for name, content in (OVERVIEW, LANE, WORKER, AUTOSCALING, FAILURES, COST)}
    stale = [name for name, text in made.items() if not (TARGET / name).exists() or (TARGET / name).read_text() != text]
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit(f"helm/files/dashboards/{', '.join(stale)}: not what scripts/dashboards.py makes; run `make chart` and look at what changes")
        return
    for name in stale:
        (TARGET / name).write_text(made[name])
        print(f"helm/files/dashboards/{name} is written")


if __name__ == "__main__":
    main()
