//! Finds the cluster that is meant, as kubectl does, and connects to it.

use std::path::PathBuf;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::error::ClusterError;
use crate::server::Server;

/// Which cluster is meant.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The kubeconfig to read; without it, those that `KUBECONFIG` names, or `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// The context to use; without it, the current one.
    pub context: Option<String>,
}

/// A context of a kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Its name; empty inside of a cluster, where there is no kubeconfig.
    pub name: String,
    /// The address of its server.
    pub server: String,
}

/// Connects for requests, each of which is answered soon or not at all, and
/// gives what connections that last are made of.
pub(crate) async fn connect(target: &Target) -> Result<(Server, Config, Context), ClusterError> {
    let (mut config, name) = config(target).await?;
    let lasting = config.clone();
    config.default_retry = false;
    config.read_timeout = Some(Duration::from_mins(1));
    let context = Context {
        name,
        server: config
            .cluster_url
            .to_string()
            .trim_end_matches('/')
            .to_owned(),
    };
    let client = client(config, &context)?;
    Ok((Server::new(client), lasting, context))
}

pub(crate) fn client(mut config: Config, context: &Context) -> Result<Client, ClusterError> {
    config.connect_timeout = Some(Duration::from_secs(5));
    Client::try_from(config).map_err(|error| ClusterError::Kubeconfig {
        what: format!("connect to {}", context.server),
        message: error.to_string(),
    })
}

async fn config(target: &Target) -> Result<(Config, String), ClusterError> {
    let failed = |what: &str| {
        let what = what.to_owned();
        |message: String| ClusterError::Kubeconfig { what, message }
    };
    let kubeconfig = match &target.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let kubeconfig = match kubeconfig {
        Ok(kubeconfig) => kubeconfig,
        Err(error) => {
            let in_cluster = Config::incluster()
                .ok()
                .filter(|_| target.kubeconfig.is_none() && target.context.is_none());
            return match in_cluster {
                Some(config) => Ok((config, String::new())),
                None => Err(failed("read the kubeconfig")(error.to_string())),
            };
        }
    };
    let name = target
        .context
        .clone()
        .or_else(|| kubeconfig.current_context.clone());
    let name = name.ok_or_else(|| {
        failed("choose a cluster")(
            "the kubeconfig has no current context; use --context".to_owned(),
        )
    })?;
    let known: Vec<String> = kubeconfig
        .contexts
        .iter()
        .map(|context| context.name.clone())
        .collect();
    if !known.contains(&name) {
        let message = match known.as_slice() {
            [] => "the kubeconfig has no contexts".to_owned(),
            known => format!("there are `{}`", known.join("`, `")),
        };
        return Err(failed(&format!("use context `{name}`"))(message));
    }
    let options = KubeConfigOptions {
        context: Some(name.clone()),
        ..KubeConfigOptions::default()
    };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let config =
        config.map_err(|error| failed(&format!("use context `{name}`"))(error.to_string()))?;
    Ok((config, name))
}
