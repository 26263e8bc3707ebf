//! What changes in stacks, each plan once: stacks on one base mostly change alike,
//! and what is to be said about a plan is then found out once for all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use kpbuild_cluster::Plan;

use super::Cache;
use crate::files::digest;

/// The plans of a run by their digests.
#[derive(Debug, Default)]
pub(super) struct Plans(Mutex<BTreeMap<String, Arc<Plan>>>);

impl Plans {
    /// A plan that was just made, or the same one of another stack; with its digest.
    pub(super) fn share(&self, plan: Plan, cache: Option<&Cache>) -> (String, Arc<Plan>) {
        let text = plan.to_stored().to_string();
        let id = digest(text.as_bytes());
        if let Some(known) = self.known(&id) {
            return (id, known);
        }
        if let Some(cache) = cache {
            cache.put_plan(&id, &text);
        }
        let plan = self.keep(&id, plan);
        (id, plan)
    }

    /// The plan of a digest, of this run or of an earlier one.
    pub(super) fn get(&self, id: &str, cache: &Cache) -> Option<Arc<Plan>> {
        if let Some(known) = self.known(id) {
            return Some(known);
        }
        let stored = serde_json::from_slice(&cache.plan(id)?).ok()?;
        Some(self.keep(id, Plan::of_stored(stored)?))
    }

    fn known(&self, id: &str) -> Option<Arc<Plan>> {
        self.lock().get(id).cloned()
    }

    /// Keeps a plan, unless another thread was faster.
    fn keep(&self, id: &str, plan: Plan) -> Arc<Plan> {
        let mut plans = self.lock();
        let kept = plans.entry(id.to_owned()).or_insert_with(|| Arc::new(plan));
        Arc::clone(kept)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Plan>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpbuild_cluster::between;
    use kpbuild_core::Bundle;
    use serde_json::json;

    fn plan(name: &str) -> Plan {
        let value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        let bundle = Bundle::of_manifests("test", [value]).expect("it is whole");
        between(&Bundle::default(), &bundle, &[])
    }

    #[test]
    fn the_same_plan_is_kept_once_and_found_by_a_later_run() {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        let cache = Cache::open(folder.path()).expect("it can be written");
        let plans = Plans::default();
        let (id, first) = plans.share(plan("a"), Some(&cache));
        let (same, second) = plans.share(plan("a"), Some(&cache));
        assert!(id == same && Arc::ptr_eq(&first, &second));
        let (other, third) = plans.share(plan("b"), Some(&cache));
        assert!(id != other && !Arc::ptr_eq(&first, &third));
        let later = Plans::default().get(&id, &cache).expect("it was kept");
        assert_eq!(later.steps[0].object, first.steps[0].object);
        assert!(Plans::default().get("unknown", &cache).is_none());
    }
}
