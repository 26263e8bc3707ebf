//! Keeps two runs on one stack apart: a Lease beside the stack's set.
//!
//! Times are the server's, taken from its answers, so that clocks of machines
//! need not agree. A run that dies leaves its lease behind; it expires after
//! a quarter of a minute, which the next run waits for.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::answer::Refusal;
use crate::error::ClusterError;
use crate::inventory::StackId;
use crate::server::{Answer, Server};

/// How long a lease holds without being renewed.
const SECONDS: i64 = 15;
const EXPIRY: Duration = Duration::from_secs(15);
/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(4);

/// The right to change a stack.
pub(crate) struct Lock<'a> {
    server: &'a Server,
    stack: &'a StackId,
    /// Who asks; unique to the run.
    holder: &'a str,
    lease: RefCell<Option<Value>>,
}

impl<'a> Lock<'a> {
    pub(crate) fn new(server: &'a Server, stack: &'a StackId, holder: &'a str) -> Self {
        Self {
            server,
            stack,
            holder,
            lease: RefCell::new(None),
        }
    }

    /// Takes the lock. A lease that nobody renews is waited for; somebody who is
    /// alive is not.
    pub(crate) async fn take(&self, stop: &AtomicBool) -> Result<(), ClusterError> {
        let mut first_seen: Option<Value> = None;
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(ClusterError::Stopped);
            }
            let (present, now) = self
                .look()
                .await
                .map_err(ClusterError::doing("lock the stack"))?;
            let Some(lease) = present else {
                if self.create(now).await? {
                    return Ok(());
                }
                continue;
            };
            let remaining = remaining(&lease, now);
            if remaining <= 0 || holder(&lease) == self.holder {
                if self.seize(lease, now).await? {
                    return Ok(());
                }
                continue;
            }
            let renewed = &lease["spec"]["renewTime"];
            if first_seen.as_ref().is_some_and(|seen| seen != renewed) {
                return Err(ClusterError::Locked {
                    holder: holder(&lease).to_owned(),
                    seconds: remaining,
                });
            }
            first_seen = Some(renewed.clone());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Renews the lock for as long as it is held; ends only when it is lost.
    pub(crate) async fn keep(&self) -> ClusterError {
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(RENEWAL).await;
            let asked = Instant::now();
            // When it could not be renewed in time somebody else may have it by now.
            match timeout_at(renewed + EXPIRY, self.renew()).await {
                Ok(Ok(true)) => renewed = asked,
                Ok(Ok(false)) if renewed.elapsed() < EXPIRY => {}
                Ok(Err(error)) => return error,
                Ok(Ok(false)) | Err(_) => return ClusterError::LockExpired { seconds: SECONDS },
            }
        }
    }

    /// Whether it is this run's.
    pub(crate) fn is_held(&self) -> bool {
        self.lease.borrow().is_some()
    }

    /// Gives the lock back. What cannot be given back expires.
    pub(crate) async fn release(&self) {
        let lease = self.lease.borrow_mut().take();
        if let Some(uid) = lease
            .as_ref()
            .and_then(|lease| lease["metadata"]["uid"].as_str())
        {
            let _ = self
                .server
                .delete(&self.path(), Some(uid), "Background")
                .await;
        }
    }

    /// True when the lock is good for its whole time again, or is not held.
    async fn renew(&self) -> Result<bool, ClusterError> {
        if self.lease.borrow().is_none() {
            return Ok(true);
        }
        // One that cannot be looked at now is looked at again before it expires.
        let Ok((present, now)) = self.look().await else {
            return Ok(false);
        };
        match present {
            Some(present) if holder(&present) == self.holder => {
                Ok(self.seize(present, now).await.unwrap_or(false))
            }
            other => {
                // Released in this moment by ourselves, or taken by somebody.
                if self.lease.borrow().is_none() {
                    return Ok(true);
                }
                let holder = other
                    .as_ref()
                    .map_or("nobody", |lease| holder(lease))
                    .to_owned();
                Err(ClusterError::LockLost { holder })
            }
        }
    }

    async fn look(&self) -> Result<(Option<Value>, Timestamp), Refusal> {
        match self.server.get(&self.path()).await {
            Ok(answer) => Ok((Some(answer.value), answer.now.unwrap_or_default())),
            Err(refusal) if refusal.is_not_found() => {
                // The time comes from a request that every user may send.
                let answer = self.server.get("/version").await?;
                Ok((None, answer.now.unwrap_or_default()))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// False when somebody else was faster.
    async fn create(&self, now: Timestamp) -> Result<bool, ClusterError> {
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.stack.parent(), "namespace": self.stack.namespace},
            "spec": self.spec(now, now),
        });
        let path = self.list();
        self.keep_answer(self.server.create(&path, &lease).await, &[409])
    }

    /// Renews a lease, or takes one that has expired.
    async fn seize(&self, mut lease: Value, now: Timestamp) -> Result<bool, ClusterError> {
        let acquired = lease["spec"]["acquireTime"]
            .as_str()
            .and_then(|time| time.parse().ok());
        let since = acquired
            .filter(|_| holder(&lease) == self.holder)
            .unwrap_or(now);
        lease["spec"] = self.spec(since, now);
        self.keep_answer(self.server.replace(&self.path(), &lease).await, &[404, 409])
    }

    /// True when the lease is ours now; the codes say that somebody was faster.
    fn keep_answer(
        &self,
        answer: Result<Answer, Refusal>,
        lost: &[u16],
    ) -> Result<bool, ClusterError> {
        match answer {
            Ok(answer) => {
                self.lease.replace(Some(answer.value));
                Ok(true)
            }
            Err(refusal) if lost.contains(&refusal.code) => Ok(false),
            Err(refusal) => Err(ClusterError::doing("lock the stack")(refusal)),
        }
    }

    fn spec(&self, since: Timestamp, now: Timestamp) -> Value {
        json!({
            "holderIdentity": self.holder,
            "leaseDurationSeconds": SECONDS,
            "acquireTime": micro(since),
            "renewTime": micro(now),
        })
    }

    fn list(&self) -> String {
        format!(
            "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
            self.stack.namespace
        )
    }

    fn path(&self) -> String {
        format!("{}/{}", self.list(), self.stack.parent())
    }
}

