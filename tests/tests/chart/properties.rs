//! What holds of everything that is rendered: restricted pods, names said once, selectors that find what they should.
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    rendered::{containers, name, objects, pod, values},
    tools::{HELMS, are_here},
};

/// Every object of every file of values, with a word on where it is from.
fn all() -> Vec<(String, Vec<Value>)> {
    values()
        .iter()
        .map(|values| {
            (
                values.file_name().unwrap().to_string_lossy().into_owned(),
                objects(HELMS[1], values, &[]),
            )
        })
        .collect()
}

/// Every pod of them.
pub fn each_pod(mut look: impl FnMut(&str, &Value)) {
    let mut seen = 0;
    for (file, objects) in all() {
        for object in &objects {
            if let Some(pod) = pod(object) {
                look(&format!("{file}: {}", name(object)), pod);
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "only {seen} pods");
}

#[test]
fn pods_are_as_the_restricted_level_asks() {
    if !are_here() {
        return;
    }
    each_pod(|at, pod| {
        let spec = &pod["spec"];
        for host in ["hostNetwork", "hostPID", "hostIPC"] {
            assert!(spec[host].is_null(), "{at}: {host}");
        }
        assert_eq!(spec["securityContext"]["runAsNonRoot"], true, "{at}");
        assert_ne!(spec["securityContext"]["runAsUser"], 0, "{at}");
        assert_eq!(
            spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault",
            "{at}"
        );
        assert_eq!(spec["automountServiceAccountToken"], false, "{at}");
        for volume in spec["volumes"].as_array().unwrap() {
            let kind = volume
                .as_object()
                .unwrap()
                .keys()
                .find(|key| *key != "name")
                .unwrap();
            assert!(
                ["configMap", "emptyDir"].contains(&kind.as_str()),
                "{at}: a volume of kind {kind}"
            );
        }
        for container in containers(pod) {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false, "{at}");
            assert_eq!(context["readOnlyRootFilesystem"], true, "{at}");
            assert_eq!(
                context["capabilities"]["drop"],
                serde_json::json!(["ALL"]),
                "{at}"
            );
            assert!(
                context["capabilities"]["add"].is_null() && context["privileged"].is_null(),
                "{at}"
            );
        }
    });
}

#[test]
fn containers_say_their_requests_their_image_and_each_variable_once() {
    if !are_here() {
        return;
    }
    each_pod(|at, pod| {
        for container in containers(pod) {
            for what in ["cpu", "memory"] {
                assert!(
                    !container["resources"]["requests"][what].is_null(),
                    "{at}: no request of {what}"
                );
            }
            assert!(
                !container["resources"]["limits"]["memory"].is_null(),
                "{at}: no limit of memory"
            );
            let image = container["image"].as_str().unwrap();
            let tag = image
                .split('@')
                .next()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .split_once(':');
            assert!(tag.is_some_and(|(_, tag)| tag != "latest"), "{at}: {image}");
            let variables: Vec<_> = container["env"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|v| &v["name"])
                .collect();
            let mounts: Vec<_> = container["volumeMounts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|m| &m["mountPath"])
                .collect();
            for names in [variables, mounts] {
                let once: BTreeSet<_> = names.iter().map(ToString::to_string).collect();
                assert_eq!(once.len(), names.len(), "{at}: {names:?}");
            }
        }
    });
}

#[test]
fn no_secret_stands_in_a_config_map_or_an_argument() {
    if !are_here() {
        return;
    }
    for (file, objects) in all() {
        for object in objects.iter().filter(|object| object["kind"] == "ConfigMap") {
            if let Some(text) = object["data"]["minilab.yaml"].as_str() {
                for key in ["token: ", "url: amqp"] {
                    let open = text
                        .lines()
                        .find(|line| line.contains(key) && !line.contains("${"));
                    assert!(open.is_none(), "{file}: {open:?}");
                }
            }
        }
    }
}

#[test]
fn selectors_find_exactly_their_own_pods() {
    if !are_here() {
        return;
    }
    for (file, objects) in all() {
        let pods: BTreeMap<_, _> = objects
            .iter()
            .filter_map(|object| Some((name(object), pod(object)?["metadata"]["labels"].as_object()?)))
            .collect();
        for object in &objects {
            let selector = match object["kind"].as_str().unwrap() {
                "Deployment" | "PodDisruptionBudget" => &object["spec"]["selector"]["matchLabels"],
                "Service" => &object["spec"]["selector"],
                _ => continue,
            };
            let selector = selector.as_object().unwrap();
            let found: Vec<_> = pods
                .iter()
                .filter(|(_, labels)| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
                .map(|(pod, _)| pod.split(' ').nth(1).unwrap())
                .collect();
            assert_eq!(
                found,
                [object["metadata"]["name"].as_str().unwrap()],
                "{file}: {}",
                name(object)
            );
        }
    }
}

#[test]
fn names_are_unique_and_no_longer_than_a_label() {
    if !are_here() {
        return;
    }
    for (file, objects) in all() {
        let mut names = BTreeSet::new();
        for object in &objects {
            assert!(
                names.insert(name(object)),
                "{file}: {} is there twice",
                name(object)
            );
            assert!(
                object["metadata"]["name"].as_str().unwrap().len() <= 63,
                "{file}: {}",
                name(object)
            );
        }
    }
}

#[test]
fn pods_are_killed_only_after_the_program_has_given_up() {
    if !are_here() {
        return;
    }
    each_pod(|at, pod| {
        for container in containers(pod) {
            let arguments = container["args"].as_array().unwrap();
            let grace = arguments
                .iter()
                .find_map(|argument| argument.as_str()?.strip_prefix("--grace="));
            if let Some(grace) = grace {
                let grace: u64 = grace.trim_end_matches('s').parse().unwrap();
                let kill = pod["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap();
                assert!(kill >= grace + 20, "{at}: {kill} s for {grace} s");
            }
        }
    });
}
