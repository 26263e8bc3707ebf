//! The administrator of Grafana: whose password it is, and how one is made.

use anyhow::Context as _;
use kpbuild_cluster::{Cluster, Event, PlanOptions, RunOptions};
use kpbuild_core::{Object, ObjectKey};
use kpbuild_stack::Stack;
use kpbuild_stack::components::grafana::Admin;

use crate::cluster_run::{Compiled, identity};

/// The Secret of the administrator's password.
pub(crate) fn secret(stack: &Stack, admin: &Admin) -> ObjectKey {
    ObjectKey {
        group: String::new(),
        kind: "Secret".to_owned(),
        namespace: stack.namespace.clone(),
        name: admin.secret.to_string(),
    }
}

/// Whether apply shall make a password, and has not done so before.
pub(crate) fn is_due(stack: &Stack, cluster: &Cluster) -> anyhow::Result<bool> {
    match &stack.grafana_admin {
        Some(admin) if admin.generate => Ok(cluster.secret(&secret(stack, admin))?.is_none()),
        _ => Ok(false),
    }
}

/// Makes the Secret, and the stack's namespace before it: Grafana does not start
/// without the Secret, so it has to be there first.
pub(crate) fn make(
    compiled: &Compiled,
    cluster: &Cluster,
    options: &RunOptions,
    concurrency: usize,
    observer: &mut dyn FnMut(&Event<'_>),
) -> anyhow::Result<()> {
    let Some(admin) = &compiled.stack.grafana_admin else {
        return Ok(());
    };
    let stack = identity(&compiled.stack);
    let is_own = |object: &&Object| object.key().name == stack.namespace;
    if compiled
        .bundle
        .of_kind("Namespace")
        .any(|object| is_own(&object))
    {
        let only = PlanOptions {
            targets: vec![
                format!("Namespace/{}", stack.namespace)
                    .parse()
                    .ok()
                    .context("the name of a namespace is a pattern")?,
            ],
            concurrency,
            ..PlanOptions::default()
        };
        let planned = cluster.plan(&stack, &compiled.bundle, &only)?;
        let (_, result) = cluster.apply(&stack, &compiled.bundle, &planned, options, observer);
        result?;
    }
    let password = password()?;
    let values = [
        (admin.user_key.as_str(), "admin"),
        (admin.password_key.as_str(), password.as_str()),
    ];
    cluster.make_secret(&secret(&compiled.stack, admin), &values)?;
    Ok(())
}

/// 32 characters that need no escape anywhere: 160 bits.
fn password() -> anyhow::Result<String> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
    Ok(bytes.iter().map(letter).collect())
}

#[cfg(test)]
mod tests {
    use super::password;

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
        assert!(one.chars().all(|c| c.is_ascii_alphanumeric()), "{one}");
    }
}
