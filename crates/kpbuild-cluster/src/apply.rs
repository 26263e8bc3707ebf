//! Carries out a plan: phase by phase, what was shown and nothing else.
//!
//! Inside of a phase objects are independent and go side by side; a phase begins
//! when the one before is ready. What is no longer rendered goes last, and only
//! after everything else has succeeded. Books are kept so that a run may stop,
//! or be killed, anywhere: the next one goes on from there.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::{StreamExt as _, stream};
use kpbuild_core::bundle::Phase;
use kpbuild_core::{Bundle, ObjectKey};
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::error::ClusterError;
use crate::event::{Event, Outcome, Report};
use crate::inventory::{self, Inventory, StackId};
use crate::lock::Lock;
use crate::manifest::manifest;
use crate::observe::{DRY, Observation, desired, resource_of};
use crate::owners;
use crate::plan::{Action, Plan, Step, fingerprint};
use crate::resources::Resources;
use crate::server::{ApplyAs, Server};
use crate::wait::{Subject, Waiter};

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// How many requests may be under way at once.
    pub concurrency: usize,
    /// How long to wait for the objects of one phase; none waits for nothing.
    pub wait: Option<Duration>,
    /// Managers whose fields and objects are taken over.
    pub take_from: Vec<String>,
    /// Who does this, as others see it; unique to the run.
    pub holder: String,
    /// Set when the run shall stop after the requests that are under way.
    pub stop: Arc<AtomicBool>,
}