/// A time as Kubernetes writes those of leases.
fn micro(time: Timestamp) -> String {
    format!("{time:.6}")
}

fn holder(lease: &Value) -> &str {
    lease["spec"]["holderIdentity"].as_str().unwrap_or_default()
}

/// For how many seconds a lease still holds.
fn remaining(lease: &Value, now: Timestamp) -> i64 {
    let renewed: Option<Timestamp> = lease["spec"]["renewTime"]
        .as_str()
        .and_then(|time| time.parse().ok());
    let seconds = lease["spec"]["leaseDurationSeconds"].as_i64().unwrap_or(0);
    renewed.map_or(0, |renewed| {
        (renewed + SignedDuration::from_secs(seconds))
            .duration_since(now)
            .as_secs()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_holds_for_its_time_after_the_last_renewal() {
        let lease = json!({"spec": {"renewTime": "2026-01-01T00:00:00.000000Z", "leaseDurationSeconds": 15}});
        let at = |text: &str| remaining(&lease, text.parse().unwrap());
        assert_eq!(at("2026-01-01T00:00:05Z"), 10);
        assert_eq!(at("2026-01-01T00:00:20Z"), -5);
        assert_eq!(remaining(&json!({}), Timestamp::default()), 0);
    }

    #[test]
    fn times_have_six_digits() {
        assert_eq!(
            micro("2026-01-01T00:00:05Z".parse().unwrap()),
            "2026-01-01T00:00:05.000000Z"
        );
    }
}
