//! The doorway: a cluster as the rest of the program sees it, without `async`.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use kpbuild_core::{Bundle, ObjectKey};
use tokio::runtime::Runtime;

use crate::apply::{Run, RunOptions};
use crate::connect::{Context, Target, client, connect};
use crate::deletion;
use crate::effects;
use crate::error::ClusterError;
use crate::event::{Event, Report};
use crate::forward::{self, Ask, Door, DoorState, RepliesByPod, Reply, Service};
use crate::inventory::{self, StackId};
use crate::live::{Desired, Live, Missing};
use crate::look::{self, Look};
use crate::needs::Needs;
use crate::observe::{Observation, Question, desired, observe};
use crate::owners;
use crate::pattern::{Pattern, selects};
use crate::permissions;
use crate::plan::{Allowed, Obstacle, Plan, Step, removal, set_of, step};
use crate::resources::Resources;
use crate::secret::{self, SecretValues};
use crate::server::Server;

/// A cluster that can be asked and changed.
pub struct Cluster {
    runtime: Runtime,
    server: Server,
    /// What connections that last are made of: without the time limits of requests.
    lasting: kube::Config,
    context: Context,
}

/// What a plan is about.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// Which objects; none are all.
    pub targets: Vec<Pattern>,
    /// Managers whose fields and objects may be taken over.
    pub take_from: Vec<String>,
    /// Objects that may be deleted and made anew.
    pub allow_replace: Vec<Pattern>,
    /// Objects that may go although data goes with them.
    pub delete_data: Vec<Pattern>,
    /// How many requests may be under way at once.
    pub concurrency: usize,
    /// Ask first whether the user may do all that applying the plan needs.
    pub check_permissions: bool,
}

/// A plan with what it was made from, to be carried out.
pub struct Planned {
    /// What would happen.
    pub plan: Plan,
    observation: Observation,
}

