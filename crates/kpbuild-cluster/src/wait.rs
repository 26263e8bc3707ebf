//! Waits until objects are ready, or gone, and says what for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kpbuild_core::ObjectKey;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::answer::Refusal;
use crate::apply::Observer;
use crate::clean::PART_OF;
use crate::error::ClusterError;
use crate::event::Event;
use crate::pods;
use crate::ready::{Readiness, readiness};
use crate::resources::Resource;
use crate::server::{Server, labelled};

/// An object that is waited for.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    key: ObjectKey,
    resource: Resource,
    /// What it waited for when it was last looked at.
    reason: Option<String>,
}

impl Subject {
    pub(crate) fn new(key: ObjectKey, resource: &Resource) -> Self {
        Self {
            key,
            resource: resource.clone(),
            reason: None,
        }
    }
}

/// Who waits, and how long.
pub(crate) struct Waiter<'a> {
    pub(crate) server: &'a Server,
    /// The set that the objects belong to.
    pub(crate) set: &'a str,
    pub(crate) stop: &'a Arc<AtomicBool>,
    pub(crate) patience: Duration,
}

/// How often it is looked: soon at first, then at leisure.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(150),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(750),
    Duration::from_secs(1),
];

impl Waiter<'_> {
    /// Until all are ready; fails as soon as one cannot become ready any more.
    pub(crate) async fn until_ready(
        &self,
        mut subjects: Vec<Subject>,
        observer: &Observer<'_>,
    ) -> Result<(), ClusterError> {
        let deadline = Instant::now() + self.patience;
        let mut looks = 0;
        while !subjects.is_empty() {
            let live = self
                .look(&subjects)
                .await
                .map_err(ClusterError::doing("see whether the objects are ready"))?;
            let mut waiting = Vec::new();
            for mut subject in subjects {
                let object = live.get(&subject.key);
                if !self.is_done(&mut subject, object, observer).await? {
                    waiting.push(subject);
                }
            }
            subjects = waiting;
            self.pause(&mut looks, deadline, &subjects).await?;
        }
        Ok(())
    }

    /// Until an object is gone, or another one has its name.
    pub(crate) async fn until_gone(
        &self,
        key: &ObjectKey,
        path: &str,
        uid: Option<&str>,
        observer: &Observer<'_>,
    ) -> Result<(), ClusterError> {
        let deadline = Instant::now() + self.patience;
        let mut looks = 0;
        let mut subjects = Vec::new();
        loop {
            let live = self
                .server
                .find(path)
                .await
                .map_err(ClusterError::doing("see whether the object is gone"))?;
            let Some(live) =
                live.filter(|live| uid.is_none() || live["metadata"]["uid"].as_str() == uid)
            else {
                return Ok(());
            };
            let reason = blocked(&live);
            if subjects.is_empty() && looks > 2 {
                (observer.borrow_mut())(&Event::Waiting {
                    object: key,
                    reason: &reason,
                });
                subjects.push(key.clone());
            }
            if Instant::now() >= deadline {
                return Err(self.timeout(vec![format!("  {key}: {reason}")]));
            }
            self.sleep(&mut looks).await?;
        }
    }

    /// The objects as they are; one request for all of a kind in a namespace.
    async fn look(&self, subjects: &[Subject]) -> Result<BTreeMap<ObjectKey, Value>, Refusal> {
        let mut live = BTreeMap::new();
        let mut seen: Vec<(&Resource, &str)> = Vec::new();
        for subject in subjects {
            let place = (&subject.resource, subject.key.namespace.as_str());
            if seen.contains(&place) {
                continue;
            }
            seen.push(place);
            let path = labelled(place.0, place.1, PART_OF, self.set);
            for mut item in self.server.list(&path).await? {
                // Items of lists do not say what they are.
                let version = match place.0.group.as_str() {
                    "" => place.0.version.clone(),
                    group => format!("{group}/{}", place.0.version),
                };
                item["apiVersion"] = version.into();
                item["kind"] = subject.key.kind.as_str().into();
                let name = item["metadata"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                live.insert(
                    ObjectKey {
                        name,
                        ..subject.key.clone()
                    },
                    item,
                );
            }
        }
        Ok(live)
    }

    async fn is_done(
        &self,
        subject: &mut Subject,
        live: Option<&Value>,
        observer: &Observer<'_>,
    ) -> Result<bool, ClusterError> {
        let state = live.map_or_else(
            || Readiness::Failed("somebody has deleted it".to_owned()),
            readiness,
        );
        let reason = match state {
            Readiness::Ready => {
                if subject.reason.is_some() {
                    (observer.borrow_mut())(&Event::Ready {
                        object: &subject.key,
                    });
                }
                return Ok(true);
            }
            Readiness::Waiting(reason) => reason,
            Readiness::Failed(reason) => {
                let reason = self.explained(reason, live).await;
                (observer.borrow_mut())(&Event::Failed {
                    object: &subject.key,
                    message: &reason,
                });
                return Err(ClusterError::NotReady {
                    object: subject.key.to_string(),
                    reason,
                });
            }
        };
        let reason = self.explained(reason, live).await;
        if subject.reason.as_ref() != Some(&reason) {
            (observer.borrow_mut())(&Event::Waiting {
                object: &subject.key,
                reason: &reason,
            });
            subject.reason = Some(reason);
        }
        Ok(false)
    }

    /// A reason with what the pods themselves say.
    async fn explained(&self, reason: String, live: Option<&Value>) -> String {
        let trouble = match live {
            Some(live) => pods::trouble(self.server, live).await,
            None => None,
        };
        match trouble {
            Some(trouble) => format!("{reason}\n    {trouble}"),
            None => reason,
        }
    }

    async fn pause(
        &self,
        looks: &mut usize,
        deadline: Instant,
        subjects: &[Subject],
    ) -> Result<(), ClusterError> {
        if subjects.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let line = |subject: &Subject| {
                format!(
                    "  {}: {}",
                    subject.key,
                    subject.reason.as_deref().unwrap_or("?")
                )
            };
            return Err(self.timeout(subjects.iter().map(line).collect()));
        }
        self.sleep(looks).await
    }

    async fn sleep(&self, looks: &mut usize) -> Result<(), ClusterError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(ClusterError::Stopped);
        }
        sleep(PAUSES[(*looks).min(PAUSES.len() - 1)]).await;
        *looks += 1;
        Ok(())
    }

    fn timeout(&self, waiting: Vec<String>) -> ClusterError {
        ClusterError::Timeout {
            seconds: self.patience.as_secs(),
            waiting,
        }
    }
}

/// Why an object that is deleted is still there.
fn blocked(object: &Value) -> String {
    let finalizers: Vec<&str> = object["metadata"]["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    match finalizers.as_slice() {
        ["foregroundDeletion"] => "what it has made ends first".to_owned(),
        [] => "it ends".to_owned(),
        names => format!("blocked by finalizers {}", names.join(", ")),
    }
}