/// Whoever wants to know what happens.
pub(crate) type Observer<'a> = RefCell<&'a mut dyn FnMut(&Event<'_>)>;

/// A run in progress.
pub(crate) struct Run<'a> {
    pub(crate) server: &'a Server,
    pub(crate) stack: &'a StackId,
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a RunOptions,
    pub(crate) observer: Observer<'a>,
    /// The set's identity.
    pub(crate) set: String,
    pub(crate) lock: Lock<'a>,
    pub(crate) inventory: RefCell<Inventory>,
    pub(crate) report: RefCell<Report>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        server: &'a Server,
        stack: &'a StackId,
        plan: &'a Plan,
        options: &'a RunOptions,
        inventory: Inventory,
        observer: &'a mut dyn FnMut(&Event<'_>),
    ) -> Self {
        Self {
            server,
            stack,
            plan,
            options,
            observer: RefCell::new(observer),
            set: stack.set(),
            lock: Lock::new(server, stack, &options.holder),
            inventory: RefCell::new(inventory),
            report: RefCell::new(Report::default()),
        }
    }

    /// Makes the cluster what the plan says.
    pub(crate) async fn apply(
        &self,
        bundle: &Bundle,
        observation: &Observation,
    ) -> Result<(), ClusterError> {
        if !self.writes() {
            return self.confirm(bundle, observation).await;
        }
        let work = self.locked_work(bundle, observation);
        let result = match select(std::pin::pin!(work), std::pin::pin!(self.lock.keep())).await {
            Either::Left((result, _)) => result,
            Either::Right((lost, _)) => return Err(lost),
        };
        // Even a run that fails leaves books about what it did.
        let books = if self.lock.is_held() {
            self.write_books().await
        } else {
            Ok(())
        };
        self.lock.release().await;
        result.and(books)
    }

    /// Whether there is anything to write, the books among it: those of a run
    /// that was killed are not complete.
    fn writes(&self) -> bool {
        let acts = |step: &Step| {
            !matches!(step.action, Action::Unchanged | Action::Keep)
                || step.approved.record.is_some()
        };
        self.plan.steps.iter().any(acts) || !self.inventory.borrow().exists
    }

    /// Nothing is to be done: only see whether everything is ready.
    async fn confirm(
        &self,
        bundle: &Bundle,
        observation: &Observation,
    ) -> Result<(), ClusterError> {
        for phase in phases(self.plan) {
            for step in self.steps(phase) {
                self.say_done(&step.object, outcome(step.action));
            }
        }
        for phase in phases(self.plan) {
            self.wait(phase, bundle, &observation.resources).await?;
        }
        Ok(())
    }

    async fn locked_work(
        &self,
        bundle: &Bundle,
        observation: &Observation,
    ) -> Result<(), ClusterError> {
        let mut resources = None;
        let mut locked = false;
        for phase in phases(self.plan) {
            // The lock and the books are in the stack's namespace, which may be
            // what the first phase makes.
            if !locked
                && (phase > Phase::Namespace
                    || observation.namespaces.contains(&self.stack.namespace))
            {
                self.begin().await?;
                locked = true;
            }
            let known = resources.as_ref().unwrap_or(&observation.resources);
            self.phase(phase, bundle, known).await?;
            if phase == Phase::Definition
                && self.steps(phase).any(|step| step.action == Action::Create)
            {
                resources = Some(self.rediscover(bundle).await?);
            }
        }
        if !locked {
            self.begin().await?;
        }
        let known = resources.as_ref().unwrap_or(&observation.resources);
        self.prune(known).await?;
        self.settle(observation);
        Ok(())
    }

    /// Takes the lock and notes where members may be before the first is made.
    async fn begin(&self) -> Result<(), ClusterError> {
        self.lock.take(&self.options.stop).await?;
        self.inventory
            .borrow_mut()
            .expect(self.plan.steps.iter().map(|step| &step.object));
        self.write_books().await
    }

    async fn write_books(&self) -> Result<(), ClusterError> {
        let parent = self.inventory.borrow().parent(self.stack);
        let path = format!(
            "/api/v1/namespaces/{}/secrets/{}",
            self.stack.namespace,
            self.stack.parent()
        );
        let how = ApplyAs {
            manager: inventory::MANAGER,
            dry: false,
            force: false,
        };
        let written = self.server.apply(&path, &parent, how).await;
        written.map_err(ClusterError::doing("write the list of the stack's objects"))?;
        Ok(())
    }

    fn steps(&self, phase: Phase) -> impl Iterator<Item = &'a Step> + use<'a> {
        self.plan.steps.iter().filter(move |step| {
            step.phase == phase && !matches!(step.action, Action::Prune | Action::Keep)
        })
    }

    /// Applies the objects of a phase, and waits until they are ready.
    async fn phase(
        &self,
        phase: Phase,
        bundle: &Bundle,
        resources: &Resources,
    ) -> Result<(), ClusterError> {
        let steps: Vec<&Step> = self.steps(phase).collect();
        self.say(&Event::Phase {
            phase: title(phase),
            objects: steps.len(),
        });
        let work = steps.iter().map(|step| self.step(step, bundle, resources));
        let failures: Vec<bool> = stream::iter(work)
            .buffered(self.options.concurrency)
            .collect()
            .await;
        self.check_stop()?;
        let failed = failures.iter().filter(|failed| **failed).count();
        if failed > 0 {
            return Err(ClusterError::Failed {
                failed,
                total: steps.len(),
                phase: title(phase).to_owned(),
            });
        }
        self.wait(phase, bundle, resources).await
    }

    async fn wait(
        &self,
        phase: Phase,
        bundle: &Bundle,
        resources: &Resources,
    ) -> Result<(), ClusterError> {
        let Some(patience) = self.options.wait else {
            return Ok(());
        };
        let subjects = self
            .steps(phase)
            .filter(|step| must_wait(step))
            .filter_map(|step| {
                let resource = resource_of(resources, bundle.get(&step.object)?)?;
                Some(Subject::new(step.object.clone(), resource))
            });
        let waiter = Waiter {
            server: self.server,
            set: &self.set,
            stop: &self.options.stop,
            patience,
        };
        waiter.until_ready(subjects.collect(), &self.observer).await
    }

    /// Carries out one step; true when it failed.
    async fn step(&self, step: &Step, bundle: &Bundle, resources: &Resources) -> bool {
        if self.options.stop.load(Ordering::Relaxed) {
            self.say_done(&step.object, Outcome::Skipped);
            return false;
        }
        if step.action == Action::Unchanged {
            if let Some(record) = &step.approved.record {
                self.inventory
                    .borrow_mut()
                    .records
                    .insert(step.object.clone(), record.clone());
            }
            self.say_done(&step.object, Outcome::Unchanged);
            return false;
        }
        let object = bundle
            .get(&step.object)
            .expect("a plan is made of the bundle that it is applied with");
        let desired = desired(object, &self.set);
        let Some(resource) = resource_of(resources, object) else {
            self.say_failed(&step.object, "the server does not know its kind");
            return true;
        };
        let path = resource.object(&step.object.namespace, &step.object.name);
        let manifest = manifest(object, &self.set);
        match self.write(step, &path, &manifest).await {
            Ok(answer) => {
                self.inventory
                    .borrow_mut()
                    .record(&step.object, &desired.digest, &answer);
                self.say_done(&step.object, outcome(step.action));
                false
            }
            Err(message) => {
                self.say_failed(&step.object, &message);
                true
            }
        }
    }

    async fn write(&self, step: &Step, path: &str, manifest: &Value) -> Result<Value, String> {
        match step.action {
            Action::Create => self.create(path, manifest).await,
            Action::Replace => {
                self.delete(step, path).await?;
                self.create(path, manifest).await
            }
            _ => self.update(step, path, manifest).await,
        }
    }

    async fn create(&self, path: &str, manifest: &Value) -> Result<Value, String> {
        let answer = self
            .server
            .apply(path, manifest, WET)
            .await
            .map_err(|refusal| refusal.to_string())?;
        // A request whose answer was lost is sent again, and finds what it has made.
        if answer.created || answer.repeated && owners::is_made_by_us(&answer.value) {
            return Ok(answer.value);
        }
        Err(format!(
            "{} made it after the plan was shown; run this again",
            owners::owners(&answer.value).join(", ")
        ))
    }

    /// Applies to exactly the version of the object that the plan was made from.
    async fn update(&self, step: &Step, path: &str, manifest: &Value) -> Result<Value, String> {
        let mut version = step.approved.resource_version.clone();
        if !self.options.take_from.is_empty() {
            version = self.take_over(step, path, manifest, version).await?;
        }
        for _ in 0..ATTEMPTS {
            let force = !self.options.take_from.is_empty();
            let applied = self
                .server
                .apply(
                    path,
                    &pinned(manifest, version.as_deref()),
                    ApplyAs { force, ..WET },
                )
                .await;
            match applied {
                Ok(answer) => return Ok(answer.value),
                Err(refusal) if is_stale(&refusal) => {
                    version = Some(self.approve_again(step, path, manifest).await?);
                }
                Err(refusal) => return Err(refusal.to_string()),
            }
        }
        Err("it changes faster than it can be applied".to_owned())
    }

    /// The object was changed since it was looked at, perhaps only in its
    /// status. Goes on if what would come of it is still what was shown.
    async fn approve_again(
        &self,
        step: &Step,
        path: &str,
        manifest: &Value,
    ) -> Result<String, String> {
        let force = !self.options.take_from.is_empty();
        let answer = self
            .server
            .apply(path, manifest, ApplyAs { force, ..DRY })
            .await;
        let answer = answer
            .map_err(|refusal| format!("it was changed after the plan was shown: {refusal}"))?;
        if Some(fingerprint(&answer.value)) != step.approved.after {
            return Err("it was changed after the plan was shown; run this again".to_owned());
        }
        Ok(version(&answer.value))
    }

    /// Makes everything that named managers own in this object kpbuild's, so
    /// that what the stack does not render goes with the next apply.
    async fn take_over(
        &self,
        step: &Step,
        path: &str,
        manifest: &Value,
        approved: Option<String>,
    ) -> Result<Option<String>, String> {
        let mut taken = false;
        for _ in 0..ATTEMPTS {
            let live = self
                .server
                .get(path)
                .await
                .map_err(|refusal| refusal.to_string())?
                .value;
            let Some(fields) = owners::take_over(&live, &self.options.take_from) else {
                if !taken {
                    return Ok(approved);
                }
                return self.approve_again(step, path, manifest).await.map(Some);
            };
            let operations = json!([
                {"op": "replace", "path": "/metadata/managedFields", "value": fields},
                {"op": "replace", "path": "/metadata/resourceVersion", "value": version(&live)},
            ]);
            let path_as_us = format!("{path}?fieldManager={}", owners::MANAGER);
            match self.server.patch(&path_as_us, &operations).await {
                // Looked at again: it is done when nothing is left to take.
                Ok(_) => taken = true,
                // Changed since it was looked at, perhaps by this very request,
                // whose answer was lost.
                Err(refusal) if refusal.code == 409 => taken = true,
                Err(refusal) => return Err(refusal.to_string()),
            }
        }
        Err("it changes faster than it can be taken over".to_owned())
    }

    /// Deletes an object and waits until it is gone.
    pub(crate) async fn delete(&self, step: &Step, path: &str) -> Result<(), String> {
        if self.order_deletion(step, path).await? {
            return Ok(());
        }
        let uid = step.approved.uid.as_deref();
        let patience = self.options.wait.unwrap_or(Duration::from_mins(5));
        let waiter = Waiter {
            server: self.server,
            set: &self.set,
            stop: &self.options.stop,
            patience,
        };
        waiter
            .until_gone(&step.object, path, uid, &self.observer)
            .await
            .map_err(|error| error.to_string())
    }

    /// Orders an object to go, after what it has made; true when it is gone.
    async fn order_deletion(&self, step: &Step, path: &str) -> Result<bool, String> {
        let uid = step.approved.uid.as_deref();
        match self.server.delete(path, uid, "Foreground").await {
            Ok(gone) => Ok(gone),
            // Another object of this name: the one that should go is gone.
            Err(refusal) if refusal.code == 409 => Ok(true),
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    /// Waits until the server knows the kinds of all objects.
    async fn rediscover(&self, bundle: &Bundle) -> Result<Resources, ClusterError> {
        const ATTEMPTS: u32 = 60;
        let mut attempt = 0;
        loop {
            let resources = Resources::discover(self.server)
                .await
                .map_err(ClusterError::doing("look for the new kinds"))?;
            let instances = bundle
                .objects()
                .iter()
                .filter(|object| object.kind() != "CustomResourceDefinition");
            let all = instances
                .into_iter()
                .all(|object| resource_of(&resources, object).is_some());
            attempt += 1;
            if all || attempt == ATTEMPTS {
                return Ok(resources);
            }
            self.check_stop()?;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Deletes what the stack no longer renders, in reverse order.
    async fn prune(&self, resources: &Resources) -> Result<(), ClusterError> {
        let going = |step: &&Step| matches!(step.action, Action::Prune | Action::Keep);
        let steps: Vec<&Step> = self.plan.steps.iter().filter(going).collect();
        let phases: BTreeSet<Phase> = steps.iter().map(|step| step.phase).collect();
        for phase in phases.into_iter().rev() {
            let steps: Vec<&Step> = steps
                .iter()
                .filter(|step| step.phase == phase)
                .copied()
                .collect();
            self.remove_all(phase, &steps, resources).await?;
        }
        Ok(())
    }

    /// Removes the objects of one phase, side by side.
    pub(crate) async fn remove_all(
        &self,
        phase: Phase,
        steps: &[&Step],
        resources: &Resources,
    ) -> Result<(), ClusterError> {
        let name = format!("removal of {}", title(phase));
        self.say(&Event::Phase {
            phase: &name,
            objects: steps.len(),
        });
        let work = steps.iter().map(|step| self.remove(step, resources));
        let failures: Vec<bool> = stream::iter(work)
            .buffered(self.options.concurrency)
            .collect()
            .await;
        self.check_stop()?;
        match failures.iter().filter(|failed| **failed).count() {
            0 => Ok(()),
            failed => Err(ClusterError::Failed {
                failed,
                total: steps.len(),
                phase: name,
            }),
        }
    }

    /// Removes one object; true when that failed.
    async fn remove(&self, step: &Step, resources: &Resources) -> bool {
        if step.action == Action::Keep {
            self.say_done(&step.object, Outcome::Kept);
            return false;
        }
        if self.options.stop.load(Ordering::Relaxed) {
            self.say_done(&step.object, Outcome::Skipped);
            return false;
        }
        let key = &step.object;
        let Some(resource) = resources.preferred(&key.group, &key.kind) else {
            // With its definition the object is gone too.
            self.say_done(key, Outcome::Pruned);
            return false;
        };
        let path = resource.object(&key.namespace, &key.name);
        let removed = match self.options.wait {
            Some(_) => self.delete(step, &path).await,
            None => self.order_deletion(step, &path).await.map(|_| ()),
        };
        match removed {
            Ok(()) => {
                self.inventory.borrow_mut().records.remove(key);
                self.say_done(key, Outcome::Pruned);
                false
            }
            Err(message) => {
                self.say_failed(key, &message);
                true
            }
        }
    }

    /// The books after full success: members are what was applied, and what
    /// stays for the sake of its data.
    fn settle(&self, observation: &Observation) {
        let gone = |key: &&ObjectKey| {
            self.plan
                .steps
                .iter()
                .any(|step| step.object == **key && step.action == Action::Prune)
        };
        let members = self
            .plan
            .steps
            .iter()
            .filter(|step| step.action != Action::Prune)
            .map(|step| &step.object);
        let others = observation
            .members
            .iter()
            .filter(|(_, member)| owners::is_ours(member))
            .map(|(key, _)| key);
        let all: Vec<&ObjectKey> = members.chain(others.filter(|key| !gone(key))).collect();
        self.inventory.borrow_mut().settle(all);
    }

    pub(crate) fn check_stop(&self) -> Result<(), ClusterError> {
        if self.options.stop.load(Ordering::Relaxed) {
            Err(ClusterError::Stopped)
        } else {
            Ok(())
        }
    }

    fn say(&self, event: &Event<'_>) {
        (self.observer.borrow_mut())(event);
    }

    fn say_done(&self, object: &ObjectKey, outcome: Outcome) {
        let mut report = self.report.borrow_mut();
        // What a stopped run skips counts among what it has not begun.
        if outcome != Outcome::Skipped {
            *report.outcomes.entry(outcome).or_default() += 1;
        }
        drop(report);
        self.say(&Event::Done { object, outcome });
    }

    fn say_failed(&self, object: &ObjectKey, message: &str) {
        self.report.borrow_mut().failed += 1;
        self.say(&Event::Failed { object, message });
    }
}

const WET: ApplyAs = ApplyAs { dry: false, ..DRY };

/// How often an object may change while it is being applied.
const ATTEMPTS: usize = 10;

/// The phases of a plan, in their order.
fn phases(plan: &Plan) -> BTreeSet<Phase> {
    let applied = plan
        .steps
        .iter()
        .filter(|step| !matches!(step.action, Action::Prune | Action::Keep));
    applied.map(|step| step.phase).collect()
}

/// What users call a phase.
fn title(phase: Phase) -> &'static str {
    match phase {
        Phase::Namespace => "namespaces",
        Phase::Definition => "definitions",
        Phase::Foundation => "permissions and configuration",
        Phase::Service => "services",
        Phase::Workload => "workloads",
        Phase::Instance => "instances",
        Phase::Monitoring => "monitors and rules",
        Phase::Aggregation => "aggregated APIs",
    }
}

/// Whether the next phase needs this object to be ready. Workloads are looked at
/// even when they are unchanged: a run before this one may have been killed.
fn must_wait(step: &Step) -> bool {
    match step.phase {
        Phase::Workload | Phase::Instance | Phase::Aggregation => true,
        Phase::Definition | Phase::Service => step.action != Action::Unchanged,
        Phase::Namespace | Phase::Foundation | Phase::Monitoring => false,
    }
}

fn outcome(action: Action) -> Outcome {
    match action {
        Action::Create => Outcome::Created,
        Action::Update => Outcome::Updated,
        Action::Replace => Outcome::Replaced,
        Action::Adopt => Outcome::Adopted,
        Action::Prune => Outcome::Pruned,
        Action::Keep => Outcome::Kept,
        Action::Unchanged | Action::Move | Action::Unknown => Outcome::Unchanged,
    }
}

/// The manifest for one version of the object only.
fn pinned(manifest: &Value, version: Option<&str>) -> Value {
    let mut manifest = manifest.clone();
    if let Some(version) = version {
        manifest["metadata"]["resourceVersion"] = version.into();
    }
    manifest
}

fn version(object: &Value) -> String {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Whether a refusal says that the object is no longer the version it was.
fn is_stale(refusal: &Refusal) -> bool {
    refusal.code == 409
        && !refusal
            .causes
            .iter()
            .any(|cause| cause.reason == "FieldManagerConflict")
}