impl Cluster {
    /// Connects to a cluster; nothing is asked of it yet.
    pub fn connect(target: &Target) -> Result<Self, ClusterError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| ClusterError::Kubeconfig {
            what: "start".to_owned(),
            message: error.to_string(),
        })?;
        let (server, lasting, context) = runtime.block_on(connect(target))?;
        Ok(Self {
            runtime,
            server,
            lasting,
            context,
        })
    }

    /// Which cluster this is.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// How many requests were sent so far.
    pub fn requests(&self) -> usize {
        self.server.requests()
    }

    /// Finds out what applying a bundle would do.
    pub fn plan(
        &self,
        stack: &StackId,
        bundle: &Bundle,
        options: &PlanOptions,
    ) -> Result<Planned, ClusterError> {
        self.runtime
            .block_on(plan(&self.server, stack, bundle, options))
    }

    /// Does what a plan says.
    pub fn apply(
        &self,
        stack: &StackId,
        bundle: &Bundle,
        planned: &Planned,
        options: &RunOptions,
        observer: &mut dyn FnMut(&Event<'_>),
    ) -> (Report, Result<(), ClusterError>) {
        let inventory = planned.observation.inventory.clone();
        self.server.stop_with(&options.stop);
        let run = Run::new(
            &self.server,
            stack,
            &planned.plan,
            options,
            inventory,
            observer,
        );
        let result = self
            .runtime
            .block_on(run.apply(bundle, &planned.observation));
        self.report(&run, result)
    }

    /// Finds out what deleting a stack would do. What belongs to the stack is
    /// known from the cluster; the bundle only tells which instances were the
    /// stack's when those are gone already and their volume claims are not.
    pub fn plan_deletion(
        &self,
        stack: &StackId,
        bundle: &Bundle,
        options: &PlanOptions,
    ) -> Result<Planned, ClusterError> {
        let (plan, observation) =
            self.runtime
                .block_on(deletion::plan(&self.server, stack, bundle, options))?;
        Ok(Planned { plan, observation })
    }

    /// Deletes what a plan says.
    pub fn delete(
        &self,
        stack: &StackId,
        planned: &Planned,
        options: &RunOptions,
        observer: &mut dyn FnMut(&Event<'_>),
    ) -> (Report, Result<(), ClusterError>) {
        let inventory = planned.observation.inventory.clone();
        self.server.stop_with(&options.stop);
        let run = Run::new(
            &self.server,
            stack,
            &planned.plan,
            options,
            inventory,
            observer,
        );
        let result = self
            .runtime
            .block_on(deletion::run(&run, &planned.observation));
        self.report(&run, result)
    }

    /// Opens doors on this machine that lead to Services, until `stop` is set;
    /// `observer` gets each door's name and its state whenever that changes.
    pub fn forward(
        &self,
        doors: Vec<Door>,
        stop: &AtomicBool,
        observer: &mut dyn FnMut(&str, &DoorState),
    ) -> Result<(), ClusterError> {
        self.runtime.block_on(async {
            let client = client(self.lasting.clone(), &self.context)?;
            forward::forward(&self.server, &client, doors, stop, observer).await
        })
    }

    /// Asks a ready pod of a Service, and waits this long for its answers.
    pub fn ask(
        &self,
        service: &Service,
        asks: &[Ask],
        patience: Duration,
    ) -> Result<Vec<Reply>, ClusterError> {
        self.runtime.block_on(async {
            let client = client(self.lasting.clone(), &self.context)?;
            forward::one(&self.server, &client, service, asks, patience).await
        })
    }

    /// Asks every ready pod of a Service, side by side; the answers by pod.
    pub fn ask_every(
        &self,
        service: &Service,
        asks: &[Ask],
        patience: Duration,
    ) -> Result<RepliesByPod, ClusterError> {
        self.runtime.block_on(async {
            let client = client(self.lasting.clone(), &self.context)?;
            forward::every(&self.server, &client, service, asks, patience).await
        })
    }

    /// Looks at some objects: whether they are there and ready, and why not.
    pub fn look(
        &self,
        objects: &[ObjectKey],
        concurrency: usize,
    ) -> Result<Vec<Look>, ClusterError> {
        let looks = look::look(&self.server, objects, concurrency);
        let looks = self.runtime.block_on(looks);
        looks.map_err(ClusterError::doing("look at the objects of the stack"))
    }

    /// The values of a Secret by key; nothing when there is none.
    pub fn secret(&self, key: &ObjectKey) -> Result<Option<SecretValues>, ClusterError> {
        let values = self.runtime.block_on(secret::read(&self.server, key));
        values.map_err(ClusterError::doing("read a Secret"))
    }

    /// Makes a Secret of these values; false when there is one, which stays as it is.
    pub fn make_secret(
        &self,
        key: &ObjectKey,
        values: &[(&str, &str)],
    ) -> Result<bool, ClusterError> {
        let made = self
            .runtime
            .block_on(secret::make(&self.server, key, values));
        made.map_err(ClusterError::doing("make a Secret"))
    }

    fn report(
        &self,
        run: &Run<'_>,
        result: Result<(), ClusterError>,
    ) -> (Report, Result<(), ClusterError>) {
        let mut report = run.report.borrow().clone();
        let ended = report.failed + report.outcomes.values().sum::<usize>();
        report.left = run.plan.steps.len().saturating_sub(ended);
        report.requests = self.server.requests();
        (report, result)
    }
}

async fn plan(
    server: &Server,
    stack: &StackId,
    bundle: &Bundle,
    options: &PlanOptions,
) -> Result<Planned, ClusterError> {
    let resources = Resources::discover(server)
        .await
        .map_err(ClusterError::doing("look at the cluster"))?;
    let needs = Needs::new(stack, &resources);
    let outcome = look(server, stack, bundle, resources.clone(), options).await;
    // Whoever may not do something learns all that is missing at once; nothing
    // is asked about a plan that writes nothing.
    let needed = match &outcome {
        Ok(planned) if planned.is_forbidden() && !options.check_permissions => {
            needs.of_looking(bundle, options)
        }
        Ok(planned) if planned.is_forbidden() || options.check_permissions && planned.writes() => {
            needs.of_applying(bundle, &planned.plan, options)
        }
        Err(error) if error.is_forbidden() && options.check_permissions => {
            needs.of_applying(bundle, &Plan::default(), options)
        }
        Err(error) if error.is_forbidden() => needs.of_looking(bundle, options),
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
) -> Result<Planned, ClusterError> {
    let observation = observe(server, stack, bundle, resources, options.concurrency).await?;
    let allowed = Allowed {
        set: stack.set(),
        take_from: options.take_from.clone(),
        replace: options.allow_replace.clone(),
        delete_data: options.delete_data.clone(),
        ..Allowed::default()
    };
    let mut steps = rendered(server, bundle, &observation, allowed.clone(), options).await;
    steps.extend(surplus(server, bundle, &observation, &allowed, options).await?);
    effects::add_readers_of_gone_records(&mut steps, bundle);
    Ok(Planned {
        plan: Plan {
            steps,
            moves: Vec::new(),
        },
        observation,
    })
}

/// The steps of what the stack renders.
async fn rendered(
    server: &Server,
    bundle: &Bundle,
    observation: &Observation,
    mut allowed: Allowed,
    options: &PlanOptions,
) -> Vec<Step> {
    let question = Question {
        server,
        observation,
        set: &allowed.set,
        take_from: &allowed.take_from,
    };
    let objects = bundle
        .objects()
        .iter()
        .filter(|object| selects(&options.targets, object.key()));
    let all: Vec<Desired<'_>> = objects
        .map(|object| desired(object, &allowed.set))
        .collect();
    let lives: Vec<Live> = stream::iter(&all)
        .map(|desired| question.ask(desired))
        .buffered(options.concurrency)
        .collect()
        .await;
    allowed.others = inventory::stacks(server, other_sets(&lives, &allowed.set)).await;
    // Definitions are long texts: they are read only when one is missing.
    let premature = lives
        .iter()
        .any(|live| matches!(live, Live::Premature(Missing::Definition)));
    let defined = if premature {
        definitions(bundle)
    } else {
        BTreeSet::new()
    };
    let kind = |desired: &Desired<'_>| (desired.key().group.clone(), desired.key().kind.clone());
    all.iter()
        .zip(&lives)
        .map(|(desired, live)| step(desired, live, defined.contains(&kind(desired)), &allowed))
        .collect()
}

/// The sets of other stacks that have objects of this one. Sets of other tools
/// have parents of other kinds, which nobody can look for.
fn other_sets<'l>(lives: &'l [Live], own: &str) -> BTreeSet<&'l str> {
    let present = lives.iter().filter_map(|live| match live {
        Live::Present(present) if owners::is_ours(&present.before) => set_of(&present.before),
        _ => None,
    });
    present.filter(|set| *set != own).collect()
}

