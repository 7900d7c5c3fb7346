//! A server that lets each role do what its policy says, answers 403 to all else as S3 and SQS do, and notes both.
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use minilab_tests::proxy::{Gate, Reply, Request, Verdict};

use super::{
    iam::{Policy, Wish},
    requests,
};

/// A statement's name, an action and a resource of it: one thing that a policy allows.
pub type Allowance = (String, String, String);

#[derive(Debug, Default)]
struct Seen {
    policies: BTreeMap<String, Policy>,
    used: BTreeMap<String, BTreeSet<Allowance>>,
    refused: Vec<(String, Wish)>,
}

/// What roles may do, and what they asked for; shared by the gates before all servers.
#[derive(Clone, Default)]
pub struct Guard(Arc<Mutex<Seen>>);

impl Guard {
    /// In front of a server that lets everybody do everything. Access keys without a policy still may. Blocks.
    pub fn before(&self, server: SocketAddr) -> Gate {
        let seen = Arc::clone(&self.0);
        Gate::start(server, move |request, body| {
            seen.lock().unwrap().judge(request, body)
        })
        .unwrap()
    }

    /// From now on, requests with this access key are held against the policy.
    pub fn hold(&self, access_key: &str, policy: Policy) {
        assert_eq!(policy.version, "2012-10-17", "its language");
        self.0
            .lock()
            .unwrap()
            .policies
            .insert(access_key.to_owned(), policy);
    }

    /// What was refused, and to whom.
    pub fn refused(&self) -> Vec<(String, Wish)> {
        self.0.lock().unwrap().refused.clone()
    }

    /// What the policy of this key allows and nobody has asked for.
    pub fn unused(&self, access_key: &str) -> Vec<Allowance> {
        let seen = self.0.lock().unwrap();
        let used = seen.used.get(access_key).cloned().unwrap_or_default();
        let allowed = seen.policies[access_key].statement.iter().flat_map(|statement| {
            statement.action.iter().flat_map(move |action| {
                let named = |resource: &String| (statement.sid.clone(), action.clone(), resource.clone());
                statement.resource.iter().map(named)
            })
        });
        // Two statements may allow the same; the first one is counted.
        let is_used = |(_, action, resource): &Allowance| {
            used.iter().any(|(_, did, on)| did == action && on == resource)
        };
        allowed.filter(|allowance| !is_used(allowance)).collect()
    }
}

impl Seen {
    fn judge(&mut self, request: &Request, body: &[u8]) -> Verdict {
        let Some((key, policy)) = requests::access_key(request)
            .and_then(|key| Some((key.clone(), self.policies.get(&key)?.clone())))
        else {
            return Verdict::Pass;
        };
        for wish in requests::wishes(request, body) {
            let Some((sid, resource)) = policy.allows(&wish) else {
                let reply = denied(request, &wish);
                self.refused.push((key, wish));
                return Verdict::Answer(reply);
            };
            let allowance = (sid.to_owned(), wish.action.clone(), resource.to_owned());
            self.used.entry(key.clone()).or_default().insert(allowance);
        }
        match requests::seeing_absence(request) {
            Some(wish) if policy.allows(&wish).is_none() => Verdict::HideAbsence(denied(request, &wish)),
            _ => Verdict::Pass,
        }
    }
}

fn denied(request: &Request, wish: &Wish) -> Reply {
    let message = format!("User is not authorized to perform: {}", wish.action);
    let (kind, body) = if request.header("x-amz-target").is_some() {
        let body = format!(r#"{{"__type":"com.amazonaws.sqs#AccessDenied","message":"{message}"}}"#);
        ("application/x-amz-json-1.0", body)
    } else {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>{message}</Message>\
             <RequestId>guard</RequestId></Error>"
        );
        ("application/xml", body)
    };
    Reply {
        status: "403 Forbidden",
        headers: format!("content-type: {kind}\r\n"),
        body,
    }
}
