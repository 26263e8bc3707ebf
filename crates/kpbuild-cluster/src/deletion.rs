//! Takes a stack away again: what its inventory holds, in reverse order, and
//! what holds data only when it is named.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{Either, select};
use kpbuild_core::bundle::Phase;
use kpbuild_core::{Bundle, Diagnostics, Object, ObjectKey};
use serde_json::Value;

use crate::apply::Run;
use crate::cluster::{PlanOptions, is_prunable};
use crate::error::ClusterError;
use crate::inventory::StackId;
use crate::needs::Needs;
use crate::observe::{Observation, members, observe};
use crate::pattern::selects;
use crate::permissions;
use crate::plan::{Allowed, Plan, Step, removal};
use crate::resources::Resources;
use crate::server::Server;

/// What deleting the stack would do.
pub(crate) async fn plan(
    server: &Server,
    stack: &StackId,
    bundle: &Bundle,
    options: &PlanOptions,
) -> Result<(Plan, Observation), ClusterError> {
    let resources = Resources::discover(server)
        .await
        .map_err(ClusterError::doing("look at the cluster"))?;
    let needs = Needs::new(stack, &resources);
    let outcome = look(server, stack, bundle, resources.clone(), options).await;
    let needed = match &outcome {
        Ok((plan, _)) if !plan.is_empty() && options.check_permissions => {
            needs.of_deleting(plan.steps.iter().map(|step| &step.object))
        }
        Err(error) if error.is_forbidden() => {
            needs.of_deleting(bundle.objects().iter().map(Object::key))
        }
        _ => return outcome,
    };
    permissions::check(server, needed, options.concurrency).await?;
    outcome
}

async fn look(
    server: &Server,
    stack: &StackId,
    bundle: &Bundle,
    resources: Resources,
    options: &PlanOptions,
) -> Result<(Plan, Observation), ClusterError> {
    let nothing = Bundle::new(Vec::new(), &mut Diagnostics::default());
    let mut observation = observe(server, stack, &nothing, resources, options.concurrency).await?;
    let kept = kept_before(server, stack, &observation, options.concurrency).await?;
    observation.members.extend(kept);
    let allowed = Allowed {
        set: stack.set(),
        delete_data: options.delete_data.clone(),
        ..Allowed::default()
    };
    let members = observation
        .members
        .iter()
        .filter(|(_, member)| is_prunable(member))
        .map(|(key, _)| key.clone());
    let members: Vec<ObjectKey> = members.collect();
    let rendered = bundle.objects().iter().map(Object::key);
    let instances: BTreeSet<&ObjectKey> = members
        .iter()
        .chain(rendered)
        .filter(|key| Phase::of(key) == Phase::Instance)
        .collect();
    let volumes = volumes(server, &instances).await?;
    let mut steps = Vec::new();
    for key in members
        .iter()
        .chain(&volumes)
        .filter(|key| selects(&options.targets, key))
    {
        let Some(resource) = observation.resources.preferred(&key.group, &key.kind) else {
            continue;
        };
        let path = resource.object(&key.namespace, &key.name);
        let live = server
            .find(&path)
            .await
            .map_err(ClusterError::doing("look at an object that shall go"))?;
        steps.extend(live.map(|live| removal(key, &live, &allowed)));
    }
    steps.sort_by(|left, right| {
        right
            .phase
            .cmp(&left.phase)
            .then_with(|| left.object.cmp(&right.object))
    });
    let plan = Plan {
        steps,
        moves: Vec::new(),
    };
    Ok((plan, observation))
}

/// What an earlier deletion has kept for the sake of its data. The books went
/// then; the mark of the set is still on it.
async fn kept_before(
    server: &Server,
    stack: &StackId,
    observation: &Observation,
    concurrency: usize,
) -> Result<BTreeMap<ObjectKey, Value>, ClusterError> {
    if observation.inventory.exists {
        return Ok(BTreeMap::new());
    }
    let kinds = [
        ("", "Namespace", ""),
        ("apiextensions.k8s.io", "CustomResourceDefinition", ""),
        ("", "PersistentVolumeClaim", stack.namespace.as_str()),
    ];
    let mut kept = BTreeMap::new();
    for (group, kind, namespace) in kinds {
        let place = (group.to_owned(), kind.to_owned(), namespace.to_owned());
        let resources = &observation.resources;
        match members(
            server,
            stack,
            resources,
            BTreeSet::from([place]),
            concurrency,
        )
        .await
        {
            Ok(found) => kept.extend(found),
            // What somebody may not even see is not theirs to delete.
            Err(refusal) if refusal.code == 403 => {}
            Err(refusal) => return Err(ClusterError::doing("look for what was kept")(refusal)),
        }
    }
    Ok(kept)
}

