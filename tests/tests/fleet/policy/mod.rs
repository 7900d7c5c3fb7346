//! Each role does all it has to with the policy that `minilab iam-policy` prints for it, in front of servers that answer 403 to
//! everything else; and of what a policy allows, nothing is there for nothing.
mod guard;
mod iam;
mod requests;

use std::time::Duration;

use minilab_store::{Key, PutOptions};
use minilab_tests::proxy::Gate;

use self::guard::{Allowance, Guard};
use crate::{
    broker::Kind,
    ledger::Upload,
    pictures::Pictures,
    process::{self, Role},
    world::{Options, World, is_possible},
};

const REST_WITHIN: Duration = Duration::from_mins(1);
const CONFIG: &str = "minilab.yaml";
const DISPATCHER: &str = "dispatcher";
const WORKER: &str = "worker";
const OPERATOR: &str = "operator";

/// A fleet whose roles have keys of their own and are held to their policies.
struct Scene {
    world: World,
    guard: Guard,
    pictures: Pictures,
    _gates: [Gate; 2],
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        let (broker, seaweed) = World::servers(kind.clone()).await;
        let guard = Guard::default();
        let servers = [broker.address(), seaweed.address()];
        let laying = guard.clone();
        let gates = tokio::task::spawn_blocking(move || servers.map(|server| laying.before(server)));
        let gates = gates.await.unwrap();
        let options = Options {
            broker_at: matches!(kind, Kind::Sqs).then(|| gates[0].address()),
            endpoint: Some(gates[1].endpoint()),
            ..Options::default()
        };
        let world = World::on(broker, seaweed, &options).await;
        for role in [DISPATCHER, WORKER, OPERATOR] {
            let printed = world
                .operate(&["iam-policy", "--role", role, "--config", CONFIG])
                .await
                .unwrap();
            guard.hold(role, serde_json::from_str(&printed).unwrap());
        }
        // What is dropped is swept at once.
        world.configure(&options, "sweep.yaml", "0s");
        Self {
            pictures: tokio::task::spawn_blocking(Pictures::cut).await.unwrap(),
            world,
            guard,
            _gates: gates,
        }
    }

    fn keyed(&self, mut role: Role, key: &str) -> Role {
        role.env.push(("AWS_ACCESS_KEY_ID".to_owned(), key.to_owned()));
        role
    }

    /// A command, with a role's key.
    async fn run(&self, key: &str, args: &[&str]) -> anyhow::Result<String> {
        let mut env = self.world.env();
        env.push(("AWS_ACCESS_KEY_ID".to_owned(), key.to_owned()));
        let folder = self.world.folder().to_owned();
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let run = move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            process::run(&folder, &env, &args)
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    async fn upload(&self, key: &str, number: u64) -> Vec<u8> {
        let picture = number as usize;
        self.world.upload(&self.pictures, key, Upload { number, picture }).await
    }

    async fn complete(&self, key: &str) {
        self.world.manifest(key, |manifest| manifest["status"] == "complete").await;
    }

    /// Nothing was refused, and of what the policy allows only this was not asked for.
    fn nothing_is_missing_or_too_much(&self, role: &str, unasked: &[(&str, &str)]) {
        let refused: Vec<_> = self.guard.refused();
        assert!(refused.is_empty(), "{refused:#?}");
        let (excused, unused): (Vec<_>, Vec<_>) = self.guard.unused(role).into_iter().partition(
            |(sid, action, resource): &Allowance| {
                unasked.iter().any(|(statement, end)| {
                    sid == statement && (resource.ends_with(end) || action.ends_with(end))
                })
            },
        );
        assert!(unused.is_empty(), "{role} is allowed what it does not do: {unused:#?}");
        for (statement, end) in unasked {
            let is_there = excused
                .iter()
                .any(|(sid, action, resource)| sid == statement && (resource.ends_with(end) || action.ends_with(end)));
            assert!(is_there, "{role} does ask for {end} of {statement}: strike the exception");
        }
    }
}