/// Group and kind of what the bundle's own definitions define.
fn definitions(bundle: &Bundle) -> BTreeSet<(String, String)> {
    bundle
        .of_kind("CustomResourceDefinition")
        .filter_map(|definition| {
            let group = definition.at(&["spec", "group"])?.as_str()?;
            let kind = definition.at(&["spec", "names", "kind"])?.as_str()?;
            Some((group.to_owned(), kind.to_owned()))
        })
        .collect()
}

/// The steps of what the stack no longer renders.
async fn surplus(
    server: &Server,
    bundle: &Bundle,
    observation: &Observation,
    allowed: &Allowed,
    options: &PlanOptions,
) -> Result<Vec<Step>, ClusterError> {
    let surplus = observation.members.iter().filter(|(key, member)| {
        bundle.get(key).is_none() && selects(&options.targets, key) && is_prunable(member)
    });
    let mut steps = Vec::new();
    for (key, _) in surplus {
        let Some(resource) = observation.resources.preferred(&key.group, &key.kind) else {
            continue;
        };
        let path = resource.object(&key.namespace, &key.name);
        let live = server
            .find(&path)
            .await
            .map_err(ClusterError::doing("look at an object that shall go"))?;
        steps.extend(live.map(|live| removal(key, &live, allowed)));
    }
    Ok(steps)
}

/// Whether an object with the set's mark is one that kpbuild has applied:
/// controllers copy labels onto what they make.
pub(crate) fn is_prunable(member: &serde_json::Value) -> bool {
    let owned = member["metadata"]["ownerReferences"]
        .as_array()
        .is_some_and(|owners| !owners.is_empty());
    owners::is_ours(member) && !owned
}

impl Planned {
    /// Whether the server has refused to tell about objects for want of permissions.
    pub fn is_forbidden(&self) -> bool {
        let forbidden =
            |obstacle: &Obstacle| matches!(obstacle, Obstacle::Refused { code: 403, .. });
        self.plan
            .refused()
            .any(|step| step.obstacles.iter().any(forbidden))
    }

    /// Whether carrying it out writes anything.
    fn writes(&self) -> bool {
        !self.plan.is_empty() || !self.observation.inventory.exists
    }
}