/// The volume claims of the instances: they stay behind when those go, and no
/// inventory holds them.
async fn volumes(
    server: &Server,
    instances: &BTreeSet<&ObjectKey>,
) -> Result<Vec<ObjectKey>, ClusterError> {
    let namespaces: BTreeSet<&String> = instances.iter().map(|key| &key.namespace).collect();
    let mut claims = Vec::new();
    for namespace in namespaces {
        let path = format!(
            "/api/v1/namespaces/{namespace}/persistentvolumeclaims?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dprometheus-operator"
        );
        let found = server
            .list(&path)
            .await
            .map_err(ClusterError::doing("look for volume claims"))?;
        let of_stack = found
            .iter()
            .filter(|claim| instances.iter().any(|instance| belongs(claim, instance)));
        claims.extend(of_stack.map(|claim| {
            ObjectKey {
                group: String::new(),
                kind: "PersistentVolumeClaim".to_owned(),
                namespace: namespace.clone(),
                name: claim["metadata"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            }
        }));
    }
    Ok(claims)
}

fn belongs(claim: &Value, instance: &ObjectKey) -> bool {
    claim["metadata"]["labels"]["app.kubernetes.io/instance"] == *instance.name
        && claim["metadata"]["namespace"] == *instance.namespace
}

/// Deletes what the plan says, phase by phase from the last to the first, and at
/// last the stack's own books.
pub(crate) async fn run(run: &Run<'_>, observation: &Observation) -> Result<(), ClusterError> {
    if !observation.inventory.exists && run.plan.steps.is_empty() {
        return Ok(());
    }
    // Where the namespace is gone there is nothing that two runs could mix up.
    if namespace_exists(run).await? {
        run.lock.take(&run.options.stop).await?;
    }
    let work = all_phases(run, observation);
    let result = match select(std::pin::pin!(work), std::pin::pin!(run.lock.keep())).await {
        Either::Left((result, _)) => result,
        Either::Right((lost, _)) => return Err(lost),
    };
    run.lock.release().await;
    result
}

async fn all_phases(run: &Run<'_>, observation: &Observation) -> Result<(), ClusterError> {
    let phases: BTreeSet<Phase> = run.plan.steps.iter().map(|step| step.phase).collect();
    for phase in phases.into_iter().rev() {
        if phase == Phase::Namespace {
            // The books are in the namespace: they go before it does.
            delete_books(run).await?;
            run.lock.release().await;
        }
        let steps: Vec<&Step> = run
            .plan
            .steps
            .iter()
            .filter(|step| step.phase == phase)
            .collect();
        run.remove_all(phase, &steps, &observation.resources)
            .await?;
    }
    delete_books(run).await
}

async fn namespace_exists(run: &Run<'_>) -> Result<bool, ClusterError> {
    let path = format!("/api/v1/namespaces/{}", run.stack.namespace);
    match run.server.find(&path).await {
        Ok(found) => Ok(found.is_some()),
        // Who may work in a namespace may not be allowed to look at it.
        Err(refusal) if refusal.code == 403 => Ok(true),
        Err(refusal) => Err(ClusterError::doing("look at the stack's namespace")(
            refusal,
        )),
    }
}

async fn delete_books(run: &Run<'_>) -> Result<(), ClusterError> {
    let path = format!(
        "/api/v1/namespaces/{}/secrets/{}",
        run.stack.namespace,
        run.stack.parent()
    );
    let deleted = run.server.delete(&path, None, "Background").await;
    deleted.map_err(ClusterError::doing(
        "delete the list of the stack's objects",
    ))?;
    Ok(())
}
